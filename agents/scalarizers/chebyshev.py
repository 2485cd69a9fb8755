"""Chebyshev utilities: determined by the objective that is furthest from its utopia."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.base import ROUNDING, Scalarizer, Weights, numbers
from slategym.agents.scalarizers.context import ScalarizerContext
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import logsumexp, softmax
from slategym.utils.ranges import NonNegative, Positive


class Chebyshev(Scalarizer):
    """Base class of the Chebyshev utilities, with a utopia z and the importance l of each objective's shortfall.

    Args:
        utopia: z, (M,) the best value of each objective alone.
        importance: l, (M,) above 0; by default the inverse of the utopia, so that shortfalls are relative to it.
    """

    compares_gains = True

    def __init__(self, utopia: ArrayLike, importance: ArrayLike | None = None) -> None:
        self.utopia = numbers("utopia", utopia)
        self.importance = _importance(self.utopia, importance)

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The utopia of the reference. Without a given utopia, shortfalls are shares of the range from disagreement to utopia.

        Raises:
            ValueError: there is neither a utopia nor a reference.
        """
        if "utopia" in options:
            return {}
        if context.reference is None:
            names = " and ".join(context.objective_names)
            raise ValueError(f"expected the utopia, the best values of {names} alone, such as utopia=1.5,0.2")
        return {"utopia": context.reference.utopia, "importance": 1 / context.reference.range}

    def _shortfall(self, value: ArrayLike) -> Weights:
        return np.asarray(self.importance * (self.utopia - np.asarray(value, np.float64)))


class SmoothChebyshev(Chebyshev):
    """u(V) = -mu log sum_i exp(l_i (z_i - V_i) / mu); its gradient is l_i softmax_i(l (z - V) / mu).

    The utility is concave and smooth, so that running averages that follow its gradient approach the best mixture, even on a
    straight front. It differs from the largest weighted shortfall by at most mu log M (Lin, Zhang, Yang, Liu, Wang, Zhang,
    "Smooth Tchebycheff Scalarization for Multi-Objective Optimization", ICML 2024).

    Args:
        utopia: z, (M,) the best value of each objective alone.
        importance: l, (M,) above 0; by default the inverse of the utopia, so that shortfalls are relative to it.
        smoothness: mu, above 0, in units of a weighted shortfall.
    """

    @checked
    def __init__(self, utopia: ArrayLike, importance: ArrayLike | None = None, smoothness: Positive = 0.1) -> None:
        super().__init__(utopia, importance)
        self.smoothness = smoothness

    @override
    def weights(self, value: ArrayLike) -> Weights:
        return np.asarray(self.importance * softmax(self._shortfall(value) / self.smoothness))

    @override
    def utility(self, value: ArrayLike) -> float:
        return float(-self.smoothness * logsumexp(self._shortfall(value) / self.smoothness))


class AugmentedChebyshev(Chebyshev):
    """u(V) = -max_i l_i (z_i - V_i) - rho sum_i l_i (z_i - V_i); weights l_i (softmax_i(l (z - V) / mu) + rho).

    The utility is concave but has a corner, where its gradient jumps between objectives: following this gradient ends at a
    mixture of extremes and misses the policies between them. The weights therefore follow a corner rounded by mu = `rounding` /
    sqrt(slates), which the running mean can follow; the rounding costs at most mu log M of utility (Nesterov, Mathematical
    Programming 103, 2005; with conditional gradients: Lan, arXiv 1309.5550). The sum excludes weakly dominated values (Steuer,
    Choo, Mathematical Programming 26, 1983).

    Args:
        utopia: z, (M,) the best value of each objective alone.
        importance: l, (M,) above 0; by default the inverse of the utopia, so that shortfalls are relative to it.
        augmentation: rho, at least 0.
        rounding: above 0, in units of a weighted shortfall; about ten times the spread of one slate's objectives.
    """

    @checked
    def __init__(
        self,
        utopia: ArrayLike,
        importance: ArrayLike | None = None,
        augmentation: NonNegative = 0.05,
        rounding: Positive = ROUNDING,
    ) -> None:
        super().__init__(utopia, importance)
        self.augmentation, self.rounding = augmentation, rounding
        self.slates = 0

    @override
    def weights(self, value: ArrayLike) -> Weights:
        shortfall = self._shortfall(value)
        largest = softmax(shortfall * np.sqrt(self.slates) / self.rounding)
        return np.asarray(self.importance * (largest + self.augmentation))

    @override
    def gradient(self, value: ArrayLike) -> Weights:
        shortfall = self._shortfall(value)
        largest = shortfall == shortfall.max()
        return np.asarray(self.importance * (largest / largest.sum() + self.augmentation))

    @override
    def utility(self, value: ArrayLike) -> float:
        shortfall = self._shortfall(value)
        return float(-shortfall.max() - self.augmentation * shortfall.sum())

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Count the slates; with more slates the corner becomes sharper."""
        self.slates += len(objectives)


def _importance(utopia: Weights, importance: ArrayLike | None) -> Weights:
    if importance is None and (utopia <= 0).any():
        raise ValueError(f"utopia is {utopia.tolist()}: expected numbers above 0, or give importance= for each objective")
    result = 1 / utopia if importance is None else numbers("importance", importance, len(utopia))
    if (result <= 0).any():
        raise ValueError(f"importance is {result.tolist()}: expected numbers above 0")
    return np.asarray(result)
