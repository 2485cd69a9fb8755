"""Rules by which a bandit over agents assigns shoppers to them: Exp3 and Thompson sampling."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]


class Play(ABC):
    """The base class of rules: the probabilities with which a shopper is assigned to each of J members, learned from rewards.

    Args:
        members: J.
        uniform: the share of shoppers who are assigned to a uniformly drawn member.
        halflife: number of slates after which a reward counts half; None: no forgetting.
    """

    def __init__(self, members: int, uniform: float, halflife: float | None) -> None:
        self.uniform, self.halflife = uniform, halflife
        self.slates, self.reward, self.square = np.zeros(members), np.zeros(members), np.zeros(members)

    @property
    def probability(self) -> NDArray[np.float64]:
        """(J,) the probability of each member; they sum to 1."""
        preferred = self.preferred()
        return np.asarray((1 - self.uniform) * preferred + self.uniform / len(preferred))

    @property
    def mean(self) -> float:
        """The mean reward of a slate, over all members."""
        return float(self.reward.sum() / max(self.slates.sum(), 1.0))

    @property
    def deviation(self) -> float:
        """The standard deviation of the reward of a slate within members; 1 before there are rewards."""
        mean = self.reward / np.maximum(self.slates, 1)
        variance = (self.square - self.slates * mean**2).sum() / max(self.slates.sum(), 1.0)
        return float(np.sqrt(variance)) if variance > 0 else 1.0

    @abstractmethod
    def preferred(self) -> NDArray[np.float64]:
        """(J,) the probabilities without the uniform share."""

    def learn(self, member: NDArray[np.int64], reward: Floats, probability: NDArray[np.float64]) -> None:
        """Learn from the rewards of slates.

        Args:
            member: (n,) the member that chose each slate.
            reward: (n,) the reward of each slate.
            probability: (J,) the probability of each member when it was drawn.
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

    The estimated reward of a member is (reward - baseline) / deviation / probability if it was drawn, and 0 otherwise. The
    baseline is the mean of earlier rewards; it reduces the variance without changing the expected order of the members.

    Args:
        members: J.
        uniform: see `Play`.
        halflife: see `Play`.
        rate: learning rate of the weights, per slate and standard deviation of the reward.
    """

    def __init__(self, members: int, uniform: float, halflife: float | None, rate: float) -> None:
        super().__init__(members, uniform, halflife)
        self.rate, self.gain = rate, np.zeros(members)

    def preferred(self) -> NDArray[np.float64]:
        """(J,) probabilities in proportion to exp(rate * sum of estimated rewards)."""
        weights = np.exp(self.rate * (self.gain - self.gain.max()))
        return np.asarray(weights / weights.sum())

    def learn(self, member: NDArray[np.int64], reward: Floats, probability: NDArray[np.float64]) -> None:
        """Add the estimated rewards.

        Args:
            member: (n,) the member that chose each slate.
            reward: (n,) the reward of each slate.
            probability: (J,) the probability of each member when it was drawn.
        """
        baseline = self.mean if self.slates.any() else float(np.mean(reward)) if len(reward) else 0.0
        super().learn(member, reward, probability)
        kept = 1.0 if self.halflife is None else float(np.exp2(-len(member) / self.halflife))
        gained = np.bincount(member, (reward - baseline) / self.deviation, len(self.gain)) / probability
        self.gain = kept * self.gain + gained


class Thompson(Play):
    """Thompson sampling of the members' mean rewards, whose posteriors are normal (Agrawal, Goyal, AISTATS 2013).

    A shopper is assigned to the member with the highest drawn mean. The probability of this event is computed by quadrature, and
    the member is drawn from these probabilities, which is equivalent and makes propensities exact.
    """

    def preferred(self) -> NDArray[np.float64]:
        """(J,) the probability that a member's mean reward is the highest."""
        from scipy.special import ndtr  # slow to import

        if not self.slates.all():
            return np.full(len(self.slates), 1 / len(self.slates))
        mean, error = self.reward / np.maximum(self.slates, 1), self.deviation / np.sqrt(np.maximum(self.slates, 1))
        z = np.linspace(-6, 6, 401)
        drawn = mean[:, None] + error[:, None] * z  # (J, 401)
        below = ndtr((drawn[:, :, None] - mean) / error)  # (J, 401, J), the probability that another member's draw is lower
        below[np.arange(len(mean)), :, np.arange(len(mean))] = 1.0
        chance = (below.prod(axis=2) * np.exp(-(z**2) / 2)).sum(axis=1)
        return np.asarray(chance / chance.sum())
