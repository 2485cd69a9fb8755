"""Interruption by Ctrl-C at the end of a step, so that files stay readable."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from types import FrameType

INTERRUPTED = 130  # the exit status that shells give for Ctrl-C
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows lacks the last


@contextmanager
def interruption() -> Iterator[Callable[[], bool]]:
    """Catch Ctrl-C (SIGINT), SIGTERM and SIGHUP.

    A second signal ends the process with exit status 130 as soon as open files have been closed; a third one ends it at once.
    Under `nohup`, SIGHUP stays ignored. Signals can be caught only in the main thread; in another thread the function always
    returns False.

    Yields:
        A function that returns whether a signal has arrived.
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
    """Protect the processes started in this block from Ctrl-C; if it is pressed, this process gets it after the block."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # otherwise it starts with the first process and unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
