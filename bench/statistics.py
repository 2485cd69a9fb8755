"""How far a mean over a few seeds can be trusted: bootstrap intervals, paired where two agents met the same shoppers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import comb, isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri, stdtrit

from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
LEVEL = 0.95
DRAWN = 10_000  # resamples, where there are too many to go through all


@dataclass(frozen=True, repr=False)
class Interval(Brief):
    """Means with their intervals, each of the shape of one seed's values; `low` and `high` are NaN for a single seed."""

    mean: Floats
    low: Floats
    high: Floats


@cache
def resamples(seeds: int) -> tuple[Floats, Floats]:
    """What the bootstrap draws: the share (B, seeds) of each seed in each resample, and the probability (B,) of each.

    Up to seven seeds it is every resample there is, so nothing is left to chance; beyond, 10,000 drawn ones, always the same.
    """
    if comb(2 * seeds - 1, seeds) <= 2000:
        drawn = combinations_with_replacement(range(seeds), seeds)
        counts = np.array([np.bincount(each, minlength=seeds) for each in drawn])
        probability = np.exp(gammaln(seeds + 1) - gammaln(counts + 1).sum(axis=1) - seeds * np.log(seeds))
    else:
        random = np.random.Generator(np.random.Philox(seeds))
        counts = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=DRAWN)
        probability = np.full(DRAWN, 1 / DRAWN)
    return counts / seeds, probability


def interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """The mean over seeds and its bootstrap interval.

    The plain percentile interval is too narrow for few seeds: for want of t instead of z and of n/(n-1) (Hesterberg, "What
    teachers should know about the bootstrap", The American Statistician 69(4), 2015). He mends it by a more extreme percentile;
    five seeds have none so far out, so here the distances of the percentiles from the mean are stretched by the same factor,
    t sqrt(n/(n-1)) / z. On normal values a nominal 95 % covers 93 % with two seeds and 94.5 to 95 % with three or more (his
    expanded percentiles: 50 % with two, 75 % with three, 92 % with five); on values as skewed as exponential ones, 88 to 90 %.

    Args:
        values: (seeds, ...), one row a seed.
        level: the nominal coverage.
    """
    data = np.asarray(values, np.float64)
    mean = data.mean(axis=0)
    seeds = len(data)
    if seeds < 2:
        nothing = np.full_like(mean, np.nan)
        return Interval(mean, nothing, nothing)
    tail = (1 - level) / 2
    shares, probability = resamples(seeds)
    means = shares @ data.reshape(seeds, -1)
    stretch = stdtrit(seeds - 1, 1 - tail) * sqrt(seeds / (seeds - 1)) / ndtri(1 - tail)
    low, high = (each.reshape(mean.shape) for each in _quantiles(means, probability, (tail, 1 - tail)))
    return Interval(mean, mean + (low - mean) * stretch, mean + (high - mean) * stretch)


def probability_better(a: ArrayLike, b: ArrayLike) -> float:
    """The share of the paired resamples in which the mean of `a` (seeds,) exceeds that of `b`; a tie counts half. In [0, 1]."""
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    shares, probability = resamples(len(difference))
    means = shares @ difference
    rounding = 1e-12 * np.abs(difference).max()  # what is left of differences that cancel out
    better, worse = (float(probability[part].sum()) for part in (means > rounding, means < -rounding))
    tied = float(probability[np.abs(means) <= rounding].sum())
    # Of what they sum to, which rounding may put beside 1.
    return (better + tied / 2) / (better + worse + tied)


def _quantiles(samples: Floats, probability: Floats, levels: tuple[float, ...]) -> list[Floats]:
    """Of each column of (B, p), the least sample at which the cumulated probability reaches a level."""
    order = np.argsort(samples, axis=0)
    reached = np.cumsum(probability[order], axis=0)
    rows = [(reached >= level - 1e-12).argmax(axis=0) for level in levels]
    return [np.take_along_axis(samples, order[row, np.arange(samples.shape[1])][None], axis=0)[0] for row in rows]


Figure = dict[str, float | None]


LEVEL = 0.95


def figure(values: ArrayLike, per: ArrayLike | None = None, level: float = LEVEL) -> Figure:
    """`{"mean", "low", "high"}`: the mean over shoppers, or the ratio of two sums, with a 95 % interval.

    The interval is Student's; that of a ratio goes by its linearisation (Cochran, "Sampling Techniques", 1977, section 6.3),
    which is close from some thirty shoppers on. None where a number does not exist: the mean over nothing, the interval of one.

    Args:
        values: (n,), one a shopper.
        per: (n,) what the values are a share of; the figure is then sum(values) / sum(per).
        level: of the interval. Of several figures from which one is picked it is `together(count)`, so that the interval of
            whichever it is holds with 95 %.
    """
    top = np.asarray(values, np.float64)
    bottom = np.ones_like(top) if per is None else np.asarray(per, np.float64)
    unit = float(bottom.mean()) if len(top) else 0.0
    if unit == 0:
        return {"mean": None, "low": None, "high": None}
    mean = float(top.mean()) / unit
    if not isfinite(mean):
        return {"mean": None, "low": None, "high": None}
    return _about(mean, (top - mean * bottom) / abs(unit), level)


def difference(values: ArrayLike, per: ArrayLike, others: ArrayLike, others_per: ArrayLike) -> Figure:
    """sum(values) / sum(per) less sum(others) / sum(others_per), of the same n shoppers in the same order."""
    parts = [tuple(np.asarray(each, np.float64) for each in pair) for pair in ((values, per), (others, others_per))]
    if any(bottom.sum() == 0 for _, bottom in parts):
        return {"mean": None, "low": None, "high": None}
    ratios = [float(top.sum() / bottom.sum()) for top, bottom in parts]
    pulls = [(top - ratio * bottom) / bottom.mean() for ratio, (top, bottom) in zip(ratios, parts, strict=True)]
    return _about(ratios[0] - ratios[1], pulls[0] - pulls[1], LEVEL)


def together(count: int) -> float:
    """The level of each of `count` intervals that hold all at once with 95 % (Bonferroni), whatever they have in common."""
    return 1 - (1 - LEVEL) / count


def of(found: Figure, unit: float | None) -> Figure:
    """A figure in a unit, such as what it is a share of; without numbers where there is no unit."""
    if not unit:
        return {"mean": None, "low": None, "high": None}
    return {part: None if value is None else value / unit for part, value in found.items()}


def _about(mean: float, pulls: NDArray[np.float64], level: float) -> Figure:
    """The mean, and its interval by how much each shopper (n,) pulls at it."""
    count = len(pulls)
    if count < 2:
        return {"mean": mean, "low": None, "high": None}
    half = float(stdtrit(count - 1, (1 + level) / 2)) * float(pulls.std(ddof=1)) / sqrt(count)
    return {"mean": mean, "low": mean - half, "high": mean + half}
