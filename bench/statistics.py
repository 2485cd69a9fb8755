"""Means with their intervals, over seeds (bootstrap) and over shoppers (Student), and shares of a best value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import comb, isfinite, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri, stdtrit

from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
Figure = dict[str, float | None]
LEVEL = 0.95
LEAST = 0.05  # of what is gained and what is paid: a best value below that is about nothing
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
    teachers should know about the bootstrap", The American Statistician 69(4), 2015). He corrects it by a more extreme
    percentile; five seeds have none so far out, so here the distances of the percentiles from the mean are stretched by the
    same factor, t sqrt(n/(n-1)) / z. On normal values a nominal 95 % covers 93 % with two seeds and 94.5 to 95 % with three or
    more (his expanded percentiles: 50 % with two, 75 % with three, 92 % with five); on values as skewed as exponential ones, 88
    to 90 %.

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


class Estimate(NamedTuple):
    """A mean with its 95 % interval; any of the three may be None, the interval is when there is one seed."""

    mean: float | None
    low: float | None = None
    high: float | None = None

    @staticmethod
    def of(figure: Mapping[str, float | None] | None) -> Estimate:
        """From `{"mean", "low", "high"}` as results.json has it; what is missing or not finite is None."""
        read = [(figure or {}).get(part) for part in Estimate._fields]
        return Estimate(*(part if part is not None and isfinite(part) else None for part in read))

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high), or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)


class Difference(NamedTuple):
    """How much one agent earns above another per slate."""

    value: float
    low: float | None
    high: float | None
    probability: float | None

    @property
    def told_apart(self) -> bool | None:
        """Whether the interval leaves zero out; None without an interval."""
        return None if self.low is None or self.high is None else self.low > 0 or self.high < 0

    def turned(self) -> Difference:
        """The same, seen from the other agent."""

        def negative(number: float | None) -> float | None:
            return None if number is None else -number

        probability = None if self.probability is None else 1 - self.probability
        return Difference(-self.value, negative(self.high), negative(self.low), probability)


def scale(objectives: ArrayLike, weights: ArrayLike) -> float:
    """What objectives (M,) move by the weights (M,): gains and costs, both counted as gains."""
    return float(np.abs(np.asarray(weights, np.float64)) @ np.abs(np.asarray(objectives, np.float64)))


def meaningful(best: ArrayLike, weights: ArrayLike) -> bool:
    """Whether a share of the best value, that of objectives (M,) by the weights (M,), means something.

    It does not where the best is a loss or nothing, or where gains and costs nearly cancel out: then a share grows with what is
    lost. Who falls how far short of the best, the regret, can always be said.
    """
    value = float(np.asarray(weights, np.float64) @ np.asarray(best, np.float64))
    return value > LEAST * scale(best, weights)


def share(value: float, best: ArrayLike, weights: ArrayLike) -> float:
    """A value as a share of that of the best objectives (M,) by the weights (M,); NaN where it means nothing."""
    if not meaningful(best, weights):
        return nan
    return value / float(np.asarray(weights, np.float64) @ np.asarray(best, np.float64))
