"""The last steps, kept until their delayed conversions have arrived."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import DelayedConversions

Step = TypeVar("Step")


class StepBuffer(Generic[Step]):
    """A queue of steps, each of which is complete when no conversion of it can arrive any more.

    Args:
        longest_delay: the most steps by which a conversion is delayed; with 0 each step is complete at once.
    """

    def __init__(self, longest_delay: int) -> None:
        self.longest_delay = longest_delay
        self._steps: deque[tuple[int, Step]] = deque()

    def arrivals(self, delayed: DelayedConversions) -> Iterator[tuple[Step, NDArray[np.int64]]]:
        """Match delayed conversions, already checked, with the steps that they belong to; call it before `push`.

        Yields:
            Each step in the buffer, the latest first, with the positions (e,) of its conversions in `delayed`. Conversions of
            rows that a step did not have are left out.
        """
        for age, (rows, step) in enumerate(reversed(self._steps), start=1):
            yield step, np.flatnonzero((delayed.age == age) & (delayed.row < rows))

    def push(self, step: Step, rows: int) -> Step | None:
        """Add the present step, of so many rows, and remove the one that is complete now; None if there is none yet."""
        self._steps.append((rows, step))
        return self._steps.popleft()[1] if len(self._steps) > self.longest_delay else None
