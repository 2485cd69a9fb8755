"""A running estimate of the examination of each rank."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class PositionBiasEstimator:
    """Estimates how often each rank is examined, relative to the first one.

    In the position-based model P(click at rank r) = examination[r] * attraction (Richardson, Dominowska, Ragno, WWW 2007), so
    the examination of a rank is its clicks over the attraction that the learner predicts for the items shown there. The learner
    divides by the examination in turn, so that each `update` is a step of an EM-like iteration. The initial value is the
    discount of the DCG measure, 1 / log2(r + 2).

    Args:
        slate_size: k, the number of ranks.
        strength: weight of the initial value, in clicks at a rank.

    Attributes:
        relative: (k,) float64, the present estimate; 1 at the first rank.
    """

    FLOOR = 0.01  # impressions at a rank without clicks keep this weight

    relative: NDArray[np.float64]

    def __init__(self, slate_size: int, strength: float = 20.0) -> None:
        self.strength = strength
        self._start = 1 / np.log2(np.arange(slate_size) + 2.0)
        self.relative = self._start.copy()

    def update(self, clicks: ArrayLike, attraction: ArrayLike) -> NDArray[np.float64]:
        """Update the estimate from all impressions so far, and return `relative`.

        Args:
            clicks: (k,) the number of clicks at each rank.
            attraction: (k,) the sum, over the items shown at the rank, of the predicted click probability at the first rank.
        """
        predicted = np.maximum(np.asarray(attraction, np.float64), 0)
        ratio = (np.asarray(clicks, np.float64) + self.strength * self._start) / (predicted + self.strength)
        self.relative = np.asarray(np.maximum(ratio / ratio[0], self.FLOOR))
        return self.relative
