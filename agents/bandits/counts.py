"""The counts of bandits for each item: impressions by rank, clicks and conversions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.memory import Sums

Items = NDArray[np.int64]
Floats = NDArray[np.float64]


class ItemCounts(Sums):
    """Sums over impressions of each item, which can be discounted or limited to a window (`Memory`).

    Args:
        items: m.
        ranks: number of ranks for which impressions are counted separately: k, or 1 for their sum.
        answer_ranks: the same for clicks and conversions.

    Attributes:
        shown: (m, ranks) impressions.
        clicks: (m, answer_ranks).
        conversions: (m, answer_ranks), including delayed conversions.
    """

    summed: ClassVar[tuple[str, ...]] = ("shown", "clicks", "conversions")

    def __init__(self, items: int, ranks: int, answer_ranks: int = 1) -> None:
        self.shown = np.zeros((items, ranks))
        self.clicks, self.conversions = np.zeros((2, items, answer_ranks))

    def add(
        self, items: Items, read: NDArray[np.bool_] | None, clicks: NDArray[np.bool_], conversions: NDArray[np.bool_]
    ) -> None:
        """Count the impressions of a step.

        Args:
            items: (n, k) int64.
            read: (n, k) bool, the impressions that count; None: all.
            clicks: (n, k) bool.
            conversions: (n, k) bool.
        """
        for sums, which in ((self.shown, read), (self.clicks, clicks), (self.conversions, conversions)):
            rank = np.broadcast_to(np.minimum(np.arange(items.shape[1]), sums.shape[1] - 1), items.shape)
            some = slice(None) if which is None else np.asarray(which, np.bool_)
            np.add.at(sums, (items[some], rank[some]), 1.0)

    def add_delayed(self, items: Items, ranks: Items) -> None:
        """Count delayed conversions, whose impressions have been counted before.

        Args:
            items: (l,) int64.
            ranks: (l,) int64, the ranks at which they were shown.
        """
        np.add.at(self.conversions, (items, np.minimum(ranks, self.conversions.shape[1] - 1)), 1.0)

    def carry(self, into: NDArray[np.float64]) -> None:
        """Do nothing: there are no contexts."""

    def grow(self, features: NDArray[np.float32]) -> None:
        """Append items that have not been shown yet; `features` (m, d) are those of all items."""
        further = len(features) - len(self.shown)
        for name in self.summed:
            array = getattr(self, name)
            setattr(self, name, np.pad(array, ((0, further), *[(0, 0)] * (array.ndim - 1))))
