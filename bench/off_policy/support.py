"""Whether a log contains enough information about a policy: missing propensities, support and effective sample size."""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from slategym.bench.off_policy.rounds import Rounds
from slategym.bench.off_policy.sums import Sums
from slategym.bench.off_policy.terms import Floats
from slategym.bench.statistics import LEVEL
from slategym.utils.short_repr import Brief

LEAST_SIZE = 100  # the least effective sample size for which normal intervals can be trusted
LARGEST_SHARE = 0.1  # the largest share of one round in all weights without a warning
LARGEST_SKEWNESS = 0.2  # the largest skewness of an estimate without a warning
LEAST_MISSING = 0.01  # the least probability of the target policy outside the support with a warning


class Support(Brief):
    """The overlap of the logging policy and the policy to evaluate, estimated from a log; rounds are added in blocks.

    Attributes:
        rounds: n, the number of rounds so far.
        unlogged: the number of rounds whose logged propensity is 0 or unknown.
        weight_sum: the sum of the importance weights of whole rounds.
    """

    def __init__(self) -> None:
        self.rounds = self.unlogged = 0
        self.weight_sum = self._squares = self._outside = 0.0
        self._outside_known = False

    def add(self, rounds: Rounds) -> None:
        """Add further rounds.

        Args:
            rounds: rounds of any kind.
        """
        if not len(rounds):
            return
        weight = rounds.weight
        self.rounds += len(rounds)
        self.unlogged += int(rounds.unlogged.sum())
        self.weight_sum += float(weight.sum())
        self._squares += float(weight @ weight)
        outside = rounds.array("outside")
        if outside is not None:
            self._outside_known = True
            self._outside += float(outside.sum())

    @property
    def mean_weight(self) -> float:
        """The mean importance weight, whose expectation is 1 if the log supports the policy; NaN without rounds."""
        return self.weight_sum / self.rounds if self.rounds else float("nan")

    @property
    def effective_size(self) -> float:
        """(sum w)^2 / sum w^2 of the weights of whole rounds: the equivalent number of unweighted rounds (Kish 1965)."""
        return self.weight_sum**2 / self._squares if self._squares else 0.0

    @property
    def outside(self) -> float:
        """The target policy's probability of choices that the logging policy never makes.

        If `Actions.outside` does not give it, it is 1 minus the mean weight, if the mean weight is significantly below 1 and the
        effective sample size is at least 100; else 0.
        """
        if self._outside_known:
            return self._outside / self.rounds
        if self.effective_size < LEAST_SIZE:
            return 0.0
        mean = self.mean_weight
        variance = max(self._squares / self.rounds - mean**2, 0) / (self.rounds - 1)
        return 1 - mean if mean + float(ndtri((1 + LEVEL) / 2)) * sqrt(variance) < 1 else 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on the information that the log lacks."""
        said = []
        if not self.rounds:
            return ("The log has no rounds.",)
        if self.unlogged:
            said.append(
                f"{self.unlogged:,} of {self.rounds:,} rounds have a logged propensity of 0 or none: they count with weight "
                "0, and importance weighting is biased."
            )
        if self.weight_sum == 0:
            return (*said, "The policy never makes a logged choice: importance weighting cannot evaluate it.")
        if self.outside > LEAST_MISSING:
            said.append(
                f"About {100 * self.outside:.2g} % of the policy's choices are outside the support of the log, which never "
                "contains them: only a reward model can estimate their value."
            )
        return tuple(said)


def estimate_warnings(sums: Sums) -> tuple[str, ...]:
    """Warnings about an estimate: too few effective rounds, a round with too much weight, or too skewed terms.

    Cochran's rule ("Sampling techniques", 1977, section 2.15): a normal interval of a mean needs n > 25 times the squared
    skewness of the terms, which means a skewness of the mean of at most 0.2.

    Args:
        sums: the sums of the estimator.
    """
    said = []
    if 0 < sums.effective_size < LEAST_SIZE:
        said.append(
            f"The effective sample size is {sums.effective_size:.3g} of {sums.count:,} rounds: below {LEAST_SIZE}, weighted "
            "estimates and their intervals cannot be trusted."
        )
    if sums.largest_share > LARGEST_SHARE:
        said.append(f"One round has {100 * sums.largest_share:.2g} % of all weight: the estimate depends on it.")
    skewness = float(np.abs(sums.skewness()).max())
    if skewness > LARGEST_SKEWNESS:
        said.append(
            f"A few rounds with large weights or rare rewards dominate the estimate (its skewness is {skewness:.2g}, above "
            f"{LARGEST_SKEWNESS:g}): normal and bootstrap intervals cover less than their level."
        )
    return tuple(said)


def mass_outside(behaviour: ArrayLike, target: ArrayLike) -> Floats:
    """(n,) the target policy's probability of actions that the logging policy never chooses: `Actions.outside`.

    Args:
        behaviour: (n, m) probabilities of all actions under the logging policy.
        target: (n, m) the same under the policy to evaluate.
    """
    return np.asarray(np.where(np.asarray(behaviour) > 0, 0, np.asarray(target, np.float64)).sum(axis=1))
