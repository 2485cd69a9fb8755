"""Limits the numerical libraries to one thread, so that results do not depend on the number of cores or processes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from slategym.utils.parallel import set_threads


@contextmanager
def one_thread(with_torch: bool = False) -> Iterator[None]:
    """Limit BLAS, OpenMP, torch and the simulator's kernels to one thread in this block.

    A matrix product that is divided among threads may be summed in another order. Also, small products are faster in one thread,
    and parallel processes then do not compete for the cores.

    Args:
        with_torch: whether the block uses torch, which is then imported first, because only imported libraries are limited.
    """
    from threadpoolctl import threadpool_limits

    if with_torch:
        importlib.import_module("torch")
    torch = sys.modules.get("torch")  # not imported if the agent does not use it
    before = torch.get_num_threads() if torch else 0
    shards = set_threads(1)
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            set_threads(shards)
            if torch:
                torch.set_num_threads(before)
