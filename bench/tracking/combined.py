"""Trackers made of trackers: of a part of something larger, and several at once. With several processes they are picklable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slategym.bench.tracking.tracker import Tracker


@dataclass(frozen=True)
class PartOf:
    """Makes the trackers of runs that are a part of something larger, which their names begin with.

    Attributes:
        make: makes a tracker from a name.
        whole: names what the runs are a part of, such as a world.
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
    """Makes trackers that tell several others.

    Attributes:
        makers: make them from the name of a run.
    """

    makers: tuple[Callable[[str], Tracker], ...]

    def __call__(self, name: str) -> Tracker:
        """The tracker of a run.

        Args:
            name: of the run.
        """
        return _All([make(name) for make in self.makers])


class _All:
    """Tells several trackers the same."""

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
