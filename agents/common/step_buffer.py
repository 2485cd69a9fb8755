"""Keeps the last steps until their delayed conversions have arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import DelayedConversions

Step = TypeVar("Step")


class StepBuffer(Generic[Step]):
    """A queue of steps. A step is complete when no more of its conversions can arrive.

    Args:
        longest_delay: the largest delay of a conversion, in steps; 0: each step is complete at once.
    """

    def __init__(self, longest_delay: int) -> None:
        self.longest_delay = longest_delay
        self._steps: deque[tuple[int, Step]] = deque()

    def arrivals(self, delayed: DelayedConversions) -> Iterator[tuple[Step, NDArray[np.int64]]]:
        """Match delayed conversions, already checked, with the steps that they belong to; call this before `push`.

        Yields:
            Each step in the buffer, latest first, with the positions (e,) of its conversions in `delayed`. Conversions whose row
            did not exist at the step are omitted.
        """
        for age, (rows, step) in enumerate(reversed(self._steps), start=1):
            yield step, np.flatnonzero((delayed.age == age) & (delayed.row < rows))

    def push(self, step: Step, rows: int) -> Step | None:
        """Add the current step with its number of rows, and remove and return the step that is complete now, or None."""
        self._steps.append((rows, step))
        return self._steps.popleft()[1] if len(self._steps) > self.longest_delay else None
