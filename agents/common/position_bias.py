"""A running estimate of the examination of each rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class PositionBiasEstimator:
    """Estimates how often each rank is examined, relative to the first rank.

    In the position-based model, P(click at rank r) = examination[r] * attraction (Richardson, Dominowska, Ragno, WWW 2007). The
    examination of a rank is therefore its number of clicks divided by the attraction that the learner predicts for the items
    shown there. The learner in turn divides by the examination, so each `update` is a step of an EM-like iteration. The initial
    value is the discount of the DCG measure, 1 / log2(r + 2).

    Args:
        slate_size: k, the number of ranks.
        strength: weight of the initial value, in clicks at a rank.

    Attributes:
        relative: (k,) float64, the current estimate; 1 at the first rank.
    """

    FLOOR = 0.01  # smallest estimate, for ranks without clicks

    relative: NDArray[np.float64]

    def __init__(self, slate_size: int, strength: float = 20.0) -> None:
        self.strength = strength
        self._start = 1 / np.log2(np.arange(slate_size) + 2.0)
        self.relative = self._start.copy()

    def update(self, clicks: ArrayLike, attraction: ArrayLike) -> NDArray[np.float64]:
        """Update the estimate with the sums of all impressions so far, and return `relative`.

        Args:
            clicks: (k,) the number of clicks at each rank.
            attraction: (k,) the sum, over the items shown at the rank, of the predicted click probability at the first rank.
        """
        predicted = np.maximum(np.asarray(attraction, np.float64), 0)
        ratio = (np.asarray(clicks, np.float64) + self.strength * self._start) / (predicted + self.strength)
        self.relative = np.asarray(np.maximum(ratio / ratio[0], self.FLOOR))
        return self.relative
