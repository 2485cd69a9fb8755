"""Chebyshev: the objective that is furthest from its utopia decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, softmax

from slategym.agents.scalarizers.base import ROUNDING, Scalarizer, Weights, numbers


class SmoothChebyshev(Scalarizer):
    """u(V) = -mu log sum_i exp(l_i (z_i - V_i) / mu); its gradient is l_i softmax_i(l (z - V) / mu).

    Concave and smooth, so running averages that follow its gradient come near the best mixture, also where the front is straight;
    it lies within mu log M of the largest weighted shortfall (Lin, Zhang, Yang, Liu, Wang, Zhang, "Smooth Tchebycheff
    Scalarization for Multi-Objective Optimization", ICML 2024).

    Args:
        utopia: z, (M,) the best value that each objective can have alone.
        importance: l, (M,) above 0; the inverse of the utopia by default, which makes shortfalls shares of it.
        smoothness: mu, above 0, in the unit of a weighted shortfall.
    """

    def __init__(self, utopia: ArrayLike, importance: ArrayLike | None = None, smoothness: float = 0.1) -> None:
        self.utopia = numbers("utopia", utopia)
        self.importance = _importance(self.utopia, importance)
        if not smoothness > 0:
            raise ValueError(f"smoothness is {smoothness}: expected a number above 0")
        self.smoothness = smoothness

    def weights(self, value: ArrayLike) -> Weights:
        return np.asarray(self.importance * softmax(self._shortfall(value) / self.smoothness))

    def utility(self, value: ArrayLike) -> float:
        return float(-self.smoothness * logsumexp(self._shortfall(value) / self.smoothness))

    def _shortfall(self, value: ArrayLike) -> Weights:
        return np.asarray(self.importance * (self.utopia - np.asarray(value, np.float64)))


class AugmentedChebyshev(Scalarizer):
    """u(V) = -max_i l_i (z_i - V_i) - rho sum_i l_i (z_i - V_i); weights l_i (softmax_i(l (z - V) / mu) + rho).

    Concave with a corner, at which its own gradient would jump between objectives: what follows that ends at a mixture of
    extremes and misses what lies between. So the weights are those of the corner rounded by mu = `rounding` / sqrt(slates), which
    the running mean can follow, and which costs at most mu log M of utility (Nesterov, Mathematical Programming 103, 2005; with
    conditional gradients: Lan, arXiv 1309.5550). The sum keeps weakly dominated values out (Steuer, Choo, Mathematical
    Programming 26, 1983).

    Args:
        utopia, importance: as for `SmoothChebyshev`.
        augmentation: rho, at least 0.
        rounding: above 0, in the unit of a weighted shortfall; about ten times how far one slate's objectives spread.
    """

    def __init__(
        self, utopia: ArrayLike, importance: ArrayLike | None = None, augmentation: float = 0.05, rounding: float = ROUNDING
    ) -> None:
        self.utopia = numbers("utopia", utopia)
        self.importance = _importance(self.utopia, importance)
        if not augmentation >= 0:
            raise ValueError(f"augmentation is {augmentation}: expected a number of at least 0")
        if not rounding > 0:
            raise ValueError(f"rounding is {rounding}: expected a number above 0")
        self.augmentation, self.rounding = augmentation, rounding
        self.slates = 0

    def weights(self, value: ArrayLike) -> Weights:
        shortfall = self.importance * (self.utopia - np.asarray(value, np.float64))
        largest = softmax(shortfall * np.sqrt(self.slates) / self.rounding)
        return np.asarray(self.importance * (largest + self.augmentation))

    def gradient(self, value: ArrayLike) -> Weights:
        shortfall = self.importance * (self.utopia - np.asarray(value, np.float64))
        largest = shortfall == shortfall.max()
        return np.asarray(self.importance * (largest / largest.sum() + self.augmentation))

    def utility(self, value: ArrayLike) -> float:
        shortfall = self.importance * (self.utopia - np.asarray(value, np.float64))
        return float(-shortfall.max() - self.augmentation * shortfall.sum())

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Count the slates; the corner grows sharper."""
        self.slates += len(objectives)


def _importance(utopia: Weights, importance: ArrayLike | None) -> Weights:
    if importance is None and (utopia <= 0).any():
        raise ValueError(f"utopia is {utopia.tolist()}: give the importance of each objective where it is not above 0")
    result = 1 / utopia if importance is None else numbers("importance", importance, len(utopia))
    if (result <= 0).any():
        raise ValueError(f"importance is {result.tolist()}: expected numbers above 0")
    return np.asarray(result)
