"""A notice while kernels are compiled, in the first run on a machine; later runs load them from Numba's cache."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from time import perf_counter
from typing import Any

PATIENCE = 1.0  # seconds of compilation before the notice is shown
NOTICE = "compiling kernels for this machine: about 15 seconds, only in the first run ..."


def _print(notice: str) -> None:
    print(f"slategym: {notice}", file=sys.stderr, flush=True)


_tell: Callable[[str], None] = _print
_announced = False


def announce() -> None:
    """Show the notice that kernels are being compiled, once per process."""
    global _announced
    if not _announced:
        _announced = True
        _tell(NOTICE)


def tell_by(tell: Callable[[str], None]) -> None:
    """Show notices with `tell` from now on, instead of on standard error."""
    global _tell
    _tell = tell


@contextmanager
def told_by(tell: Callable[[str], None]) -> Iterator[None]:
    """Show notices with `tell` while the block runs."""
    before = _tell
    tell_by(tell)
    try:
        yield
    finally:
        tell_by(before)


class Stopwatch:
    """Adds up the compilation times of kernels, nested or in sequence, and shows the notice when they take long."""

    def __init__(self) -> None:
        self.depth, self.spent = 0, 0.0

    def start(self) -> None:
        """Note that a kernel starts to compile."""
        self.depth += 1
        if self.depth == 1:
            self.began, self.timer = perf_counter(), Timer(max(PATIENCE - self.spent, 0.0), announce)
            self.timer.daemon = True
            self.timer.start()

    def stop(self) -> None:
        """Note that a kernel has been compiled."""
        self.depth -= 1
        if self.depth == 0:
            self.timer.cancel()
            self.spent += perf_counter() - self.began


def listener(stopwatch: Stopwatch) -> Any:
    """Listens to Numba's compilation events; only kernels of slategym that are not cached count."""
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            if _is_ours(event):
                stopwatch.start()

        def on_end(self, event: Any) -> None:
            if _is_ours(event):
                stopwatch.stop()

    return Listener()


def watch() -> None:
    """Show the notice from now on when kernels are compiled."""
    from numba.core import event

    event.register("numba:compile", listener(Stopwatch()))  # type: ignore[no-untyped-call]


def _is_ours(event: Any) -> bool:
    return bool(event.data["dispatcher"].py_func.__module__.startswith("slategym."))
