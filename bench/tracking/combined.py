"""Combinations of trackers: for runs that are part of something larger, and several trackers at once. All are picklable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slategym.bench.tracking.tracker import Tracker


@dataclass(frozen=True)
class PartOf:
    """Makes the trackers of runs that are part of something larger, whose name is put before their names.

    Attributes:
        make: makes a tracker from a name.
        whole: name of the larger thing, such as a world.
    """

    make: Callable[[str], Tracker]
    whole: str

    def __call__(self, name: str) -> Tracker:
        """The tracker of a run.

        Args:
            name: of the run.
        """
        return self.make(f"{self.whole} {name}")


@dataclass(frozen=True)
class Several:
    """Makes trackers that pass everything on to several trackers.

    Attributes:
        makers: make these trackers from the name of a run.
    """

    makers: tuple[Callable[[str], Tracker], ...]

    def __call__(self, name: str) -> Tracker:
        """The tracker of a run.

        Args:
            name: of the run.
        """
        return _All([make(name) for make in self.makers])


class _All:
    """Passes everything on to several trackers."""

    def __init__(self, trackers: Sequence[Tracker]) -> None:
        self.trackers = trackers

    def on_start(self, config: Mapping[str, Any]) -> None:
        for tracker in self.trackers:
            tracker.on_start(config)

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        for tracker in self.trackers:
            tracker.on_step(step, metrics)

    def on_finish(self, results: Mapping[str, Any]) -> None:
        for tracker in self.trackers:
            tracker.on_finish(results)
