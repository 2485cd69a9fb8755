"""Threads for compiled work."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

SMALLEST_SHARD = 1024  # rows; for fewer, passing work to another thread costs more than it saves
_threads = 0
_pool: tuple[int, ThreadPoolExecutor] | None = None


def threads() -> int:
    """The number of threads that share compiled work: the processor's cores, unless set with `set_threads`."""
    return _threads or len(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1))


def set_threads(count: int) -> int:
    """Set the number of threads that share compiled work (0: the processor's cores); returns the previous setting.

    Results do not depend on it, because shoppers are independent.
    """
    global _threads
    if count < 0:
        raise ValueError(f"count is {count}: expected a number of threads, or 0 for all cores")
    before, _threads = _threads, count
    return before


def in_shards(rows: int, work: Callable[[slice], None], smallest: int = SMALLEST_SHARD) -> None:
    """Run `work`, which releases the interpreter's lock, on `rows` rows, in threads with at least `smallest` rows each."""
    shards = min(threads(), rows // smallest) if rows >= 2 * smallest else 1
    if shards <= 1:
        work(slice(0, rows))
        return
    parts = [slice(rows * shard // shards, rows * (shard + 1) // shards) for shard in range(shards)]
    rest = [_executor().submit(work, part) for part in parts[1:]]
    work(parts[0])
    for each in rest:
        each.result()


def _executor() -> ThreadPoolExecutor:
    """The thread pool of this process; a forked child creates its own."""
    global _pool
    if _pool is None or _pool[0] != os.getpid():
        _pool = (os.getpid(), ThreadPoolExecutor(max(threads(), os.cpu_count() or 1), "slategym"))
    return _pool[1]
