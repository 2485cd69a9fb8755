"""Whether a log says anything of a policy: what of its weights is missing, outside the support, or too few."""

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

LEAST_SIZE = 100  # rounds that the weights are as good as, below which normal intervals cannot be trusted
LARGEST_SHARE = 0.1  # of one round in all weights
LARGEST_SKEWNESS = 0.2  # of an estimate
LEAST_MISSING = 0.01  # of the target's probability, outside the support


class Support(Brief):
    """The overlap of the logging policy and the policy to evaluate, as far as a log shows it; rounds are added in blocks.

    Attributes:
        rounds: n, so far.
        unlogged: rounds whose logged propensity is 0 or unknown.
        weight_sum: of the importance weights of whole rounds.
    """

    def __init__(self) -> None:
        self.rounds = self.unlogged = 0
        self.weight_sum = self._squares = self._outside = 0.0
        self._outside_known = False

    def add(self, rounds: Rounds) -> None:
        """Add further rounds.

        Args:
            rounds: of any kind.
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
        """The mean importance weight, which is 1 on average where the log supports the policy; NaN without rounds."""
        return self.weight_sum / self.rounds if self.rounds else float("nan")

    @property
    def effective_size(self) -> float:
        """(sum w)^2 / sum w^2 of the weights of whole rounds: how many unweighted rounds they are as good as (Kish 1965)."""
        return self.weight_sum**2 / self._squares if self._squares else 0.0

    @property
    def outside(self) -> float:
        """The target policy's probability of choices that the log cannot hold.

        Where `Actions.outside` does not give it, 1 less the mean weight, if that is significantly below 1 and the weights are
        not so few that their mean says nothing.
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
        """Sentences on what the log lacks."""
        said = []
        if not self.rounds:
            return ("The log has no rounds.",)
        if self.unlogged:
            said.append(
                f"{self.unlogged:,} of {self.rounds:,} rounds have a logged propensity of 0 or none: they count with weight "
                "0, and importance weighting is biased."
            )
        if self.weight_sum == 0:
            return (*said, "The policy never chooses what the log holds: importance weighting says nothing of it.")
        if self.outside > LEAST_MISSING:
            said.append(
                f"About {100 * self.outside:.2g} % of the policy's choices are outside the support of the log, which never "
                "shows them: only a reward model speaks for them."
            )
        return tuple(said)


def estimate_warnings(sums: Sums) -> tuple[str, ...]:
    """Sentences on an estimate: too few rounds that count, one that counts too much, or terms too skewed for its interval.

    Cochran's rule ("Sampling techniques", 1977, section 2.15): a normal interval of a mean needs n > 25 times the squared
    skewness of the terms, which is a skewness of at most 0.2 of the mean.

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
            f"Few rounds decide the estimate, by large weights or rare rewards (its skewness is {skewness:.2g}, above "
            f"{LARGEST_SKEWNESS:g}): normal and bootstrap intervals cover less than they say."
        )
    return tuple(said)


def mass_outside(behaviour: ArrayLike, target: ArrayLike) -> Floats:
    """(n,) the target policy's probability of actions that the logging policy never chooses: `Actions.outside`.

    Args:
        behaviour: (n, m) probabilities of all actions under the logging policy.
        target: (n, m) the same under the policy to evaluate.
    """
    return np.asarray(np.where(np.asarray(behaviour) > 0, 0, np.asarray(target, np.float64)).sum(axis=1))
