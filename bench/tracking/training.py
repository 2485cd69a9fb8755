"""What a tracker is told of a training in epochs: its losses, one epoch after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from typing import Any

from slategym.bench.tracking.system import System
from slategym.bench.tracking.tracker import Tracker, followed_whole

WORLD = "training on the log"  # where a page that follows runs shows them


class Training:
    """A training that is followed, or not.

    Args:
        tracker: is told; None tells nobody.
        slates: that an epoch learns.
        tell: takes the results, and returns them.
    """

    def __init__(self, tracker: Tracker | None, slates: int, tell: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.finish = tell
        self._tracker, self._slates, self._system, self._epochs = tracker, slates, System(), 0

    def epoch(self, training: float, validation: float) -> None:
        """Tell of an epoch: `training_loss`, `validation_loss`, its number, and what the process takes.

        Args:
            training: the mean loss of its batches.
            validation: the loss on later slates after it.
        """
        self._epochs += 1
        if self._tracker is None:
            return
        losses = {"training_loss": training, "validation_loss": validation, "epoch": self._epochs, **self._system.measure()}
        finite = {name: float(value) for name, value in losses.items() if isfinite(value)}
        self._tracker.on_step(self._epochs * self._slates, finite)


@contextmanager
def followed_training(
    make: Callable[[str], Tracker] | None, name: str, config: Mapping[str, Any], slates: int
) -> Iterator[Training]:
    """Follow a training, whose steps are the slates that it has learned.

    Args:
        make: makes the tracker; None follows nothing.
        name: of the training.
        config: what is trained.
        slates: that an epoch learns.

    Yields:
        What is told of each epoch, and of the results.
    """
    tracker = make(name) if make else None
    with followed_whole((lambda name: tracker) if tracker else None, name, {"world": WORLD, **config}) as tell:
        yield Training(tracker, slates, tell)
