"""The items that each shopper of a batch clicked last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.text.recent import NONE, with_clicks


class RecentClicks:
    """The last clicked items of the shoppers of a batch, by its rows; forgotten when the shopper of a row leaves.

    Args:
        length: L, items that are kept of each shopper.

    Attributes:
        items: (n, L) int64, the latest last; -1 where fewer were clicked. (0, L) before the first step.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.items = np.full((0, length), NONE, np.int64)

    def of(self, count: int) -> NDArray[np.int64]:
        """(count, L) the items of the rows; none are known where there are other rows than learned from.

        Args:
            count: of the rows.
        """
        return self.items if len(self.items) == count else np.full((count, self.length), NONE, np.int64)

    def add(self, items: NDArray[np.int64], clicks: NDArray[np.bool_], left: NDArray[np.bool_]) -> None:
        """Note what was clicked, in the order of the ranks.

        Args:
            items: (n, k) int64, what was shown.
            clicks: (n, k) bool.
            left: (n,) bool, whose shopper was there for the last time.
        """
        self.items = with_clicks(self.of(len(items)), items, clicks)
        self.items[left] = NONE
