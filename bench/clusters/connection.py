"""The connection to a Ray cluster: a local one on this machine, or one that is already running."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from slategym.utils.optional import require
from slategym.utils.storage.fingerprint import code_version

EXTRA = "cluster"
LOCAL = "local"


@contextmanager
def connected(address: str, cpus: int | None = None) -> Iterator[Any]:
    """Connect to a cluster until the end of the block; an existing connection is used and stays open.

    Ray's usage reports are off. A local cluster has no dashboard, and its ports are bound to 127.0.0.1.

    Args:
        address: "local" for a cluster on this machine, which ends with the block; the address of the head of a running cluster,
            such as "10.0.0.1:6379"; or "auto" on a machine of a running cluster.
        cpus: number of processors of a local cluster; by default those that this process may use.

    Yields:
        The module `ray`.

    Raises:
        ImportError: Ray is not installed; the message contains the command to install it.
        ValueError: there is no cluster at the address.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before Ray is imported
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # its future default, which it otherwise warns of
    ray = require("ray", EXTRA)
    if ray.is_initialized():
        yield ray
        return
    if address.startswith("ray://"):
        raise ValueError(f"--cluster is {address}: expected the address of the head, HOST:PORT, on a machine of the cluster")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address == LOCAL:
        options |= {"include_dashboard": False, "num_cpus": cpus, "_node_ip_address": "127.0.0.1"}
    try:
        ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise ValueError(
            f"there is no cluster at {address} ({said}): start one by `ray start`, or use --cluster local"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def check_version(version: Mapping[str, str]) -> None:
    """Refuse work from a machine with another version of slategym or of the numerical libraries.

    Args:
        version: `code_version()` of the machine that the work comes from.

    Raises:
        RuntimeError: the versions differ, so the numbers might differ too.
    """
    if version != code_version():
        raise RuntimeError(
            f"{os.uname().nodename if hasattr(os, 'uname') else 'this machine'} has another version of slategym, or of NumPy, "
            "SciPy, Numba or torch, than the machine that runs the command: install the same versions on all machines"
        )
