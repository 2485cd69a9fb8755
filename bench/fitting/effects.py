"""Effects that are centred, so that each logit has a unique decomposition, with their intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from slategym.bench.fitting.rates import Rates
from slategym.bench.fitting.trials import Floats
from slategym.utils.short_repr import Brief

WIDE = 1.959963984540054  # standard deviations to each end of a 95 % interval


@dataclass(frozen=True, repr=False)
class Effects(Brief):
    """The effects whose sum is a logit.

    The effects of items add up to 0. So do the effects of the levels of a variable, and those of items at the levels of a
    variable, both over the levels and over the items. Therefore each logit has only one such decomposition.

    Attributes:
        common: (1 + v,) the intercept and the effects of the levels.
        own: (m, p) the effects of the items, and of the items at levels if p is 1 + v.
        place: (places,) log examination; 0 at the reference.
        common_error: (1 + v,) posterior standard deviations of `common`.
        own_error: (m, p) posterior standard deviations of `own`.
        place_error: (places,) posterior standard deviations of `place`; 0 at the reference.
    """

    common: Floats
    own: Floats
    place: Floats
    common_error: Floats
    own_error: Floats
    place_error: Floats

    @staticmethod
    def of(rates: Rates, sizes: tuple[int, ...]) -> Effects:
        """The effects of fitted rates, with errors by Laplace's approximation.

        The uncertainty of the spreads is included by Kass and Steffey's first-order correction ("Approximate Bayesian inference
        in conditionally independent hierarchical models", JASA 84, 1989).

        Args:
            rates: fitted rates with their curvature.
            sizes: (V,) the number of levels of each variable.
        """
        curvature = rates.curvature
        assert curvature is not None
        m, p = rates.own.shape
        size, c = len(rates.common), len(curvature.covariance)
        centring = _centring(sizes)
        of_own = centring[:p, :p]
        mean = np.zeros(size)
        mean[:p] = rates.own.mean(axis=0)
        slope, mean_slope = curvature.slope, np.zeros((size, c))
        mean_slope[:p] = slope.mean(axis=0)
        mean_inverse = np.zeros((size, size))
        mean_inverse[:p, :p] = curvature.inverse.mean(axis=0)
        # t_i - mean t = -(U_i - mean U) d + e_i - mean e, and b + mean t = (I - mean U) d + mean e.
        apart = of_own @ (slope - mean_slope[:p])
        own_variance = ((apart @ curvature.covariance) * apart).sum(axis=2)
        own_variance += (1 - 2 / m) * ((of_own @ curvature.inverse) * of_own).sum(axis=2)
        own_variance += ((of_own @ mean_inverse[:p, :p]) * of_own).sum(axis=1) / m
        here = centring @ (np.eye(size, c) - mean_slope)
        common_variance = ((here @ curvature.covariance) * here).sum(axis=1)
        common_variance += ((centring @ mean_inverse) * centring).sum(axis=1) / m
        place_error = np.zeros(len(rates.place))
        others = np.delete(np.arange(len(rates.place)), rates.reference)
        place_error[others] = np.sqrt(np.diag(curvature.covariance)[size:])
        common, own = centring @ (rates.common + mean), (rates.own - mean[:p]) @ of_own.T
        of_level, of_item, of_both = rates.spread
        common_variance[1:] += _of_spread(common[1:], common_variance[1:], of_level)
        own_variance[:, 0] += _of_spread(own[:, 0], own_variance[:, 0], of_item)
        own_variance[:, 1:] += _of_spread(own[:, 1:], own_variance[:, 1:], of_both)
        return Effects(
            common,
            own,
            rates.place,
            np.sqrt(np.maximum(common_variance, 0)),
            np.sqrt(np.maximum(own_variance, 0)),
            place_error,
        )

    def to_json(self, levels: dict[str, tuple[str, ...]]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The effects in the form of a fitted world's file, and in the same form the ends [low, high] of their 95 % intervals.

        Args:
            levels: the levels of each variable, by name.
        """
        return _told(self.common, self.own, levels), _told(
            _ends(self.common, self.common_error), _ends(self.own, self.own_error), levels
        )


def _of_spread(effects: Floats, variance: Floats, spread: float) -> Floats:
    """The part of the effects' variances from the uncertainty of the log spread, 1 / sqrt(2 n) for n well-determined effects."""
    shrinkage = np.minimum(variance / spread**2, 1.0)  # d effect / d log spread is twice this times the effect
    determined = max(float((1 - shrinkage).sum()), 1.0)
    return np.asarray((2 * shrinkage * effects) ** 2 / (2 * determined))


def _ends(values: Floats, errors: Floats) -> Floats:
    return np.stack([values - WIDE * errors, values + WIDE * errors], axis=-1)


def _told(common: Floats, own: Floats, levels: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    edges = np.concatenate([[1], 1 + np.cumsum([len(each) for each in levels.values()])]).astype(int)
    columns = {name: slice(edges[place], edges[place + 1]) for place, name in enumerate(levels)}
    return {
        "intercept": common[0],
        "item": own[:, 0],
        "level": {name: common[some] for name, some in columns.items()},
        "item_by_level": {name: own[:, some] for name, some in columns.items()} if own.shape[1] > 1 else None,
    }


def _centring(sizes: tuple[int, ...]) -> Floats:
    """(1 + v, 1 + v): the matrix that moves the mean of each variable's levels from the levels to the intercept."""
    found = np.eye(1 + sum(sizes))
    start = 1
    for size in sizes:
        found[0, start : start + size] = 1 / size
        found[start : start + size, start : start + size] -= 1 / size
        start += size
    return found
