"""Ctrl-C that waits for the end of a step, so that what is written stays readable."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # the exit status that shells give for Ctrl-C
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether Ctrl-C (SIGINT), SIGTERM or SIGHUP has come.

    A second one ends the process as soon as what is open has been closed, with the exit status 130; a third one at once. Under
    `nohup`, SIGHUP goes on being ignored. Signals can be caught in the main thread only; in another one the function always
    says no.
    """
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            signal.signal(number, signal.SIG_DFL)
            raise SystemExit(INTERRUPTED)
        came = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    before = {number: handler for number, handler in before.items() if handler != signal.SIG_IGN or number == signal.SIGINT}
    for number in before:
        signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def children_spared() -> Iterator[None]:
    """Processes started in this block never see Ctrl-C; one that comes meanwhile reaches this process after the block."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
