"""Means with their intervals, over seeds (bootstrap) and over shoppers (Student), and shares of a best value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import combinations_with_replacement
from math import comb, isfinite, nan, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, ndtri, stdtrit

from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
LEVEL = 0.95
LEAST_MARGIN = 0.05  # a best value below this share of the sum of gains and costs counts as about 0
RESAMPLES = 10_000  # drawn if there are too many to enumerate


@dataclass(frozen=True)
class Estimate:
    """A mean with its interval.

    Attributes:
        mean: the mean; None if there is nothing to average.
        low: lower end of the 95 % interval; None without an interval, for example for a single seed.
        high: upper end of the interval, or None.
    """

    mean: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def from_seeds(cls, values: ArrayLike) -> Estimate:
        """Estimate the mean over seeds with its bootstrap interval (see `bootstrap`).

        Args:
            values: (seeds,), one value per seed.
        """
        found = bootstrap(np.asarray(values, np.float64))
        return cls._finite(float(found.mean), float(found.low), float(found.high))

    @classmethod
    def from_samples(cls, values: ArrayLike, level: float = LEVEL) -> Estimate:
        """Estimate the mean over shoppers with Student's interval.

        Args:
            values: (n,), one value per shopper.
            level: coverage of the interval. To pick one of several estimates, use `together(count)`, so that the interval of
                the picked one still holds with 95 %.
        """
        top = np.asarray(values, np.float64)
        return cls.from_ratio(top, np.ones_like(top), level)

    @classmethod
    def from_ratio(cls, values: ArrayLike, per: ArrayLike, level: float = LEVEL) -> Estimate:
        """Estimate sum(values) / sum(per) over shoppers.

        The interval is Student's for the linearised ratio (Cochran, "Sampling Techniques", 1977, section 6.3), accurate from
        about thirty shoppers on.

        Args:
            values: (n,), the numerator of each shopper.
            per: (n,), the denominator of each shopper; if all are 0 the estimate is empty.
            level: see `from_samples`.
        """
        top, bottom = np.asarray(values, np.float64), np.asarray(per, np.float64)
        unit = float(bottom.mean()) if len(top) else 0.0
        if unit == 0:
            return cls(None)
        mean = float(top.mean()) / unit
        if not isfinite(mean):
            return cls(None)
        return cls._from_influence(mean, (top - mean * bottom) / abs(unit), level)

    @classmethod
    def paired_difference(cls, values: ArrayLike, per: ArrayLike, others: ArrayLike, others_per: ArrayLike) -> Estimate:
        """Estimate sum(values) / sum(per) - sum(others) / sum(others_per), for the same n shoppers in the same order.

        Args:
            values: (n,), numerators of the first ratio.
            per: (n,), denominators of the first ratio.
            others: (n,), numerators of the second ratio.
            others_per: (n,), denominators of the second ratio.
        """
        parts = [tuple(np.asarray(part, np.float64) for part in pair) for pair in ((values, per), (others, others_per))]
        if any(bottom.sum() == 0 for _, bottom in parts):
            return cls(None)
        ratios = [float(top.sum() / bottom.sum()) for top, bottom in parts]
        influences = [(top - ratio * bottom) / bottom.mean() for ratio, (top, bottom) in zip(ratios, parts, strict=True)]
        return cls._from_influence(ratios[0] - ratios[1], influences[0] - influences[1], LEVEL)

    @classmethod
    def from_proportion(cls, share: float, count: int) -> Estimate:
        """Estimate a share of shoppers with Student's interval.

        Args:
            share: the share, from 0 to 1.
            count: number of shoppers, at least 2.
        """
        half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * sqrt(share * (1 - share) / (count - 1))
        return cls(share, share - half, share + half)

    @classmethod
    def from_json(cls, content: Mapping[str, float | None] | None) -> Estimate:
        """Read `{"mean", "low", "high"}` from a results file; missing and non-finite numbers become None.

        Args:
            content: the content of the file; None for no estimate.
        """
        numbers = [(content or {}).get(part) for part in ("mean", "low", "high")]
        return cls._finite(*numbers)

    def to_json(self) -> dict[str, float | None]:
        """`{"mean", "low", "high"}`, as in results files."""
        return asdict(self)

    @classmethod
    def _finite(cls, *numbers: float | None) -> Estimate:
        return cls(*(number if number is not None and isfinite(number) else None for number in numbers))

    @classmethod
    def _from_influence(cls, mean: float, influence: Floats, level: float) -> Estimate:
        """The mean, with an interval from each shopper's influence (n,) on it."""
        count = len(influence)
        if count < 2:
            return cls(mean)
        half = float(stdtrit(count - 1, (1 + level) / 2)) * float(influence.std(ddof=1)) / sqrt(count)
        return cls(mean, mean - half, mean + half)

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high), or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    @property
    def known(self) -> list[float]:
        """Mean, low and high, without those that are None."""
        return [number for number in (self.mean, self.low, self.high) if number is not None]

    @property
    def excludes_zero(self) -> bool | None:
        """Whether the interval does not contain 0; None without an interval."""
        return None if self.low is None or self.high is None else self.low > 0 or self.high < 0

    def divided_by(self, unit: float | None) -> Estimate:
        """The estimate divided by a unit, for example as a share of it; empty without a unit.

        Args:
            unit: the number to divide by; None or 0 for no unit.
        """
        if not unit:
            return Estimate(None)
        return Estimate(*(None if part is None else part / unit for part in (self.mean, self.low, self.high)))

    def subtracted_from(self, number: float) -> Estimate:
        """`number` minus the estimate.

        Args:
            number: any number.
        """
        return Estimate(*(None if part is None else number - part for part in (self.mean, self.high, self.low)))

    def clipped(self, least: float | None, most: float | None) -> Estimate:
        """The estimate with its interval cut to `least`..`most`; None means no limit.

        Args:
            least: the lowest value of an end.
            most: the highest value of an end.
        """

        def cut(end: float | None) -> float | None:
            return (
                None
                if end is None
                else float(np.clip(end, -np.inf if least is None else least, np.inf if most is None else most))
            )

        return Estimate(self.mean, cut(self.low), cut(self.high))


@dataclass(frozen=True, repr=False)
class Estimates(Brief):
    """Means with their intervals as arrays; each has the shape of the values of one seed.

    Attributes:
        mean: the means.
        low: lower ends of the intervals; NaN for a single seed.
        high: upper ends of the intervals; NaN for a single seed.
    """

    mean: Floats
    low: Floats
    high: Floats


def as_json(content: Any) -> Any:
    """Replace the estimates in dictionaries and lists by `{"mean", "low", "high"}`, at any depth."""
    if isinstance(content, Estimate):
        return content.to_json()
    if isinstance(content, Mapping):
        return {key: as_json(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [as_json(value) for value in content]
    return content


@cache
def resamples(seeds: int) -> tuple[Floats, Floats]:
    """The shares (B, seeds) of each seed in each bootstrap resample, and the probability (B,) of each resample.

    For up to seven seeds these are all possible resamples, so nothing is random. For more seeds, 10,000 are drawn, always the
    same ones.
    """
    if comb(2 * seeds - 1, seeds) <= 2000:
        drawn = combinations_with_replacement(range(seeds), seeds)
        counts = np.array([np.bincount(each, minlength=seeds) for each in drawn])
        probability = np.exp(gammaln(seeds + 1) - gammaln(counts + 1).sum(axis=1) - seeds * np.log(seeds))
    else:
        random = np.random.Generator(np.random.Philox(seeds))
        counts = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=RESAMPLES)
        probability = np.full(RESAMPLES, 1 / RESAMPLES)
    return counts / seeds, probability


def bootstrap(values: ArrayLike, level: float = LEVEL) -> Estimates:
    """Estimate means over seeds with their bootstrap intervals.

    The plain percentile interval is too narrow for few seeds: it lacks the factors t/z and sqrt(n/(n-1)) (Hesterberg, "What
    teachers should know about the bootstrap", The American Statistician 69(4), 2015). Hesterberg corrects it with a more extreme
    percentile; with five seeds there is none that is extreme enough. Here, instead, the distances of the percentiles from the
    mean are multiplied by the same factor, t sqrt(n/(n-1)) / z. For normal values, a nominal 95 % covers 93 % with two seeds and
    94.5 to 95 % with three or more (Hesterberg's expanded percentiles: 50 % with two, 75 % with three, 92 % with five); for
    values as skewed as exponential ones, 88 to 90 %.

    Args:
        values: (seeds, ...), one row per seed.
        level: nominal coverage.
    """
    data = np.asarray(values, np.float64)
    mean = data.mean(axis=0)
    seeds = len(data)
    if seeds < 2:
        nothing = np.full_like(mean, np.nan)
        return Estimates(mean, nothing, nothing)
    tail = (1 - level) / 2
    shares, probability = resamples(seeds)
    means = shares @ data.reshape(seeds, -1)
    stretch = stdtrit(seeds - 1, 1 - tail) * sqrt(seeds / (seeds - 1)) / ndtri(1 - tail)
    low, high = (each.reshape(mean.shape) for each in _quantiles(means, probability, (tail, 1 - tail)))
    return Estimates(mean, mean + (low - mean) * stretch, mean + (high - mean) * stretch)


def probability_better(a: ArrayLike, b: ArrayLike) -> float:
    """The share of paired resamples in which the mean of `a` (seeds,) exceeds that of `b` (seeds,); ties count half."""
    difference = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    shares, probability = resamples(len(difference))
    means = shares @ difference
    rounding = 1e-12 * np.abs(difference).max()  # the remainder of differences that cancel out
    better, worse = (float(probability[part].sum()) for part in (means > rounding, means < -rounding))
    tied = float(probability[np.abs(means) <= rounding].sum())
    # Divide by the sum, which may differ from 1 by rounding.
    return (better + tied / 2) / (better + worse + tied)


def _quantiles(samples: Floats, probability: Floats, levels: tuple[float, ...]) -> list[Floats]:
    """For each column of (B, p), the smallest sample at which the cumulative probability reaches a level."""
    order = np.argsort(samples, axis=0)
    reached = np.cumsum(probability[order], axis=0)
    rows = [(reached >= level - 1e-12).argmax(axis=0) for level in levels]
    return [np.take_along_axis(samples, order[row, np.arange(samples.shape[1])][None], axis=0)[0] for row in rows]


def together(count: int) -> float:
    """The level of each of `count` intervals that hold simultaneously with 95 % (Bonferroni), for any dependence."""
    return 1 - (1 - LEVEL) / count


def scale(objectives: ArrayLike, weights: ArrayLike) -> float:
    """The sum of the absolute gains and costs of objectives (M,) with weights (M,)."""
    return float(np.abs(np.asarray(weights, np.float64)) @ np.abs(np.asarray(objectives, np.float64)))


def meaningful(best: ArrayLike, weights: ArrayLike) -> bool:
    """Whether shares of the best value, which is that of objectives (M,) with weights (M,), are meaningful.

    They are not if the best value is about 0 or negative, or if gains and costs nearly cancel out. The regret is always
    meaningful.
    """
    value = float(np.asarray(weights, np.float64) @ np.asarray(best, np.float64))
    return value > LEAST_MARGIN * scale(best, weights)


def share(value: float, best: ArrayLike, weights: ArrayLike) -> float:
    """A value as a share of the value of the best objectives (M,) with weights (M,); NaN if it is not `meaningful`."""
    if not meaningful(best, weights):
        return nan
    return value / float(np.asarray(weights, np.float64) @ np.asarray(best, np.float64))
