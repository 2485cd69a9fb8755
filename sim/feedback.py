"""How a batch of shoppers answered a batch of slates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.sim.brief import Brief


@dataclass(frozen=True, repr=False)
class Late(Brief):
    """Conversions that arrive at this step for impressions of earlier steps; one entry each.

    Attributes:
        row: (l,) int64, the row of the batch that converted.
        age: (l,) int64, how many steps ago the item was shown in that row, 1 or more.
        rank: (l,) int64, the rank (from 0) at which it was shown.
        item: (l,) int64, the item.
        revenue: (l,) float32, what was paid.
    """

    row: NDArray[np.int64]
    age: NDArray[np.int64]
    rank: NDArray[np.int64]
    item: NDArray[np.int64]
    revenue: NDArray[np.float32]

    def _told(self) -> Iterable[str]:
        yield f"{len(self):,} conversions"

    @staticmethod
    def none() -> Late:
        """No late conversion."""
        empty = np.zeros(0, np.int64)
        return Late(empty, empty, empty, empty, np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, repr=False)
class Feedback(Brief):
    """The answer of n shoppers to slates of k items.

    Attributes:
        clicks: (n, k) bool.
        conversions: (n, k) bool, purchases that arrived at once; the others come in `late` of a later step.
        revenue: (n, k) float32, what was paid for `conversions`.
        objectives: (n, M) float32, what this step earned, late arrivals included, in the order of `world.objectives`.
        left: (n,) bool, the shopper will not come back (Gymnasium's `terminated`).
        ended: (n,) bool, the last visit of the simulated span (Gymnasium's `truncated`); never with `left`.
        late: conversions of earlier impressions that arrived now.
        next_observation: (n, o) float32, what the recommender sees of the same shoppers after this visit.
    """

    clicks: NDArray[np.bool_]
    conversions: NDArray[np.bool_]
    revenue: NDArray[np.float32]
    objectives: NDArray[np.float32]
    left: NDArray[np.bool_]
    ended: NDArray[np.bool_]
    late: Late
    next_observation: NDArray[np.float32]

    def _told(self) -> Iterable[str]:
        yield f"{len(self.clicks):,} shoppers"
        yield from (f"{np.sum(getattr(self, name)):,} {name}" for name in ("clicks", "conversions", "left", "ended"))
        yield f"{len(self.late):,} late"
