"""Claims that one agent beats another: paired over seeds, and all correct together with 95 %, for any number of pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import nctdtr, stdtr, stdtrit

from slategym.bench.statistics import LEVEL, Estimate, probability_better

Floats = NDArray[np.float64]
POWER = 0.8
MOST_SEEDS = 100_000  # the largest number of seeds that is recommended
ENOUGH_SEEDS = 5  # with fewer seeds, intervals hold only for values that are nearly normal
EFFECT = 1.0  # standard deviation of the effects that `sequence_interval` looks for, in standard deviations of the differences


@dataclass(frozen=True)
class Pair:
    """Two agents on the same seeds.

    Attributes:
        a: the first agent.
        b: the second agent.
        difference: the difference of the means, a minus b, with an interval that holds for all pairs at once with 95 %.
        p: the p-value of "no difference" in the paired t-test; None for fewer than two seeds.
        adjusted: the p-value adjusted for all pairs (Holm, "A simple sequentially rejective multiple test procedure",
            Scandinavian Journal of Statistics 6, 1979); None if `p` is.
        spread: standard deviation over seeds of the paired difference.
        unpaired: standard deviation of a difference of two independent seeds.
        probability: see `statistics.probability_better`.
    """

    a: str
    b: str
    difference: Estimate
    p: float | None = None
    adjusted: float | None = None
    spread: float | None = None
    unpaired: float | None = None
    probability: float | None = None

    @property
    def apart(self) -> bool | None:
        """Whether the agents are claimed to differ; None if there are too few seeds to decide."""
        return None if self.adjusted is None else self.adjusted <= 1 - LEVEL


def pairs(values: Mapping[str, Mapping[int, float]]) -> list[Pair]:
    """Compare all pairs of agents, so that at most 5 % of benchmarks claim a difference where there is none.

    Differences over seeds are tested with Student's t-test. It is exact for normal values, and conservative for heavier tails if
    the values of both agents have the same distribution. Holm's step-down procedure makes the claims hold together. The
    intervals are Bonferroni's; if only the step-down procedure makes a claim, its interval ends at 0.

    Args:
        values: by agent, the value of each seed; agents are compared on the seeds that both have.
    """
    found = []
    level = 1 - (1 - LEVEL) / max(len(values) * (len(values) - 1) // 2, 1)
    for a, b in combinations(values, 2):
        both = [seed for seed in values[a] if seed in values[b]]
        of_a, of_b = (np.array([values[name][seed] for seed in both], np.float64) for name in (a, b))
        found.append(_pair(a, b, of_a, of_b, level))
    order = sorted((number for number, pair in enumerate(found) if pair.p is not None), key=lambda number: found[number].p or 0.0)
    highest = 0.0
    for place, number in enumerate(order):
        pair = found[number]
        highest = max(highest, min(1.0, (len(order) - place) * (pair.p or 0.0)))
        difference = pair.difference
        if highest <= 1 - LEVEL and not difference.excludes_zero and difference.mean is not None:
            least = float(np.nextafter(0.0, difference.mean))  # open at 0
            difference = replace(difference, **({"low": least} if difference.mean > 0 else {"high": least}))
        found[number] = replace(pair, difference=difference, adjusted=highest)
    return found


def _pair(a: str, b: str, of_a: Floats, of_b: Floats, level: float) -> Pair:
    gaps = of_a - of_b
    if not len(gaps) or not np.isfinite(gaps).all():
        return Pair(a, b, Estimate(None))
    if len(gaps) < 2:
        return Pair(a, b, Estimate(float(gaps[0])))
    mean, spread = float(gaps.mean()), float(gaps.std(ddof=1))
    if spread <= 1e-12 * float(np.abs([of_a, of_b]).max()):  # rounding
        p = 1.0 if abs(mean) <= 1e-12 * float(np.abs([of_a, of_b]).max()) else 0.0
    else:
        p = float(2 * stdtr(len(gaps) - 1, -abs(mean) / (spread / sqrt(len(gaps)))))
    half = float(stdtrit(len(gaps) - 1, (1 + level) / 2)) * spread / sqrt(len(gaps))
    unpaired = sqrt(float(of_a.var(ddof=1) + of_b.var(ddof=1)))
    return Pair(a, b, Estimate(mean, mean - half, mean + half), p, None, spread, unpaired, probability_better(of_a, of_b))


def power(difference: float, spread: float, seeds: int, level: float = LEVEL) -> float:
    """The probability that a two-sided paired t-test detects a difference.

    Args:
        difference: the true difference.
        spread: standard deviation over seeds of the paired difference.
        seeds: the number of seeds, at least 2.
        level: 1 minus the probability of detecting a difference where there is none.
    """
    if spread <= 0:
        return 1.0 if difference else 1 - level
    limit = float(stdtrit(seeds - 1, (1 + level) / 2))
    shift = abs(difference) / spread * sqrt(seeds)
    if shift > 30:  # here the distribution is practically normal, and its series fails
        return 1.0
    return float(1 - nctdtr(seeds - 1, shift, limit) + nctdtr(seeds - 1, shift, -limit))


def seeds_to_tell(difference: float, spread: float, level: float = LEVEL, wanted: float = POWER) -> int | None:
    """The number of seeds that detect a difference with a given power; None if it is more than 100,000.

    Args:
        difference: the true difference, not 0.
        spread: standard deviation over seeds of the paired difference.
        level: see `power`.
        wanted: the power.
    """
    low, high = 2, 2
    while power(difference, spread, high, level) < wanted:
        low, high = high, 2 * high
        if high > MOST_SEEDS:
            return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if power(difference, spread, middle, level) >= wanted else (middle + 1, high)
    return high


def told_difference(spread: float, seeds: int, level: float = LEVEL, wanted: float = POWER) -> float:
    """The smallest difference that a number of seeds detects with a given power.

    Args:
        spread: standard deviation over seeds of the paired difference.
        seeds: the number of seeds, at least 2.
        level: see `power`.
        wanted: the power.
    """
    low, high = 0.0, spread
    while power(high, spread, seeds, level) < wanted:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, spread, seeds, level) >= wanted else (middle, high)
    return high


def sequence_interval(differences: ArrayLike, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a mean that holds at every number of seeds at once: it may be looked at after each seed to decide to stop.

    It contains all values that the t-statistic's mixture likelihood ratio does not reject; the mixture is a normal distribution
    of standardised effects. It is valid at every stopping time for normal values (Lai, "On confidence sequences", Annals of
    Statistics 4, 1976; Wang and Ramdas, "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown
    variance", arXiv 2310.03722, 2023).

    Args:
        differences: (seeds,), paired differences so far.
        level: the level of the interval.

    Returns:
        Its ends; infinite while there are too few seeds.
    """
    values = np.asarray(differences, np.float64)
    count = len(values)
    if count < 2:
        return -inf, inf
    mean, spread = float(values.mean()), float(values.std(ddof=1))
    shrunk = 1 + count * EFFECT**2
    # The ratio is shrunk**-1/2 * ((1 + t2 / v) / (1 + t2 / (v shrunk)))**(count / 2), where t2 is the squared t-statistic.
    factor = (sqrt(shrunk) / (1 - level)) ** (2 / count)
    if factor >= shrunk:
        return -inf, inf
    limit = (count - 1) * (factor - 1) / (1 - factor / shrunk)
    half = sqrt(limit) * spread / sqrt(count)
    return mean - half, mean + half
