"""Click rates by item, rank and segment, estimated from few clicks by a gamma-Poisson hierarchy (marginal likelihood)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Counts(Brief):
    """The counts of one campaign in a log.

    Attributes:
        shown: (m, k, cells) impressions.
        clicked: (m, k, cells) clicks.
        popularity: (m,) prior knowledge of the items from other sources than clicks, on a log scale, mean 0.
        design: (cells, v) the segments of each cell.
    """

    shown: Floats
    clicked: Floats
    popularity: Floats
    design: Floats


@dataclass(frozen=True, repr=False)
class Fit(Brief):
    """The fitted model: P(click) = rate[item] * exp(rank[r]) * exp(segment @ design[cell]), for each campaign.

    Attributes:
        rate: for each campaign, (m,) posterior means.
        rank: (k,) log effects, common to the campaigns.
        segment: (campaigns, v) log effects.
        exponent: the exponent of popularity in an item's prior rate.
        dispersion: the coefficient of variation of the items' rates around the prior rate.
    """

    rate: list[Floats]
    rank: Floats
    segment: Floats
    exponent: float
    dispersion: float


def fit(campaigns: Sequence[Counts], rank_spread: float = 0.1, segment_spread: float = 0.25) -> Fit:
    """Fit the hierarchy to one or more campaigns of one shop.

    Clicks are rare, so they are modelled as Poisson. An item's rate has a gamma distribution around
    level * exp(exponent * popularity), with a coefficient of variation (`dispersion`) common to the campaigns. Integrating the
    rates out leaves a negative binomial likelihood (empirical Bayes), which is maximised together with the effects of rank and
    segment. Normal priors shrink these effects towards 0, and, weakly, the exponent. Rank effects are common to the campaigns; a
    segment's effect is the sum of a common part and a part of the campaign. The dispersion has the boundary-avoiding prior of
    Chung, Rabe-Hesketh, Dorie, Gelman and Liu, "A nondegenerate penalized likelihood estimator for variance parameters in
    multilevel models", Psychometrika 78 (2013): with so few clicks the maximum is often 0, which would make all items equal.

    Args:
        campaigns: counts with the same ranks and segments.
        rank_spread: prior standard deviation of the log rank effects.
        segment_spread: prior standard deviation of each of the two parts of a segment's effect.

    Raises:
        ValueError: a campaign has no clicks, so nothing can be fitted.
    """
    if not all(counts.clicked.any() for counts in campaigns):
        raise ValueError("a campaign of the log has no click: expected some, to fit click rates")
    count, ranks, segments = len(campaigns), campaigns[0].shown.shape[1], campaigns[0].design.shape[1]
    # The parameters in order: levels, exponent, log dispersion, ranks, common parts of segments, parts of each campaign.
    splits = np.cumsum([count, 1, 1, ranks, segments])
    precision = np.concatenate(
        [np.zeros(count), [1.0, 0.0], np.full(ranks, rank_spread**-2.0), np.full(segments * (1 + count), segment_spread**-2.0)]
    )

    def loss(parameters: Floats) -> tuple[float, Floats]:
        level, exponent, log_dispersion, rank, common, own = np.split(parameters, splits)
        own = own.reshape(count, segments)
        value = 0.5 * float(precision @ parameters**2) - log_dispersion[0]
        gradient = precision * parameters
        gradient[count + 1] -= 1.0
        d_level, d_exponent, d_dispersion, d_rank, d_common, d_own = np.split(gradient, splits)
        d_own = d_own.reshape(count, segments)
        for c, counts in enumerate(campaigns):
            part = _campaign(counts, level[c] + exponent[0] * counts.popularity, log_dispersion[0], rank, common + own[c])
            value -= part.value
            d_level[c] -= part.prior.sum()
            d_exponent -= part.prior @ counts.popularity
            d_dispersion -= part.dispersion
            d_rank -= part.rank
            d_common -= part.segment
            d_own[c] -= part.segment
        return value, gradient

    start = np.zeros(len(precision))
    start[:count] = [np.log(counts.clicked.sum() / counts.shown.sum()) for counts in campaigns]
    start[count + 1] = np.log(0.3)
    best = _newton(loss, minimize(loss, start, jac=True, method="BFGS").x)
    level, exponent, log_dispersion, rank, common, own = np.split(best, splits)
    segment = common + own.reshape(count, segments)
    rates = [
        _campaign(counts, level[c] + exponent[0] * counts.popularity, log_dispersion[0], rank, segment[c]).rate
        for c, counts in enumerate(campaigns)
    ]
    return Fit(rates, rank, segment, float(exponent[0]), float(np.exp(log_dispersion[0])))


@dataclass(frozen=True, repr=False)
class _Campaign(Brief):
    """One campaign's log marginal likelihood, its gradient for each group of parameters, and the items' posterior mean rates."""

    value: float
    prior: Floats
    dispersion: float
    rank: Floats
    segment: Floats
    rate: Floats


def _campaign(counts: Counts, log_prior: Floats, log_dispersion: float, rank: Floats, segment: Floats) -> _Campaign:
    of_rank, of_cell = np.exp(rank), np.exp(counts.design @ segment)
    exposure = np.einsum("irx,r,x->i", counts.shown, of_rank, of_cell)
    clicks = counts.clicked.sum(axis=(1, 2))
    by_rank, by_cell = counts.clicked.sum(axis=(0, 2)), counts.clicked.sum(axis=(0, 1))
    shape = np.exp(-2.0 * log_dispersion)
    inverse = shape / np.exp(log_prior)  # the rate parameter of the gamma distribution
    rate = (shape + clicks) / (inverse + exposure)
    value = (
        gammaln(shape + clicks)
        - gammaln(shape)
        + shape * np.log(inverse / (inverse + exposure))
        - clicks * np.log(inverse + exposure)
    ).sum()
    value += by_rank @ rank + by_cell @ (counts.design @ segment)
    d_shape = digamma(shape + clicks) - digamma(shape) + np.log(inverse / (inverse + exposure)) + 1.0 - rate * inverse / shape
    expected = np.einsum("irx,i->rx", counts.shown, rate)
    return _Campaign(
        float(value),
        rate * inverse - shape,
        float(-2.0 * shape * d_shape.sum()),
        by_rank - of_rank * (expected @ of_cell),
        counts.design.T @ (by_cell - of_cell * (of_rank @ expected)),
        rate,
    )


def _newton(loss: Callable[[Floats], tuple[float, Floats]], start: Floats, steps: int = 4) -> Floats:
    """Finish with Newton steps, with a Hessian from differences of the gradient: the optimum up to rounding, on any machine."""
    point, width = start, 1e-5
    for _ in range(steps):
        shifts = width * np.eye(len(point))
        hessian = np.array([(loss(point + shift)[1] - loss(point - shift)[1]) / (2 * width) for shift in shifts])
        point = point - np.linalg.solve((hessian + hessian.T) / 2, loss(point)[1])
    return point
