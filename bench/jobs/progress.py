"""What a command is told while runs are under way: slates shown, runs done, and what is at work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

Progress = Callable[[int], None]


@runtime_checkable
class RunProgress(Protocol):
    """A progress that also wants to know of the runs."""

    def __call__(self, slates: int) -> None:
        """Take the slates shown so far."""

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Take how far the runs are.

        Args:
            done: how many have ended.
            total: how many there are.
            at_work: the titles of those under way.
        """


class Shifted:
    """The progress of a part of some work, for a progress of the whole.

    Args:
        whole: of the whole.
        slates: shown before this part.
        done: runs that had ended before it.
        total: runs of the whole; those of the part by default.
    """

    def __init__(self, whole: Progress, slates: int, done: int = 0, total: int | None = None) -> None:
        self.whole, self.slates, self.done, self.total = whole, slates, done, total

    def __call__(self, slates: int) -> None:
        """Take the slates shown so far in the part."""
        self.whole(self.slates + slates)

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Take how far the runs of the part are."""
        tell_runs(self.whole, self.done + done, total if self.total is None else self.total, at_work)


def tell_runs(progress: Progress, done: int, total: int, at_work: Sequence[str]) -> None:
    """Tell a progress how far the runs are, if it wants to know.

    Args:
        progress: any.
        done: how many have ended.
        total: how many there are.
        at_work: the titles of those under way.
    """
    if isinstance(progress, RunProgress):
        progress.runs(done, total, at_work)
