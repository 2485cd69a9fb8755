"""Standardisation of inputs by running moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.pooling import gathered

LARGEST = 5.0


class RunningNormalizer:
    """Standardises each column by the mean and variance of all rows so far, and clips the result to [-5, 5].

    A column whose values have all been equal so far is shifted by exactly this value, and not scaled.

    Args:
        columns: o, the number of columns.
    """

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.mean = np.zeros(columns)
        self.variance = np.zeros(columns)
        self.low = np.full(columns, np.inf)
        self.high = np.full(columns, -np.inf)

    def update(self, observation: NDArray[np.float32]) -> None:
        """Update the moments with a batch (n, o); as exact as one pass over all rows (Chan, Golub, LeVeque, 1983)."""
        batch = np.asarray(observation, np.float64)
        moments = {"mean": batch.mean(axis=0), "variance": batch.var(axis=0), "low": batch.min(axis=0), "high": batch.max(axis=0)}
        for count, mean, variance, low, high in zip(*gathered(count=np.array(len(batch)), **moments).values(), strict=True):
            self.count += int(count)
            share = int(count) / self.count
            step = mean - self.mean
            self.variance += share * (variance - self.variance + (1 - share) * step**2)
            self.mean += share * step
            self.low, self.high = np.minimum(self.low, low), np.maximum(self.high, high)

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, o) float32, the standardised batch (n, o)."""
        moved = self.low < self.high  # not `variance > 0`, since the variance of equal numbers may be above 0 by rounding
        centre = np.where(self.low == self.high, self.low, self.mean)
        spread = np.sqrt(self.variance, out=np.ones_like(self.mean), where=moved)
        standard = (observation - centre) / spread  # in float64, since the difference of two large numbers loses digits
        return np.clip(standard, -LARGEST, LARGEST, out=standard).astype(np.float32)
