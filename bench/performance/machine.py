"""A description of the machine on which a measurement runs."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("slategym", "numpy", "numba", "torch", "gymnasium", "stable-baselines3")


def machine(*more: str) -> dict[str, Any]:
    """Describe the machine: processor, usable cores, system, and the versions of the libraries.

    Args:
        more: names of additional distributions; those that are not installed are left out.
    """
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), name)
    except OSError:
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    described = {
        "processor": name,
        "cores": cores,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    for package in (*PACKAGES, *more):
        try:
            described[package] = version(package)
        except PackageNotFoundError:
            continue
    return described
