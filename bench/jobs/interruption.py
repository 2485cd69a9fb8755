"""Interruption by Ctrl-C at the end of a step, so that written files stay readable."""

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

    A second signal ends the process as soon as open files have been closed, with the exit status 130; a third one at once. Under
    `nohup`, SIGHUP stays ignored. Signals can be caught in the main thread only; in another one the function always returns
    False.

    Yields:
        A function that says whether a signal has come.
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
    """Keep Ctrl-C from the processes started in this block; one that comes meanwhile reaches this process after it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # as it starts with the first process, it would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
