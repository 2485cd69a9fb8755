"""Items drawn uniformly from those that are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def draw_left(random: np.random.Generator, taken: NDArray[np.int64], items: int) -> NDArray[np.int64]:
    """(n,) one item for each row, uniform over 0..items - 1 without the row's `taken` items (n, r), which must differ."""
    drawn = random.integers(0, items - taken.shape[1], len(taken))
    # Counting up past each taken item, in order, turns a position among those left into an item.
    for item in np.sort(taken, axis=1).T:
        drawn += drawn >= item
    return drawn


def draw_slates(random: np.random.Generator, shoppers: int, slate_size: int, items: int) -> NDArray[np.int64]:
    """(n, k) different items in each row, every slate as likely as any other."""
    slate = np.empty((shoppers, slate_size), np.int64)
    for rank in range(slate_size):
        slate[:, rank] = draw_left(random, slate[:, :rank], items)
    return slate
