"""The linear model of LinUCB and LinTS with random exploration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import exploring
from slategym.agents.linear.agents import Linear, Ridge
from slategym.agents.linear.forms import Form
from slategym.agents.linear.statistics import Shopper
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, Positive, Share


class LinEpsilonGreedy(Linear):
    """The linear model of `lin-ts`, with a random item at each rank with probability `epsilon`.

    The comparison with lin-ts shows the effect of the exploration, the comparison with epsilon-greedy that of the context.
    Propensities are exact.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        epsilon: probability of a random item at a rank.
        ridge: see `Linear`.
        item_ridge: see `Linear`.
        fields: see `Linear`.
        form: see `Linear`.
        halflife: see `Linear`.
        window: see `Linear`.
        restarts: see `Linear`.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "lin-epsilon-greedy"
    propensities_are = "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        epsilon: Share = 0.05,
        ridge: Ridge = 1.0,
        item_ridge: Ridge = 50.0,
        fields: Sequence[str] | None = None,
        form: Form = "hybrid",
        halflife: Positive | None = None,
        window: Count | None = None,
        restarts: bool = False,
    ) -> None:
        super().__init__(
            problem,
            seed,
            scalarizer,
            alpha=0.0,
            ridge=ridge,
            item_ridge=item_ridge,
            fields=fields,
            form=form,
            halflife=halflife,
            window=window,
            restarts=restarts,
        )
        self.epsilon = epsilon

    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) zeros: scores contain no exploration term."""
        return np.zeros_like(self.model.mean(shopper, self.item_credit.weights(self.weights)))

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best or a random one of the remaining items at each rank; the propensity includes both ways to an item."""
        if allowed is not None:
            choice = choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, self.scores(observation), self.epsilon, choice))
        return Decision(*explore(self.random, self.best(observation), self.epsilon, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the exact propensities of given slates."""
        return exploring(self, observation, slate, allowed, self.epsilon)
