"""Progress reports to a command: slates shown, runs done, and runs in progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

Progress = Callable[[int], None]


@runtime_checkable
class RunProgress(Protocol):
    """A progress callback that also receives the state of the runs."""

    def __call__(self, slates: int) -> None:
        """Receive the number of slates shown so far."""

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Receive the state of the runs.

        Args:
            done: the number of runs that have ended.
            total: the number of all runs.
            at_work: the titles of the runs in progress.
        """


class Shifted:
    """The progress of a part of the work, reported as progress of the whole.

    Args:
        whole: the progress callback of the whole.
        slates: the number of slates shown before this part.
        done: the number of runs that ended before this part.
        total: the number of runs of the whole; by default those of the part.
    """

    def __init__(self, whole: Progress, slates: int, done: int = 0, total: int | None = None) -> None:
        self.whole, self.slates, self.done, self.total = whole, slates, done, total

    def __call__(self, slates: int) -> None:
        """Receive the number of slates shown so far in the part."""
        self.whole(self.slates + slates)

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Receive the state of the runs of the part."""
        tell_runs(self.whole, self.done + done, total if self.total is None else self.total, at_work)


def tell_runs(progress: Progress, done: int, total: int, at_work: Sequence[str]) -> None:
    """Report the state of the runs to a progress callback, if it is a `RunProgress`.

    Args:
        progress: any progress callback.
        done: the number of runs that have ended.
        total: the number of all runs.
        at_work: the titles of the runs in progress.
    """
    if isinstance(progress, RunProgress):
        progress.runs(done, total, at_work)
