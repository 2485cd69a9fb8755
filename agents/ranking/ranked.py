"""Ranked bandits: one bandit for each rank."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.agent import Floats, ItemBandit, Items, Tally
from slategym.agents.bandits.indices import PARTS, UCB1, shares, taken, values_of
from slategym.agents.bandits.thompson import BetaTS
from slategym.agents.base import Decision, Observation
from slategym.agents.choosing.eligibility import choice_of
from slategym.sim.choice import Mask, highest


class Ranked(ItemBandit):
    """Base class of ranked bandits: each rank has its own bandit, which shows its best item among those left.

    So each rank learns what is clicked below the items that the ranks above show (Radlinski, Kleinberg, Joachims, "Learning
    diverse rankings with multi-armed bandits", ICML 2008), without a model of how slates are read. If a rank above has taken an
    item, the impression counts only for that rank.
    """

    by_rank = True
    propensity: float

    def tally_at(self, rank: int, items: Items | None) -> Tally:
        """The counts of items at a rank, each impression as a trial, in new arrays.

        Args:
            rank: the rank.
            items: (n, c) int64; None for all items, as (1, m).
        """
        if items is not None and items.size > self.problem.items:
            return self.tally_at(rank, None).at(items)
        counts, which = self.memory.total(), slice(None) if items is None else items
        arrays = (sums[which][..., rank].copy() for sums in (counts.shown, counts.clicks, counts.conversions))
        shown, clicks, conversions = (array[None] if items is None else array for array in arrays)
        total = counts.shown[:, rank].sum(), counts.clicks[:, rank].sum(), counts.conversions[:, rank].sum()
        rates = (float((total[1] + 1) / (total[0] + 2)), float((min(total[2], total[1]) + 1) / (total[1] + 2)))
        return Tally(shown, shown.copy(), clicks, conversions, *rates, self.prior)

    @abstractmethod
    def at_rank(self, rank: int, items: Items | None, shoppers: int) -> Floats:
        """(n, c) the values of items at a rank, with the bandit's exploration; or (1, c).

        Args:
            rank: the rank.
            items: (n, c) int64; None for all items.
            shoppers: n, the number of shoppers.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Let each rank choose among the items that are left."""
        observation = self._checked(observation)
        items, n = self.problem.candidates_in(observation), len(observation)
        choice, slate = choice_of(self.problem, observation, allowed), np.empty((n, self.problem.slate_size), np.int64)
        for rank in range(self.problem.slate_size):
            score = self.at_rank(rank, items, n)
            slate[:, rank] = highest(np.broadcast_to(score, (n, score.shape[1])), choice.eligible())
            choice.take(slate[:, rank])
        return Decision(slate, np.full(slate.shape, self.propensity, np.float32))


class RankedUCB1(Ranked, UCB1):
    """Ranked bandits with UCB1; a batch of shoppers is spread over several slates, as in `UCB1`.

    Args:
        options: options of `UCB1`.
    """

    name = "ranking:ranked-ucb1"
    propensity = 1.0

    def at_rank(self, rank: int, items: Items | None, shoppers: int) -> Floats:
        """(n, c) the upper confidence bounds of the values of items at a rank."""
        return self.indices(self.tally_at(rank, items), self.values(self.weights, items))

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Let each rank choose among the items that are left."""
        if allowed is None and self.problem.candidates is None:
            return self._spread(len(self._checked(observation)))
        return super().choose(observation, allowed)

    def _spread(self, shoppers: int) -> Decision:
        k, parts, values = self.problem.slate_size, min(shoppers, PARTS), self.values(self.weights, None)
        tallies = [self.tally_at(rank, None) for rank in range(k)]
        score = np.concatenate([self.indices(tally, values) for tally in tallies])
        rate = np.concatenate([tally.click for tally in tallies]), np.concatenate([tally.conversion for tally in tallies])
        size = np.bincount(np.arange(shoppers) % max(parts, 1), minlength=parts)
        slate = np.empty((parts, k), np.int64)
        for part in range(parts):
            for rank, tally in enumerate(tallies):
                left = score[rank].copy()
                left[slate[part, :rank]] = -np.inf
                item = slate[part, rank] = left.argmax()
                clicks = size[part] * rate[0][rank, item]
                for sums, more in zip(
                    (tally.shown, tally.examined, tally.clicks, tally.conversions),
                    (size[part], size[part], clicks, clicks * rate[1][rank, item]),
                    strict=True,
                ):
                    sums[0, item] += more
                one = np.array([item])
                score[rank, item] = self.indices(taken(tally, one), values_of(values, one))[0, 0]
        which = self.random.permutation(np.repeat(np.arange(parts), size)) if parts > 1 else np.zeros(shoppers, np.int64)
        return Decision(slate[which], shares(slate, size)[which])


class RankedTS(Ranked, BetaTS):
    """Ranked bandits with Thompson sampling from Beta posteriors.

    Args:
        options: options of `Thompson`, except `propensity_draws`.
    """

    name = "ranking:ranked-ts"
    propensity = np.nan

    def at_rank(self, rank: int, items: Items | None, shoppers: int) -> NDArray[np.floating]:
        """(n, c) draws of the values of items at a rank."""
        return self.drawn(self.tally_at(rank, items), items, shoppers)
