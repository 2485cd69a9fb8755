"""The last clicks of each shopper of a batch, by row: the items, whether they converted, and the time since the click."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.shopper_memory import ShopperMemory
from slategym.sim.feedback import Feedback

NONE = -1  # in place of an item, where there are fewer clicks
ITEM, CONVERTED, AGE = 0, 1, 2  # columns of an event
EMPTY = (NONE, 0, 0)


def told_of(events: NDArray[np.int32]) -> NDArray[np.float32]:
    """(n, L, 3) inputs of networks for events: 1, or 0 where there are fewer clicks; whether it converted; 1 / (1 + age).

    Args:
        events: (n, L, 3), in the form of `ClickHistory`.
    """
    there = events[..., ITEM] != NONE
    told = np.stack([np.ones(there.shape), events[..., CONVERTED], 1 / (1 + events[..., AGE])], axis=-1)
    return np.asarray(told * there[..., None], np.float32)


class ClickHistory(ShopperMemory):
    """The last clicks of the shoppers of a batch, by row. The clicks of a row are forgotten when its shopper leaves.

    Delayed conversions are added if the click is still in the history.

    Args:
        length: L, the number of clicks that are kept for each shopper.

    Attributes:
        events: (n, L, 3) int32, for each click, latest last: the item (-1 where there are fewer clicks), whether it converted,
            and the number of steps since the click. (0, L, 3) before the first step.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.forget_shoppers()

    def forget_shoppers(self) -> None:
        """Forget all clicks, because the rows belong to other shoppers from now on."""
        self.events = np.empty((0, self.length, len(EMPTY)), np.int32)
        self.over = np.zeros(0, np.bool_)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with some of the rows alone.

        Args:
            rows: (n,) bool, which ones.
        """
        self.events, self.over = self.of(len(rows))[rows], self.over[rows]

    def of(self, count: int) -> NDArray[np.int32]:
        """(count, L, 3) the events of the rows; without clicks if the number of rows has changed.

        Args:
            count: number of rows.
        """
        if len(self.events) == count:
            return self.events
        return np.tile(np.array(EMPTY, np.int32), (count, self.length, 1))

    def items(self, count: int) -> NDArray[np.int64]:
        """(count, L) the clicked items of the rows, -1 where there are fewer clicks.

        Args:
            count: number of rows.
        """
        return self.of(count)[..., ITEM].astype(np.int64)

    def add(self, items: NDArray[np.int64], feedback: Feedback) -> NDArray[np.int32]:
        """Add the clicks of a step, in the order of ranks.

        Args:
            items: (n, k) int64, the items shown.
            feedback: the shoppers' answer to them.

        Returns:
            (n, L, 3) the events of the rows, including rows whose shopper leaves.
        """
        self.over = feedback.terminated | feedback.truncated
        if self.length == 0:
            self.events = self.of(len(items))
            return self.events
        before = self.of(len(items)).copy()
        before[..., AGE] += before[..., ITEM] != NONE
        late, row = feedback.delayed, feedback.delayed.row
        same = (before[row, :, ITEM] == late.item[:, None]) & (before[row, :, AGE] == late.age[:, None])
        entry, place = np.nonzero(same)
        before[row[entry], place, CONVERTED] = 1
        clicked = np.where(feedback.clicks, items, NONE)
        latest = np.stack([clicked, feedback.clicks & feedback.conversions, np.zeros_like(clicked)], axis=-1)
        joined = np.concatenate([before, latest.astype(np.int32)], axis=1)
        # Clicks move to the end and keep their order.
        order = np.argsort(joined[..., ITEM] != NONE, axis=1, kind="stable")[:, -self.length :]
        now = np.take_along_axis(joined, order[..., None], axis=1)
        self.events = np.where(self.over[:, None, None], np.array(EMPTY, np.int32), now)
        return now
