"""The shared linear model: coefficients of context and item features, without parameters of single items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.linear.hybrid import HybridModel


class SharedModel(HybridModel):
    """One vector of coefficients of the products of context and item features (Li et al., WWW 2010, section 3, with such x).

    It is the hybrid model with intercepts of 0. It cannot distinguish items with the same features.

    See `LinearModel` for the arguments; `item_ridge` is not used.
    """

    def _own_precision(self, seen: NDArray[np.floating], impressions: float) -> NDArray[np.floating]:
        return np.full(len(seen), np.inf)
