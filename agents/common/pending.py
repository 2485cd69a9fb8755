"""The rewards of the last steps, to which delayed conversions may still be added."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from slategym.sim.feedback import DelayedConversions

Step = TypeVar("Step")
Rewards = NDArray[np.floating]


class PendingRewards(Generic[Step]):
    """A queue of steps with their rewards, which leave it when no delayed conversion can arrive any more.

    Args:
        longest_delay: the most steps by which a conversion is delayed; with 0 each step leaves at once.
    """

    def __init__(self, longest_delay: int) -> None:
        self.longest_delay = longest_delay
        self._steps: deque[tuple[Step, Rewards]] = deque()

    def add_delayed(self, delayed: DelayedConversions, rewards: Rewards) -> None:
        """Add what arrives now to the steps that it belongs to; call it before `push` of the present step.

        Args:
            delayed: l conversions.
            rewards: (l, M), of each.
        """
        for age in range(1, len(self._steps) + 1):
            pending = self._steps[-age][1]
            entries = (delayed.age == age) & (delayed.row < len(pending))
            rows = delayed.row[entries]
            np.add.at(pending, (rows, delayed.rank[entries]) if pending.ndim == 3 else rows, rewards[entries])

    def push(self, step: Step, rewards: Rewards) -> tuple[Step, Rewards] | None:
        """Take the present step, and give the one that is complete now, if there is one.

        Args:
            step: whatever is to come back with the rewards.
            rewards: (n, M), or (n, k, M) by rank; kept and changed.
        """
        self._steps.append((step, rewards))
        return self._steps.popleft() if len(self._steps) > self.longest_delay else None
