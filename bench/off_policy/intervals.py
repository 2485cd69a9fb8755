"""Intervals of off-policy estimates, computed from `Sums`: normal, bootstrap and empirical Bernstein."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import log
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from slategym.bench.off_policy.sums import Sums
from slategym.bench.off_policy.terms import Floats

Interval = Literal["normal", "bootstrap", "bernstein"]
INTERVALS: dict[str, str] = {
    "normal": "Student's interval of the linearised terms",
    "bootstrap": "percentiles of resampled estimates, corrected for bias and skewness",
    "bernstein": "empirical Bernstein: valid without a normal approximation, but wide",
}
RESAMPLES = 1000
SEED = 0x0FF
SMALLEST = 1e-3  # the least denominator


def normal(sums: Sums, level: float) -> tuple[Floats, Floats]:
    """(M,) lower and (M,) upper ends of Student's intervals of the linearised terms.

    A ratio of sums is linearised by the delta method (Owen, "Monte Carlo theory, methods and examples", 2013, chapter 9).

    Args:
        sums: the sums of the estimator.
        level: nominal coverage.
    """
    value, error = sums.value, np.sqrt(np.diagonal(sums.covariance()))
    half = float(stdtrit(sums.freedom, (1 + level) / 2)) * error if sums.freedom > 0 else np.full_like(value, np.nan)
    return value - half, value + half


def resampled(sums: Sums, count: int = RESAMPLES) -> Floats:
    """(B, M) estimates from bootstrap resamples: multinomial draws of groups of rounds (Efron, Annals of Statistics 1979).

    If there are fewer rounds than groups, each round is a group. If there are more, the sums of the groups have the same first
    three cumulants per round as the rounds, at a cost that does not grow with the log. The draws depend only on the number of
    groups, so all estimators of the same log get the same resamples.

    Args:
        sums: the sums of the estimator.
        count: B, the number of resamples.
    """
    return _resampled([sums], count)[0]


def bootstrap(sums: Sums, level: float) -> tuple[Floats, Floats]:
    """(M,) lower and (M,) upper ends of bootstrap intervals: percentiles of `resampled`, corrected for bias and skewness (BCa).

    Efron, "Better bootstrap confidence intervals", JASA 1987, with the acceleration of the linearised terms.

    Args:
        sums: the sums of the estimator.
        level: nominal coverage.
    """
    return bootstraps([sums], level)[0]


def bootstraps(each: Sequence[Sums], level: float) -> list[tuple[Floats, Floats]]:
    """`bootstrap` for several estimators of the same rounds, which is faster than separate calls.

    Args:
        each: the sums of each estimator.
        level: nominal coverage.
    """
    if not each or each[0].freedom < 1:
        return [_none(sums) for sums in each]
    return [_corrected(sums, samples, level) for sums, samples in zip(each, _resampled(each, RESAMPLES), strict=True)]


def _corrected(sums: Sums, samples: Floats, level: float) -> tuple[Floats, Floats]:
    value, ordinary = sums.value, ndtri([(1 - level) / 2, (1 + level) / 2])
    below = ((samples < value).mean(axis=0) + (samples <= value).mean(axis=0)) / 2
    bias, acceleration = ndtri(np.clip(below, 1 / len(samples), 1 - 1 / len(samples))), sums.skewness() / 6
    moved = bias + ordinary[:, None]
    share = ndtr(bias + moved / np.maximum(1 - acceleration * moved, SMALLEST))
    low, high = (np.array([np.quantile(samples[:, m], share[end, m]) for m in range(len(value))]) for end in (0, 1))
    return low, high


def _resampled(each: Sequence[Sums], count: int) -> list[Floats]:
    groups, sizes = zip(*(sums.resampled_parts for sums in each), strict=True)
    drawn = _draws(len(sizes[0]), count)
    totals = drawn @ np.concatenate([*groups, sizes[0][:, None]], axis=1)
    parts = np.split(totals, np.cumsum([group.shape[1] for group in groups]), axis=1)
    return [sums.values_of(part, parts[-1][:, 0]) for sums, part in zip(each, parts[:-1], strict=True)]


def ends(samples: Floats, level: float) -> tuple[Floats, Floats]:
    """The percentiles of (B, ...) samples that contain a share `level` of them; NaN if a sample is not finite.

    Args:
        samples: the samples of the bootstrap.
        level: nominal coverage.
    """
    low, high = np.quantile(samples, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(low), np.asarray(high)


def bernstein(sums: Sums, level: float, bounds: tuple[float, float] | None = None) -> tuple[Floats, Floats]:
    """(M,) lower and (M,) upper ends of empirical Bernstein intervals, where each side has half of the error probability.

    |mean - expectation| <= sqrt(2 V log(4 / d) / n) + 7 R log(4 / d) / (3 (n - 1)) with probability 1 - d, for terms with sample
    variance V in a range of length R (Maurer, Pontil, "Empirical Bernstein bounds and sample variance penalization", COLT 2009,
    theorem 4). For ratios of sums, the bound is applied to the linearised terms and is not guaranteed.

    Args:
        sums: the sums of the estimator.
        level: the guaranteed coverage.
        bounds: the least and the largest possible value of a term; by default those observed, for which there is no guarantee.

    Raises:
        ValueError: the rounds are in clusters.
    """
    if sums.clustered:
        raise ValueError("the empirical Bernstein interval needs independent rounds: use bootstrap or normal with clusters")
    if sums.freedom < 1:
        return _none(sums)
    n, logarithm = sums.count, log(4 / (1 - level))
    variance = np.diagonal(sums.covariance()) * n
    spread = sums.spread() if bounds is None else np.full(len(variance), bounds[1] - bounds[0])
    half = np.sqrt(2 * variance * logarithm / n) + 7 * spread * logarithm / (3 * (n - 1))
    return sums.value - half, sums.value + half


def _none(sums: Sums) -> tuple[Floats, Floats]:
    nothing = np.full_like(sums.value, np.nan)
    return nothing, nothing


@cache
def _draws(groups: int, count: int) -> Floats:
    """(B, G) the number of times that each group is in each resample."""
    random = np.random.Generator(np.random.Philox([SEED, groups]))
    return random.multinomial(groups, np.full(groups, 1 / groups), size=count).astype(np.float64)
