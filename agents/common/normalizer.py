"""Observations on one scale, for networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 5.0


class RunningNormalizer:
    """Brings each column to mean 0 and variance 1 by the moments of all that was seen, clipped to [-5, 5].

    A column whose values have all been equal so far is moved by that value, exactly, and not scaled.

    Args:
        columns: o.
    """

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.mean = np.zeros(columns)
        self.variance = np.zeros(columns)
        self.low = np.full(columns, np.inf)
        self.high = np.full(columns, -np.inf)

    def update(self, observation: NDArray[np.float32]) -> None:
        """Count a batch (n, o) (Chan, Golub, LeVeque, 1983: as exact as one pass over everything)."""
        batch = np.asarray(observation, np.float64)
        self.count += len(batch)
        share = len(batch) / self.count
        step = batch.mean(axis=0) - self.mean
        self.variance += share * (batch.var(axis=0) - self.variance + (1 - share) * step**2)
        self.mean += share * step
        self.low = np.minimum(self.low, batch.min(axis=0))
        self.high = np.maximum(self.high, batch.max(axis=0))

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, o) float32; a column that never moved is 0."""
        moved = self.low < self.high  # sums of equal numbers round, so their variance may be a little above 0
        centre = np.where(self.low == self.high, self.low, self.mean)
        spread = np.sqrt(self.variance, out=np.ones_like(self.mean), where=moved)
        standard = (observation - centre) / spread  # in float64: a date less its mean is small
        return np.clip(standard, -LARGEST, LARGEST, out=standard).astype(np.float32)
