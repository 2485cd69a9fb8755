"""Standardisation of the critics' targets, so that their networks predict every objective in the same unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Expectations:
    """Running means and standard deviations of the critics' targets.

    A network whose outputs are 0 predicts the running mean, which is the baseline of a policy gradient without a critic.

    Args:
        objectives: M.
        outputs: number of outputs per objective.
    """

    def __init__(self, objectives: int, outputs: int) -> None:
        self.mean = np.zeros((objectives, outputs))
        self.square = np.zeros((objectives, outputs))

    @property
    def spread(self) -> Floats:
        """(M, outputs) standard deviations."""
        return np.asarray(np.sqrt(np.maximum(self.square - self.mean**2, 0.0)))

    def update(self, target: Floats, share: float) -> None:
        """Move the moments towards those of a batch.

        Args:
            target: (n, M, outputs).
            share: weight of the batch, 0 to 1.
        """
        self.mean += share * (target.mean(axis=0) - self.mean)
        self.square += share * ((target**2).mean(axis=0) - self.square)

    def standardised(self, target: Floats) -> NDArray[np.float32]:
        """(n, M, outputs) the standardised targets.

        Args:
            target: (n, M, outputs).
        """
        return ((target - self.mean) / np.maximum(self.spread, 1e-9)).astype(np.float32)

    def __call__(self, given: NDArray[np.float32]) -> Floats:
        """(n, M, outputs) the predictions for outputs of the networks.

        Args:
            given: (n, M, outputs), the outputs.
        """
        return np.asarray(self.mean + self.spread * given)
