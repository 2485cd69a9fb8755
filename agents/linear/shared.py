"""The shared linear model: coefficients of context and item features, and nothing of an item's own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.linear.hybrid import HybridModel


class SharedModel(HybridModel):
    """One vector of coefficients over the products of context and item features (Li et al., WWW 2010, section 3, with such x).

    It is the hybrid model whose intercepts are certain to be 0. What items with the same features differ in is not learned.

    See `LinearModel` for the arguments; `item_ridge` is not used.
    """

    def _own_precision(self, seen: NDArray[np.floating], impressions: float) -> NDArray[np.floating]:
        return np.full(len(seen), np.inf)
