"""Chebyshev utilities: the objective that is furthest from its utopia decides."""

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
    """The base of the Chebyshev utilities: a utopia z, and the importance l of each objective's shortfall from it.

    Args:
        utopia: z, (M,) the best value that each objective can have alone.
        importance: l, (M,) above 0; the inverse of the utopia by default, which makes shortfalls shares of it.
    """

    compares_gains = True

    def __init__(self, utopia: ArrayLike, importance: ArrayLike | None = None) -> None:
        self.utopia = numbers("utopia", utopia)
        self.importance = _importance(self.utopia, importance)

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """The utopia of the reference; unless one is given, a shortfall is a share of the way to it from the disagreement.

        Raises:
            ValueError: there is neither a utopia nor a reference.
        """
        if "utopia" in options:
            return {}
        if context.reference is None:
            names = " and ".join(context.objective_names)
            raise ValueError(f"expected the utopia, the best that {names} can be alone, as utopia=1.5,0.2")
        return {"utopia": context.reference.utopia, "importance": 1 / context.reference.range}

    def _shortfall(self, value: ArrayLike) -> Weights:
        return np.asarray(self.importance * (self.utopia - np.asarray(value, np.float64)))


class SmoothChebyshev(Chebyshev):
    """u(V) = -mu log sum_i exp(l_i (z_i - V_i) / mu); its gradient is l_i softmax_i(l (z - V) / mu).

    Concave and smooth, so running averages that follow its gradient come near the best mixture, also where the front is straight;
    it lies within mu log M of the largest weighted shortfall (Lin, Zhang, Yang, Liu, Wang, Zhang, "Smooth Tchebycheff
    Scalarization for Multi-Objective Optimization", ICML 2024).

    Args:
        utopia: z, (M,) the best value that each objective can have alone.
        importance: l, (M,) above 0; the inverse of the utopia by default, which makes shortfalls shares of it.
        smoothness: mu, above 0, in the unit of a weighted shortfall.
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

    Concave with a corner, at which its gradient jumps between objectives: following the gradient ends at a mixture of extremes
    and misses the policies between them. So the weights are those of the corner rounded by mu = `rounding` / sqrt(slates), which
    the running mean can follow, and which costs at most mu log M of utility (Nesterov, Mathematical Programming 103, 2005; with
    conditional gradients: Lan, arXiv 1309.5550). The sum keeps weakly dominated values out (Steuer, Choo, Mathematical
    Programming 26, 1983).

    Args:
        utopia: z, (M,) the best value that each objective can have alone.
        importance: l, (M,) above 0; the inverse of the utopia by default, which makes shortfalls shares of it.
        augmentation: rho, at least 0.
        rounding: above 0, in the unit of a weighted shortfall; about ten times how far one slate's objectives spread.
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
        """Count the slates; the corner grows sharper."""
        self.slates += len(objectives)


def _importance(utopia: Weights, importance: ArrayLike | None) -> Weights:
    if importance is None and (utopia <= 0).any():
        raise ValueError(f"utopia is {utopia.tolist()}: give the importance of each objective where it is not above 0")
    result = 1 / utopia if importance is None else numbers("importance", importance, len(utopia))
    if (result <= 0).any():
        raise ValueError(f"importance is {result.tolist()}: expected numbers above 0")
    return np.asarray(result)
