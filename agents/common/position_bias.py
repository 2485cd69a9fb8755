"""How often each rank is looked at, learned on the way."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class PositionBiasEstimator:
    """Estimates how often each rank is examined, relative to the first one.

    In the position-based model P(click at rank r) = examination[r] * attraction (Richardson, Dominowska, Ragno, WWW 2007), so
    the clicks at a rank over the attraction that the learner predicts for what was shown there is the rank's examination. The
    learner divides by it in turn, which makes the two steps of an EM-like iteration, one at each `update`. Until there are
    clicks it is the discount of the DCG measure, 1 / log2(r + 2).

    Args:
        slate_size: k.
        strength: how many clicks at a rank the starting value is worth.

    Attributes:
        relative: (k,) float64, the present estimate; 1 at the first rank.
    """

    FLOOR = 0.01  # a rank where nobody clicks must not make its few impressions worth nothing

    relative: NDArray[np.float64]

    def __init__(self, slate_size: int, strength: float = 20.0) -> None:
        self.strength = strength
        self._start = 1 / np.log2(np.arange(slate_size) + 2.0)
        self.relative = self._start.copy()

    def update(self, clicks: ArrayLike, attraction: ArrayLike) -> NDArray[np.float64]:
        """Estimate anew from all that was shown so far, and return `relative`.

        Args:
            clicks: (k,) how many clicks there were at each rank.
            attraction: (k,) the sum, over what was shown at the rank, of the predicted probability of a click at the first rank.
        """
        predicted = np.maximum(np.asarray(attraction, np.float64), 0)
        ratio = (np.asarray(clicks, np.float64) + self.strength * self._start) / (predicted + self.strength)
        self.relative = np.asarray(np.maximum(ratio / ratio[0], self.FLOOR))
        return self.relative
