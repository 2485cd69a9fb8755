"""What a run takes of the machine: the memory of its process and its share of a core, by the standard library alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter, process_time

MEMORY, CPU = "memory_megabytes", "cpu_cores"
_STATM = Path("/proc/self/statm")  # of Linux; the second number is what is in memory now, in pages


class System:
    """Measures the process from one call to the next."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), process_time()

    def measure(self) -> dict[str, float]:
        """What the process takes.

        Returns:
            `memory_megabytes`, what it has in memory now, or where only that is known, its peak; left out where neither is.
            `cpu_cores`, the seconds of processor time for each second since the last call.
        """
        wall, cpu = perf_counter(), process_time()
        passed, used = wall - self._wall, cpu - self._cpu
        self._wall, self._cpu = wall, cpu
        memory = memory_bytes()
        return ({} if memory is None else {MEMORY: memory / 1e6}) | ({CPU: used / passed} if passed > 0 else {})


def memory_bytes() -> int | None:
    """The memory that this process takes, or its peak; None where neither can be told."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        pass
    try:
        import resource
    except ImportError:  # on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
