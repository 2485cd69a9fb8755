"""Bandits that choose by upper confidence bounds: UCB1 and KL-UCB."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.agent import Floats, ItemBandit, Items, Tally
from slategym.agents.bandits.rules import kl_ucb, ucb1
from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing import given_slates
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.selection import top_k
from slategym.utils.checked import checked
from slategym.utils.ranges import NonNegative

Values = tuple[Floats, Floats, Floats]
ALL = slice(None)
PARTS = 32  # largest number of parts of a batch of shoppers, each with its own slate


class Optimist(ItemBandit):
    """The base class of bandits that show the items with the highest upper confidence bounds. Subclasses define the bound.

    The bound of an item's value follows from the bounds of its two probabilities; for a click or conversion with a negative
    value, the lower bound is used.

    The shoppers of a batch would all get the same slate. Instead, the batch is divided at random into up to 32 parts. The slate
    of each part is chosen as if the impressions of the parts before it had been counted, with clicks and conversions at the
    estimated rates (Desautels, Krause, Burdick, "Parallelizing exploration-exploitation tradeoffs", JMLR 2014). The propensity of
    a choice is the share of shoppers with this choice among those with the same choices above it. With candidates, a mask or
    rules, the same bounds apply to all shoppers, and propensities are 1.
    """

    @abstractmethod
    def upper(self, successes: Floats, trials: Floats, shown: Floats) -> Floats:
        """The upper confidence bounds of rates, in the shape of the arguments; they may exceed 1.

        Args:
            successes: (..., c).
            trials: (..., c), at least as many.
            shown: (..., c) impressions of the trials, including impressions that were not examined.
        """

    def indices(self, tally: Tally, values: Values) -> Floats:
        """(n, c) the upper confidence bound of the value of showing items.

        Args:
            tally: counts of the items.
            values: values of a click, of a conversion and of an impression, each (n, c), (1, c) or (1, 1).
        """
        click_value, conversion_value, impression_value = values
        clicks, clicked = tally.clicks, tally.conversions + tally.unconverted
        conversion = self._bound(tally.conversions, clicked, clicked, conversion_value)
        clicked_value = click_value + np.clip(conversion, 0, 1) * conversion_value
        return self._bound(clicks, clicks + tally.misses, tally.shown, clicked_value) * clicked_value + impression_value

    def _bound(self, successes: Floats, trials: Floats, shown: Floats, value: Floats) -> Floats:
        """The upper bounds of rates, or the lower bounds where the value is negative."""
        if not value.any():
            return np.zeros_like(successes)
        upper = self.upper(successes, trials, shown)
        if (value >= 0).all():
            return upper
        return np.where(value >= 0, upper, np.maximum(1 - self.upper(trials - successes, trials, shown), 0))

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the k highest bounds, highest first."""
        observation = self._checked(observation)
        n, items = len(observation), self.problem.candidates_in(observation)
        if items is None and allowed is None:
            return self._spread(n)
        among = None if items is None or items.size > self.problem.items else items
        score = self.indices(self.tally(among), self.values(self.weights, among))
        if items is not None and among is None:
            score = score[0][items]
        slate = self.best_of(np.broadcast_to(score, (n, score.shape[1])), observation, allowed)
        return Decision(slate, np.ones(slate.shape, np.float32))

    propensities_are = "exact"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates in a batch of n shoppers."""
        if allowed is not None or self.problem.candidates is not None:
            return given_slates.certain(self, observation, slate, allowed)
        with given_slates.other_draws(self):
            shown, count = np.unique(self._spread(len(slate)).slate, axis=0, return_counts=True)
        alike = np.logical_and.accumulate(shown == slate[:, None], axis=2)
        return given_slates.conditional(np.einsum("npk,p->nk", alike, count / max(len(slate), 1)))

    def _spread(self, shoppers: int) -> Decision:
        """Slates for a batch of shoppers, in parts; each part's slate counts the impressions of the parts before it."""
        k, parts = self.problem.slate_size, min(shoppers, PARTS)
        tally, values = self.tally(), self.values(self.weights, None)
        score = self.indices(tally, values)
        pool = top_k(score, min(score.shape[1], parts * k))[0]  # bounds only fall, so that no other item can enter a slate
        score, tally, values = score[:, pool], taken(tally, pool), values_of(values, pool)
        click, converted = tally.click[0], tally.click[0] * tally.conversion[0]
        size = np.bincount(np.arange(shoppers) % max(parts, 1), minlength=parts)
        slate = np.empty((parts, k), np.int64)
        for part in range(parts):
            chosen = np.argsort(-score[0], kind="stable")[:k]
            slate[part] = pool[chosen]
            if part + 1 < parts:
                further = size[part] * self.examined
                for sums, more in ((tally.shown, size[part]), (tally.examined, further)):
                    sums[0, chosen] += more
                for sums, rate in ((tally.clicks, click), (tally.conversions, converted)):
                    sums[0, chosen] += further * rate[chosen]
                score[0, chosen] = self.indices(taken(tally, chosen), values_of(values, chosen))[0]
        which = self.random.permutation(np.repeat(np.arange(parts), size)) if parts > 1 else np.zeros(shoppers, np.int64)
        return Decision(slate[which], shares(slate, size)[which])


def taken(tally: Tally, columns: Items, rows: Items | slice = ALL) -> Tally:
    """A tally (r, c) of some items of a tally, in new arrays.

    Args:
        tally: the tally.
        columns: (c,) columns of the items.
        rows: rows of the items: all, or one for each column.
    """
    shown, examined, clicks, conversions = (
        array[rows, columns] for array in (tally.shown, tally.examined, tally.clicks, tally.conversions)
    )
    return replace(tally, shown=shown, examined=examined, clicks=clicks, conversions=conversions)


def values_of(values: Values, columns: Items) -> Values:
    """The values of some items.

    Args:
        values: values of a click, of a conversion and of an impression, each (1, c) or (1, 1).
        columns: columns of the items.
    """
    click, conversion, impression = (each if each.shape[1] == 1 else each[:, columns] for each in values)
    return click, conversion, impression


def shares(slate: Items, size: Items) -> NDArray[np.float32]:
    """(p, k) float32, the share of shoppers with each choice among those with the same items above it.

    Args:
        slate: (p, k) int64, the slate of each part.
        size: (p,), number of shoppers of each part.
    """
    alike = np.logical_and.accumulate(slate[:, None] == slate[None], axis=2)
    count = (alike * size[None, :, None]).sum(axis=1)
    above = np.concatenate([np.full((len(slate), 1), size.sum()), count[:, :-1]], axis=1)
    return np.asarray(count / above, np.float32)


class UCB1(Optimist):
    """UCB1: the rate plus sqrt(alpha ln t / trials) (Auer, Cesa-Bianchi, Fischer, Machine Learning 2002).

    Args:
        alpha: factor of ln t; 2 in the paper.
        options: options of `ItemBandit`.
    """

    name = "bandit:ucb1"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        alpha: NonNegative = 2.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.alpha = alpha

    def upper(self, successes: Floats, trials: Floats, shown: Floats) -> Floats:
        """The upper confidence bounds of rates."""
        return ucb1(successes, trials, self.time, self.alpha)


class KLUCB(Optimist):
    """KL-UCB: the largest rate within a bound of the Kullback-Leibler divergence from the observed rate.

    Garivier, Cappe, COLT 2011 (`kl_ucb`).

    Args:
        c: factor of ln ln t in the bound ln t + c ln ln t; 3 in the theorem, 0 in the paper's experiments.
        options: options of `ItemBandit`.
    """

    name = "bandit:kl-ucb"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        c: NonNegative = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.c = c

    def upper(self, successes: Floats, trials: Floats, shown: Floats) -> Floats:
        """The upper confidence bounds of rates."""
        return kl_ucb(successes, trials, self.time, self.c)
