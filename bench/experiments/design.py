"""The number of shoppers that an online test of two agents needs, with a check by simulated tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from slategym.bench.statistics import LEVEL
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
TESTS = 1000  # simulated tests for each rate
MOST_SIMULATED = 20_000  # the largest number of shoppers of a simulated test
SEED = 0xAB7E57


@dataclass(frozen=True, repr=False)
class Pool(Brief):
    """The rewards of shoppers under an agent, with one row per shopper.

    Attributes:
        totals: (e, q) the sum of each quantity over the shopper's episode.
        visits: (e,) the number of visits of the episode.
        squares: (q,) for each quantity, the mean square per slate.
    """

    totals: Floats
    visits: Floats
    squares: Floats

    @property
    def mean(self) -> Floats:
        """(q,) the means per shopper."""
        return np.asarray(self.totals.mean(axis=0))

    @property
    def variance(self) -> Floats:
        """(q,) the variances between shoppers."""
        return np.asarray(self.totals.var(axis=0, ddof=1))

    @property
    def slate_variance(self) -> Floats:
        """(q,) the variances between slates, as if each slate had a different shopper."""
        per_slate = self.totals.sum(axis=0) / self.visits.sum()
        return np.asarray(np.maximum(self.squares - per_slate**2, 0))


def shoppers_needed(variance_a: float, variance_b: float, difference: float, share: float, power: float) -> int | None:
    """The number of shoppers in both arms with which a two-sided test at 5 % detects a difference of means; None if it is 0.

    Args:
        variance_a: variance between shoppers in the first arm.
        variance_b: variance between shoppers in the second arm.
        difference: the difference of the means.
        share: the share of the shoppers in the second arm.
        power: the probability of detecting the difference.
    """
    if difference == 0:
        return None
    spread = variance_a / (1 - share) + variance_b / share
    both = float(ndtri((1 + LEVEL) / 2) + ndtri(power))
    return max(ceil(both**2 * spread / difference**2), 4)


def days_needed(shoppers: int, per_day: int, visits: int) -> int:
    """The number of days until all shoppers have come and their episodes are over, with one visit per day.

    Args:
        shoppers: the number of shoppers in both arms.
        per_day: the number of new shoppers per day.
        visits: the largest number of visits of a shopper.
    """
    return ceil(shoppers / per_day) + visits - 1


def simulated_rates(
    a: Pool, b: Pool, quantity: int, shoppers: int, share: float, difference: float, seed: int = SEED
) -> dict[str, float]:
    """Simulate tests of a given size, with shoppers drawn from the two pools, and count how often they report a difference.

    The totals of the second agent's shoppers are shifted to the mean that the test assumes, which keeps their variance.

    Args:
        a: the shoppers of the first agent, drawn with replacement.
        b: the shoppers of the second agent.
        quantity: the column of the totals.
        shoppers: the number of shoppers in both arms.
        share: the share of the shoppers in the second arm.
        difference: the difference between the means of the arms, in the tests that have one.
        seed: the seed of the draws.

    Returns:
        `power`: the share of tests that detect the difference. `false`: the share of tests without a difference that report one.
        `false_per_slate`: the share of tests between two groups of the first agent's shoppers that report a difference if slates
        are treated as independent.
    """
    random = np.random.Generator(np.random.Philox(seed))
    of_b = min(max(round(share * shoppers), 2), shoppers - 2)
    values_a, values_b = a.totals[:, quantity], b.totals[:, quantity]
    shift = float(values_a.mean() - values_b.mean())
    limit, slate_variance = float(ndtri((1 + LEVEL) / 2)), float(a.slate_variance[quantity])
    told = {"power": 0, "false": 0, "false_per_slate": 0}
    for _ in range(TESTS):
        some_a = random.integers(len(values_a), size=shoppers - of_b)
        again_a = random.integers(len(values_a), size=of_b)
        some_b = random.integers(len(values_b), size=of_b)
        first, second = values_a[some_a], values_b[some_b]
        error = sqrt(first.var(ddof=1) / len(first) + second.var(ddof=1) / len(second)) or 1e-300
        gap = float(second.mean() + shift - first.mean())
        told["false"] += abs(gap) > limit * error
        told["power"] += abs(gap + difference) > limit * error
        slates = [float(a.visits[some].sum()) for some in (some_a, again_a)]
        naive = sqrt(slate_variance * (1 / slates[0] + 1 / slates[1])) or 1e-300
        told["false_per_slate"] += abs(first.sum() / slates[0] - values_a[again_a].sum() / slates[1]) > limit * naive
    return {name: count / TESTS for name, count in told.items()}


def _checked(a: Pool, b: Pool, quantity: int, needed: int, share: float, difference: float) -> dict[str, float]:
    """The rates of tests of a given size; large tests are replaced by smaller ones with a larger difference of equal power."""
    used = min(needed, MOST_SIMULATED)
    return simulated_rates(a, b, quantity, used, share, difference * sqrt(needed / used))


def plan_of(
    a: Pool, b: Pool, names: Mapping[str, str], share: float, detect: float, power: float, per_day: int, visits: int
) -> dict[str, Any]:
    """The plan of a test for each quantity.

    Args:
        a: the shoppers of the first agent.
        b: the shoppers of the second agent.
        names: the names of the quantities, with their plurals, in the order of the pools' columns.
        share: the share of the shoppers who are assigned to the second agent.
        detect: the difference to detect, as a share of the first agent's mean.
        power: the probability of detecting it.
        per_day: the number of new shoppers per day.
        visits: the largest number of visits of a shopper.

    Returns:
        By name: `mean_a` and `mean_b` per shopper, `variance_a` and `variance_b`, the needed `shoppers` and `days`, and
        `checked`, the rates of `simulated_rates`; the last three are null if the first agent's mean is 0.
    """
    found: dict[str, Any] = {}
    for column, name in enumerate(names):
        difference = detect * abs(float(a.mean[column]))
        needed = shoppers_needed(float(a.variance[column]), float(b.variance[column]), difference, share, power)
        found[name] = {
            "mean_a": float(a.mean[column]),
            "mean_b": float(b.mean[column]),
            "variance_a": float(a.variance[column]),
            "variance_b": float(b.variance[column]),
            "shoppers": needed,
            "days": None if needed is None else days_needed(needed, per_day, visits),
            "checked": None if needed is None else _checked(a, b, column, needed, share, difference),
        }
    return found
