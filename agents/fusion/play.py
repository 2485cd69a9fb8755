"""How a bandit over agents shares out shoppers: Exp3 and Thompson sampling."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class Play(ABC):
    """The probabilities by which each shopper is given to one of J members, and what they learn from.

    Args:
        members: J.
        uniform: the share of shoppers who are given to a member drawn uniformly.
        halflife: slates after which a reward counts half; None forgets nothing.
    """

    def __init__(self, members: int, uniform: float, halflife: float | None) -> None:
        self.uniform, self.halflife = uniform, halflife
        self.slates, self.reward, self.square = np.zeros(members), np.zeros(members), np.zeros(members)

    @property
    def probability(self) -> NDArray[np.float64]:
        """(J,) of each member, which sum to 1."""
        preferred = self.preferred()
        return np.asarray((1 - self.uniform) * preferred + self.uniform / len(preferred))

    @property
    def mean(self) -> float:
        """The mean reward of a slate of any member."""
        return float(self.reward.sum() / max(self.slates.sum(), 1.0))

    @property
    def deviation(self) -> float:
        """The standard deviation of the reward of a slate, within members; 1 before there are any."""
        mean = self.reward / np.maximum(self.slates, 1)
        variance = (self.square - self.slates * mean**2).sum() / max(self.slates.sum(), 1.0)
        return float(np.sqrt(variance)) if variance > 0 else 1.0

    @abstractmethod
    def preferred(self) -> NDArray[np.float64]:
        """(J,) the probabilities before the uniform share."""

    def learn(self, member: NDArray[np.int64], reward: Floats, probability: NDArray[np.float64]) -> None:
        """Learn what slates earned.

        Args:
            member: (n,) whose slates they were.
            reward: (n,), of each slate.
            probability: (J,) at the time of the draw.
        """
        if self.halflife is not None:
            kept = np.exp2(-len(member) / self.halflife)
            self.slates, self.reward, self.square = kept * self.slates, kept * self.reward, kept * self.square
        members = len(self.slates)
        self.slates = self.slates + np.bincount(member, minlength=members)
        self.reward = self.reward + np.bincount(member, reward, members)
        self.square = self.square + np.bincount(member, reward**2, members)


class Exp3(Play):
    """Exponential weights of estimated rewards (Auer, Cesa-Bianchi, Freund, Schapire, SIAM J. Comput. 2002).

    The estimate of a member's reward is (reward - baseline) / deviation / probability where it was drawn, and 0 elsewhere. The
    baseline is the mean reward before, which lowers the variance and does not change whom the weights prefer.

    Args:
        members: J.
        uniform: see `Play`.
        halflife: see `Play`.
        rate: of the weights, per slate and standard deviation of its reward.
    """

    def __init__(self, members: int, uniform: float, halflife: float | None, rate: float) -> None:
        super().__init__(members, uniform, halflife)
        self.rate, self.gain = rate, np.zeros(members)

    def preferred(self) -> NDArray[np.float64]:
        """(J,) in proportion to exp(rate * estimated rewards)."""
        weights = np.exp(self.rate * (self.gain - self.gain.max()))
        return np.asarray(weights / weights.sum())

    def learn(self, member: NDArray[np.int64], reward: Floats, probability: NDArray[np.float64]) -> None:
        """Add estimates of the rewards.

        Args:
            member: (n,) whose slates they were.
            reward: (n,), of each slate.
            probability: (J,) at the time of the draw.
        """
        baseline = self.mean if self.slates.any() else float(np.mean(reward)) if len(reward) else 0.0
        super().learn(member, reward, probability)
        kept = 1.0 if self.halflife is None else float(np.exp2(-len(member) / self.halflife))
        gained = np.bincount(member, (reward - baseline) / self.deviation, len(self.gain)) / probability
        self.gain = kept * self.gain + gained


class Thompson(Play):
    """Thompson sampling of the members' mean rewards, whose posteriors are normal (Agrawal, Goyal, AISTATS 2013).

    A shopper gets the member with the highest drawn mean. The probability of that is found by quadrature, and the member drawn
    by it, which is the same and makes propensities exact.
    """

    def preferred(self) -> NDArray[np.float64]:
        """(J,) the probability that a member's mean reward is the highest."""
        from scipy.special import ndtr  # slow to import

        if not self.slates.all():
            return np.full(len(self.slates), 1 / len(self.slates))
        mean, error = self.reward / np.maximum(self.slates, 1), self.deviation / np.sqrt(np.maximum(self.slates, 1))
        z = np.linspace(-6, 6, 401)
        drawn = mean[:, None] + error[:, None] * z  # (J, 401)
        below = ndtr((drawn[:, :, None] - mean) / error)  # (J, 401, J), that the others' draws are lower
        below[np.arange(len(mean)), :, np.arange(len(mean))] = 1.0
        chance = (below.prod(axis=2) * np.exp(-(z**2) / 2)).sum(axis=1)
        return np.asarray(chance / chance.sum())
