"""Thompson sampling over items: Beta and Gaussian posteriors."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.bandits.agent import Floats, ItemBandit, Items, Tally
from slategym.agents.bandits.rules import beta_draws, gaussian_draws
from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing import given_slates
from slategym.agents.choosing.noise import blocks
from slategym.agents.choosing.repeated_draws import decide_by_draws
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.utils.checked import checked
from slategym.utils.ranges import NonNegative, Whole


class Thompson(ItemBandit):
    """The base class of bandits that draw the values of items from a posterior, separately for each shopper.

    The probability of a choice has no closed form, so propensities are NaN unless they are estimated.

    Args:
        propensity_draws: number of draws for estimated propensities (`draw_by_rank`), each as costly as a decision; each rank
            then has its own draw. 0: propensities are NaN.
        options: options of `ItemBandit`.
    """

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        propensity_draws: Whole = 0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.propensity_draws = propensity_draws

    @abstractmethod
    def drawn(self, tally: Tally, items: Items | None, shoppers: int) -> Floats:
        """(n, c) draws of the values of showing items.

        Args:
            tally: counts of the items.
            items: (n, c) int64; None: all.
            shoppers: n.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the k highest drawn values, highest first."""
        observation = self._checked(observation)
        if self.propensity_draws:
            return decide_by_draws(self.problem, observation, allowed, self._drawn, self.propensity_draws)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        many = self.problem.candidates is None or slate.shape[0] * self.problem.choices > self.problem.items
        everything = self.tally() if many else None
        for rows in blocks(len(observation)):
            score = self._drawn(observation[rows], everything)
            slate[rows] = self.best_of(score, observation[rows], None if allowed is None else allowed[rows])
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, estimated by draws."""
        return given_slates.thompson(self, self._drawn, observation, slate, allowed, draws)

    def _drawn(self, observation: Observation, everything: Tally | None = None) -> NDArray[np.float32]:
        """(n, m) draws for observations, or (n, C) for their candidates."""
        items = self.problem.candidates_in(observation)
        tally = self.tally(items) if everything is None else everything if items is None else everything.at(items)
        return self.drawn(tally, items, len(observation)).astype(np.float32, copy=False)


class BetaTS(Thompson):
    """Thompson sampling with Beta posteriors of the probability of a click and of the probability that a click converts.

    With a `prior` of 1 and rates of about one half, the prior is uniform, as in Chapelle, Li, "An empirical evaluation of
    Thompson sampling" (NIPS 2011). If clicks are rare, the prior mean is equally low.

    Args:
        options: options of `Thompson`.
    """

    name = "bandit:beta-ts"

    def drawn(self, tally: Tally, items: Items | None, shoppers: int) -> Floats:
        """(n, c) draws of the values of showing items."""
        click_value, conversion_value, impression_value = self.values(self.weights, items)
        clicked_value: Floats = click_value
        if conversion_value.any():
            hit, miss = tally.conversion_prior
            conversion = beta_draws(self.random, tally.conversions + hit, tally.unconverted + miss, shoppers)
            clicked_value = click_value + conversion * conversion_value
        return self._clicks(tally, shoppers) * clicked_value + impression_value

    def _clicks(self, tally: Tally, shoppers: int) -> Floats:
        """Draws of the probability of a click."""
        hit, miss = tally.click_prior
        return beta_draws(self.random, tally.clicks + hit, tally.misses + miss, shoppers)


class GaussianTS(Thompson):
    """Thompson sampling with a normal posterior of the value of showing an item (Agrawal, Goyal, AISTATS 2013).

    Its standard deviation follows from the estimates and the trials of both probabilities. There is one draw per item, at a third
    of the cost of `beta-ts`.

    Args:
        alpha: factor of the standard deviation; 1 is that of the posterior.
        options: options of `Thompson`.
    """

    name = "bandit:gaussian-ts"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        alpha: NonNegative = 1.0,
        **options: Any,
    ) -> None:
        super().__init__(problem, seed, scalarizer, **options)
        self.alpha = alpha

    def drawn(self, tally: Tally, items: Items | None, shoppers: int) -> Floats:
        """(n, c) draws of the values of showing items."""
        click_value, conversion_value, impression_value = self.values(self.weights, items)
        click, conversion = tally.click, tally.conversion
        clicked_value = click_value + conversion * conversion_value
        click_variance = click * (1 - click) / (tally.clicks + tally.misses + sum(tally.click_prior))
        conversion_variance = (
            conversion * (1 - conversion) / (tally.conversions + tally.unconverted + sum(tally.conversion_prior))
        )
        variance = clicked_value**2 * click_variance + (click * conversion_value) ** 2 * conversion_variance
        shape = (shoppers, click.shape[1])
        return gaussian_draws(self.random, click * clicked_value + impression_value, self.alpha * np.sqrt(variance), shape)
