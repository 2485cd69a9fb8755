"""The loop over slates that are drawn at random, compiled."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def place_left(slates: Any) -> None:
    """Turn the numbers of slates (n, k), positions of items among those that are not at the ranks above, into the items."""
    taken = np.empty(slates.shape[1], np.int64)
    for row in range(slates.shape[0]):
        slate = slates[row]
        for rank in range(len(slate)):
            item, below = slate[rank], 0  # counted up past each taken item, in ascending order
            while below < rank and item >= taken[below]:
                item += 1
                below += 1
            for place in range(rank, below, -1):
                taken[place] = taken[place - 1]
            taken[below] = item
            slate[rank] = item
