"""Observations on one scale, for networks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGEST = 5.0


class Standardiser:
    """Brings each column to mean 0 and variance 1 by the moments of all that was seen, clipped to [-5, 5].

    Args:
        columns: o.
    """

    def __init__(self, columns: int) -> None:
        self.count = 0
        self.mean = np.zeros(columns)
        self.variance = np.zeros(columns)

    def update(self, observation: NDArray[np.float32]) -> None:
        """Count a batch (n, o) (Chan, Golub, LeVeque, 1983: as exact as one pass over everything)."""
        batch = np.asarray(observation, np.float64)
        self.count += len(batch)
        share = len(batch) / self.count
        step = batch.mean(axis=0) - self.mean
        self.variance += share * (batch.var(axis=0) - self.variance + (1 - share) * step**2)
        self.mean += share * step

    def __call__(self, observation: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, o) float32; a column that never moved is 0."""
        spread = np.sqrt(np.where(self.variance > 1e-12, self.variance, 1)).astype(np.float32)
        standard: NDArray[np.float32] = (observation - self.mean.astype(np.float32)) / spread
        return np.clip(standard, -LARGEST, LARGEST, out=standard)
