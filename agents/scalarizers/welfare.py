"""Welfare functions: utilities that balance the objectives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.base import ROUNDING, Scalarizer, Weights, numbers
from slategym.agents.scalarizers.context import ScalarizerContext
from slategym.agents.scalarizers.reference import Reference
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import decreasing_fit
from slategym.utils.ranges import Positive, Share, Whole


class NashWelfare(Scalarizer):
    """u(V) = sum_i b_i log(V_i - d_i), the Nash bargaining solution; its gradient is b_i / (V_i - d_i).

    The solution does not depend on the units of the objectives: a gain of one percent in one objective balances a loss of one
    percent in another (Nash, Econometrica 18, 1950). The weights are bounded where V is near d.

    Args:
        bargaining: b, (M,) above 0.
        disagreement: d, (M,) the value without an agreement; by default a share of the mean of the first slates.
        warm_up: number of slates from which the disagreement is estimated if it is not given.
        share: share of the mean of the first slates that becomes the disagreement; below 1, so that the start has a utility.
        least: smallest V - d that counts, as a share of |d|, or of 1 where d is 0.
    """

    compares_gains = True

    @checked
    def __init__(
        self,
        bargaining: ArrayLike = (1.0, 1.0),
        disagreement: ArrayLike | None = None,
        *,
        warm_up: Whole = 2000,
        share: Share = 0.5,
        least: Positive = 1e-3,
    ) -> None:
        self.bargaining = numbers("bargaining", bargaining)
        if (self.bargaining <= 0).any():
            raise ValueError(f"bargaining is {self.bargaining.tolist()}: expected numbers above 0")
        self.estimated = disagreement is None
        self.disagreement = np.zeros_like(self.bargaining)
        if disagreement is not None:
            self.disagreement = numbers("disagreement", disagreement, len(self.bargaining))
        self.warm_up, self.share, self.least = warm_up, share, least
        self._seen, self._sum = 0, np.zeros_like(self.bargaining)

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Equal bargaining powers, and the disagreement of the reference."""
        disagreement = None if context.reference is None else context.reference.disagreement
        return {"bargaining": (1.0,) * len(context.objective_names), "disagreement": disagreement}

    @override
    def weights(self, value: ArrayLike) -> Weights:
        return np.asarray(self.bargaining / self._gain(value))

    @override
    def utility(self, value: ArrayLike) -> float:
        return float(self.bargaining @ np.log(self._gain(value)))

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Estimate the disagreement from the first slates."""
        if self.estimated and self._seen < self.warm_up:
            self._seen += len(objectives)
            self._sum += objectives.sum(axis=0, dtype=np.float64)
            self.disagreement = self.share * self._sum / self._seen

    def settle(self, reference: Reference) -> None:
        """Use the reference's disagreement, the value of random slates, if it would otherwise be estimated."""
        if self.estimated:
            self.update(np.tile(reference.disagreement.astype(np.float32), (self.warm_up, 1)))

    def _gain(self, value: ArrayLike) -> Weights:
        scale = np.where(self.disagreement != 0, np.abs(self.disagreement), 1.0)
        return np.maximum(np.asarray(value, np.float64) - self.disagreement, self.least * scale)


class GeneralisedGini(Scalarizer):
    """u(V) = sum_i g_i (s V)_(i), the scaled objectives in increasing order, with g_1 >= g_2 >= ... >= 0; weights g by rank.

    The utility is concave and fair: a transfer from a higher objective to a lower one never lowers it (Weymark, Mathematical
    Social Sciences 1, 1981; online: Busa-Fekete, Szorenyi, Weng, Mannor, ICML 2017). It has a corner where two objectives are
    equal, which is rounded as in `AugmentedChebyshev`: the weights are the projection of -s V / mu onto the convex hull of the
    permutations of g (Blondel, Teboul, Berthet, Djolonga, ICML 2020); far from a corner this is g by rank.

    Args:
        shares: g, (M,) not increasing, at least 0; 1, 1/2, 1/4, ... by default.
        scale: s, (M,) above 0, which brings the objectives to one scale; 1 by default.
        rounding: above 0, in units of a scaled objective; mu is `rounding` / sqrt(slates).
    """

    compares_gains = True

    @checked
    def __init__(self, shares: ArrayLike = (1.0, 0.5), scale: ArrayLike | None = None, rounding: Positive = ROUNDING) -> None:
        self.shares = numbers("shares", shares)
        if (np.diff(self.shares) > 0).any() or (self.shares < 0).any():
            raise ValueError(f"shares is {self.shares.tolist()}: expected numbers of at least 0 that do not increase")
        self.scale = np.ones_like(self.shares) if scale is None else numbers("scale", scale, len(self.shares))
        if (self.scale <= 0).any():
            raise ValueError(f"scale is {self.scale.tolist()}: expected numbers above 0")
        self.rounding = rounding
        self.slates = 0

    @classmethod
    def defaults(cls, context: ScalarizerContext, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Shares 1, 1/2, 1/4, ..., and the scale that makes each range of the reference 1."""
        shares = tuple(0.5**place for place in range(len(context.objective_names)))
        return {"shares": shares} | ({} if context.reference is None else {"scale": 1 / context.reference.range})

    @override
    def weights(self, value: ArrayLike) -> Weights:
        point = -self.scale * np.asarray(value, np.float64) * np.sqrt(self.slates) / self.rounding
        order = np.argsort(-point, kind="stable")
        result = point.copy()
        result[order] -= decreasing_fit(point[order] - self.shares)
        return np.asarray(result * self.scale)

    @override
    def gradient(self, value: ArrayLike) -> Weights:
        order = np.argsort(self.scale * np.asarray(value, np.float64), kind="stable")
        result = np.empty_like(self.shares)
        result[order] = self.shares
        return np.asarray(result * self.scale)

    @override
    def utility(self, value: ArrayLike) -> float:
        return float(self.shares @ np.sort(self.scale * np.asarray(value, np.float64)))

    def update(self, objectives: NDArray[np.float32]) -> None:
        """Count the slates; with more slates the corners become sharper."""
        self.slates += len(objectives)
