"""A word to the user while kernels are compiled, at the first run on a machine; from then on they are read from Numba's cache."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer
from time import perf_counter
from typing import Any

PATIENCE = 1.0  # seconds of compiling before a word is said
NOTICE = "compiling kernels for this machine: about 15 seconds, at the first run only ..."


def _print(notice: str) -> None:
    print(f"slategym: {notice}", file=sys.stderr, flush=True)


_tell: Callable[[str], None] = _print
_announced = False


def announce() -> None:
    """Tell that kernels are being compiled, unless this process has done so before."""
    global _announced
    if not _announced:
        _announced = True
        _tell(NOTICE)


def tell_by(tell: Callable[[str], None]) -> None:
    """Have `tell` say it from now on, instead of a line on standard error."""
    global _tell
    _tell = tell


@contextmanager
def told_by(tell: Callable[[str], None]) -> Iterator[None]:
    """Have `tell` say it while the block runs."""
    before = _tell
    tell_by(tell)
    try:
        yield
    finally:
        tell_by(before)


class Stopwatch:
    """Adds up how long kernels are compiled, one within the other or one after the other, and announces it in time."""

    def __init__(self) -> None:
        self.depth, self.spent = 0, 0.0

    def start(self) -> None:
        """A kernel begins to compile."""
        self.depth += 1
        if self.depth == 1:
            self.began, self.timer = perf_counter(), Timer(max(PATIENCE - self.spent, 0.0), announce)
            self.timer.daemon = True
            self.timer.start()

    def stop(self) -> None:
        """It is compiled."""
        self.depth -= 1
        if self.depth == 0:
            self.timer.cancel()
            self.spent += perf_counter() - self.began


def listener(stopwatch: Stopwatch) -> Any:
    """What Numba tells when it begins and ends to compile; this package's kernels alone count, and none that its cache holds."""
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
    """Announce from now on when kernels are compiled."""
    from numba.core import event

    event.register("numba:compile", listener(Stopwatch()))  # type: ignore[no-untyped-call]


def _is_ours(event: Any) -> bool:
    return bool(event.data["dispatcher"].py_func.__module__.startswith("slategym."))
