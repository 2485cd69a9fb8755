"""One thread for the numerical libraries, so that numbers do not depend on how many cores or processes there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from slategym.utils.parallel import set_threads


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold BLAS, OpenMP, torch and the simulator's kernels to one thread while the block runs.

    A matrix product that is split over threads may add up in another order. Small products are faster in one thread anyway,
    and processes that run side by side do not fight over the cores.
    """
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")  # not imported for agents that do without it
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
