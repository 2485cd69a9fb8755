"""Reports the losses of a training in epochs to a tracker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import isfinite
from typing import Any

from slategym.bench.tracking.system import System
from slategym.bench.tracking.tracker import Tracker, followed_whole

WORLD = "training on the log"  # the name under which the live page shows trainings, instead of a world


class Training:
    """Reports the epochs of a training to a tracker, if there is one.

    Args:
        tracker: the tracker, or None.
        slates: number of slates per epoch.
        tell: records the results and returns them.
    """

    def __init__(self, tracker: Tracker | None, slates: int, tell: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.finish = tell
        self._tracker, self._slates, self._system, self._epochs = tracker, slates, System(), 0

    def epoch(self, training: float, validation: float) -> None:
        """Report an epoch: `training_loss`, `validation_loss`, its number, memory and processor time.

        Args:
            training: mean loss of the epoch's batches.
            validation: loss on the validation part after the epoch.
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
    """Track a training; its steps are the slates learned so far.

    Args:
        make: makes the tracker; None disables tracking.
        name: name of the training.
        config: configuration.
        slates: number of slates per epoch.

    Yields:
        The training, to which epochs and results are reported.
    """
    tracker = make(name) if make else None
    with followed_whole((lambda name: tracker) if tracker else None, name, {"world": WORLD, **config}) as tell:
        yield Training(tracker, slates, tell)
