"""Exponential weights of experts, from their recent losses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class ExponentialWeights:
    """Weights of experts, in proportion to exp(-rate * (recent loss + robustness * deviation)).

    Without forgetting and robustness, the sum of T weighted losses between 0 and B is at most that of the best expert plus
    ln(J) / rate + rate * T * B**2 / 8 (Freund, Schapire, JCSS 1997; Cesa-Bianchi, Lugosi, "Prediction, Learning, and Games",
    2006, theorem 2.2). The deviation is the standard deviation, over recent updates, of the difference between an expert's loss
    and the mean loss of all experts, times the number of updates. Losses that all experts share therefore have no effect.

    Args:
        experts: J.
        rate: learning rate of the weights, per unit of loss.
        halflife: `count` after which a loss counts half; None: no forgetting.
        robustness: weight of the deviation.
    """

    def __init__(self, experts: int, rate: float, halflife: float | None = None, robustness: float = 0.0) -> None:
        self.rate, self.halflife, self.robustness = rate, halflife, robustness
        self.updates = 0.0
        self.loss, self.square = np.zeros(experts), np.zeros(experts)  # sums of the loss minus the mean loss, and of its square

    @property
    def weights(self) -> NDArray[np.float64]:
        """(J,) the current weights, which sum to 1."""
        variance = self.square / max(self.updates, 1.0) - (self.loss / max(self.updates, 1.0)) ** 2
        penalty = self.loss + self.robustness * self.updates * np.sqrt(np.maximum(variance, 0))
        weights = np.exp(-self.rate * (penalty - penalty.min()))
        return np.asarray(weights / weights.sum())

    def update(self, losses: Floats, count: float = 1.0) -> None:
        """Add the losses of an update.

        Args:
            losses: (J,), the loss of each expert.
            count: number of summands in a loss, such as slates, in the unit of `halflife`.
        """
        kept = 1.0 if self.halflife is None else float(np.exp2(-count / self.halflife))
        beyond = losses - losses.mean()
        self.loss = kept * self.loss + beyond
        self.square = kept * self.square + beyond**2
        self.updates = kept * self.updates + 1
