"""Memory and processor time of a run's process, measured with the standard library only."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter, process_time

MEMORY, CPU = "memory_megabytes", "cpu_cores"
_STATM = Path("/proc/self/statm")  # on Linux; the second number is the current memory, in pages


class System:
    """Measures this process between two calls."""

    def __init__(self) -> None:
        self._wall, self._cpu = perf_counter(), process_time()

    def measure(self) -> dict[str, float]:
        """Measure the process.

        Returns:
            `memory_megabytes`, the current memory, or the peak if only that is known; left out if neither is known. `cpu_cores`,
            the processor time per second since the last call.
        """
        wall, cpu = perf_counter(), process_time()
        passed, used = wall - self._wall, cpu - self._cpu
        self._wall, self._cpu = wall, cpu
        memory = memory_bytes()
        return ({} if memory is None else {MEMORY: memory / 1e6}) | ({CPU: used / passed} if passed > 0 else {})


def memory_bytes() -> int | None:
    """The current memory of this process, or its peak; None if the system reports neither."""
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
