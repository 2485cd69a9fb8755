"""What shoppers did with items, as sparse matrices, and the log of slates that they are made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from slategym.agents.base import Problem
from slategym.agents.common.replay import Replay, Slates
from slategym.agents.common.shopper_memory import ShopperMemory
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief

Numbers = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Interactions(Brief):
    """What some shoppers did with m items.

    Attributes:
        who: (s,) int64, the numbers of the shoppers, who are counted as they come.
        liked: (s, m) CSR, the clicks on each item, and its conversions, as many clicks as one of them counts for.
        examined: (s, m) CSR, the impressions of each item, each counted with the examination of its rank; it has an entry
            wherever `liked` has one, at the same place.
    """

    who: NDArray[np.int64]
    liked: Any
    examined: Any

    @cached_property
    def preferences(self) -> Any:
        """(s, m) CSR without zeros, `liked` / (`examined` + 1): rates, since what is shown often is clicked often."""
        found = self.liked.copy()
        found.data = self.liked.data / (self.examined.data + 1)
        found.eliminate_zeros()
        return found

    def __len__(self) -> int:
        return len(self.who)

    @staticmethod
    def of(who: NDArray[np.int64], row: Any, item: Any, liked: Any, examined: Any, items: int) -> Interactions:
        """Sum up impressions.

        Args:
            who: (s,) int64.
            row: (e,) the place in `who` of who saw each impression.
            item: (e,) the item.
            liked: (e,) what was made of it.
            examined: (e,) the examination.
            items: m.
        """
        places, first = np.unique(np.asarray(row, np.int64) * items + item, return_inverse=True)
        start = np.searchsorted(places, np.arange(len(who) + 1) * items)
        sums = (np.bincount(first, weights, len(places)).astype(np.float64) for weights in (liked, examined))
        made = (sparse.csr_array((data, places % items, start), (len(who), items)) for data in sums)
        return Interactions(who, *made)


class ShopperLog(ShopperMemory):
    """The last slates with their answers, and the shopper of each.

    The shopper of a row of the batch is a new one after the feedback in which the former one left, or had the last visit; all are
    new where the batch has another number of rows.

    Args:
        problem: gives the slate size, the items and the longest delay.
        capacity: slates that are kept.
    """

    def __init__(self, problem: Problem, capacity: int) -> None:
        self.replay = Replay(0, problem.slate_size, capacity, problem.longest_delay)
        self.who = np.zeros(len(self.replay.items), np.int64)  # by places of the replay
        self.present = np.zeros(0, np.int64)  # the shopper of each row
        self.come = 0  # shoppers so far

    def add(self, items: NDArray[np.int64], feedback: Feedback) -> None:
        """Note a step, and conversions that arrive now for earlier ones.

        Args:
            items: (n, k) int64, what was shown.
            feedback: the answer to it, checked.
        """
        if len(self.present) != len(items):
            self.present = self._further(len(items))
        replay = self.replay
        replay.correct(feedback.delayed)
        replay.add(Slates(np.zeros((len(items), 0), np.float32), items, feedback.clicks, feedback.conversions))
        self.who = np.pad(self.who, (0, len(replay.items) - len(self.who)))
        kept = min(len(items), replay.capacity)
        self.who[np.arange(replay.count - kept, replay.count) % replay.capacity] = self.present[len(items) - kept :]
        self.over = feedback.terminated | feedback.truncated
        self.present = self.present.copy()
        self.present[self.over] = self._further(int(self.over.sum()))

    def forget_shoppers(self) -> None:
        """Know nobody: the rows are those of others from now on."""
        self.present, self.over = np.zeros(0, np.int64), np.zeros(0, np.bool_)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with some of the rows alone.

        Args:
            rows: (n,) bool, which ones.
        """
        self.present, self.over = self.present[rows], self.over[rows]

    def _further(self, count: int) -> NDArray[np.int64]:
        self.come += count
        return np.arange(self.come - count, self.come)

    def of_present(self, count: int, items: int, examination: Numbers, conversion_weight: float) -> Interactions:
        """What the present shoppers did, row by row; nothing is known where there are other rows than learned from.

        Args:
            count: n, of the rows.
            items: m.
            examination: (k,) of each rank, relative to the first.
            conversion_weight: clicks that a conversion counts for.
        """
        known = len(self.present) == count
        return self._of(self.present if known else np.full(count, -1), items, examination, conversion_weight)

    def of_last(self, most: int, items: int, examination: Numbers, conversion_weight: float) -> Interactions:
        """What the last shoppers did who clicked something, present ones among them.

        Args:
            most: of the shoppers.
            items: m.
            examination: (k,) of each rank, relative to the first.
            conversion_weight: clicks that a conversion counts for.
        """
        kept = slice(len(self.replay))
        who = np.unique(self.who[kept][self.replay.clicks[kept].any(axis=1)])[-most:]
        return self._of(who, items, examination, conversion_weight)

    def _of(self, who: NDArray[np.int64], items: int, examination: Numbers, conversion_weight: float) -> Interactions:
        """What shoppers (s,) did, who differ but for -1, of whom nothing is known."""
        of_slate = self.who[: len(self.replay)]
        oldest = int(of_slate.min(initial=self.come))
        place, kept = np.full(self.come - oldest, -1), np.flatnonzero(who >= oldest)
        place[who[kept] - oldest] = kept
        row = place[of_slate - oldest]
        slates = np.flatnonzero(row >= 0)
        replay, (count, k) = self.replay, (len(slates), self.replay.items.shape[1])
        liked = replay.clicks[slates] + conversion_weight * replay.conversions[slates]
        examined = np.broadcast_to(np.maximum(examination, 0.01), (count, k))
        item = replay.items[slates].astype(np.int64)
        return Interactions.of(who, np.repeat(row[slates], k), item.ravel(), liked.ravel(), examined.ravel(), items)
