"""LinUCB and linear Thompson sampling."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.common.context_frame import ContextFrame
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.history import DecisionHistory
from slategym.agents.common.noise import blocks
from slategym.agents.linear.model import LinearModel
from slategym.agents.linear.statistics import Shopper
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k

MANY = 20_000  # items
GROWTH = 0.01  # the share of new slates that is worth a new solution (rarely switching, Abbasi-Yadkori et al., NIPS 2011)


class Linear(Agent, ABC):
    """What the linear agents share: the model, its sums, delayed conversions. They differ in how they explore.

    An item's score is weights . means + alpha * scale * exploration, where scale is the standard deviation of a weighted outcome,
    sqrt(sum (weight * spread)^2), and the spread of an objective is that of a rare event, the root of its mean square (of its
    rate, where it is counted): the objectives share one precision, so one draw, or one width, serves their mix.

    Args:
        alpha: how much to explore; 1 is the posterior's own width.
        ridge: prior precision of what items share, in clicks: the prior's spread of a rate is 1 / sqrt(ridge) of the mean rate.
            Counted so it suits rates of any size; the papers' ridge of 1 is one impression, for rewards of about one.
        item_ridge: prior precision of what is an item's own, in clicks.
        fields: which fields of the observation are the context; "context" if None. An "exposure" per category enters besides:
            that of each item's category has a coefficient of its own, since what was just shown draws less.
    """

    propensity = np.nan

    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        alpha: float = 0.5,
        ridge: float = 1.0,
        item_ridge: float = 10.0,
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        for name, number, least in (("alpha", alpha, 0), ("ridge", ridge, 1e-6), ("item_ridge", item_ridge, 1e-6)):
            if not least <= number < np.inf:
                raise ValueError(f"{name} is {number}: expected a number from {least:g}")
        self.alpha = alpha
        self.exposure = problem.fields.get("exposure")
        self.columns = problem.context(fields)
        self.outcomes = ItemCredit(problem, clicks=True)
        self.history = DecisionHistory(problem.longest_delay)
        self.model = LinearModel(
            problem.features,
            problem.slate_size,
            context=len(self.columns),
            pressure=self.exposure is not None,
            objectives=len(self.outcomes.objective_names),
            click=self.outcomes.objective_names.index("click"),
            ridge=ridge,
            item_ridge=item_ridge,
        )
        self.frame = ContextFrame(len(self.columns))
        self.solved = 0
        # What a solution costs grows with the items: of very many, it has to be worth more.
        self.growth = GROWTH * max(1.0, problem.items / MANY)

    @abstractmethod
    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m), or (n, C) of candidates, what exploring adds to each score, in standard deviations of a weighted outcome.

        Args:
            shopper: n of them, as the model reads the observation.
        """

    def choose(self, observation: Observation) -> Decision:
        """The k highest scores; examination falls with rank, so the highest comes first."""
        observation = self._checked(observation)
        weights = self.outcomes.weights(self.weights)
        scale = np.float32(self.alpha * np.sqrt((weights**2 * self.model.square).sum()))
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        for rows in blocks(len(observation)):
            shopper = self.shopper(observation[rows], choosing=True)
            score = self.explored(shopper)
            score *= scale
            score += self.model.mean(shopper, weights)
            slate[rows] = top_k(score, self.problem.slate_size)
        return Decision(slate, np.full(slate.shape, self.propensity, np.float32))

    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) the highest expected outcomes."""
        return top_k(
            self.model.mean(self.shopper(observation, choosing=True), self.outcomes.weights(self.weights)),
            self.problem.slate_size,
        )

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Add to the sums; solve anew where they have grown enough."""
        observation, decision = self._checked_step(observation, decision, feedback)
        carry = self.frame.follow(observation.take(self.columns, axis=1))
        if carry is not None:
            self.model.sums.carry(carry)
        items = self.problem.shown(observation, decision.slate)
        self.model.add(self.shopper(observation), items, self.outcomes(feedback, items))
        recalled = self.history.recall(feedback.delayed)
        if recalled is not None:
            moments = self.outcomes.delayed(feedback, recalled.delayed)
            self.model.add_delayed(self.shopper(recalled.observation), recalled.delayed.item, moments)
        self.history.remember(observation, decision)
        if carry is not None or self.slates >= (1 + self.growth) * self.solved:
            self.model.solve()
            self.solved = self.slates

    def shopper(self, observation: Observation, choosing: bool = False) -> Shopper:
        """What the model reads of the observation; for choosing, with the candidates if it offers some."""
        observation = self._checked(observation)
        ones = np.ones((len(observation), 1), np.float32)
        context = np.concatenate([ones, self.frame(observation.take(self.columns, axis=1))], axis=1)
        candidates = self.problem.candidates_in(observation) if choosing else None
        if self.exposure is None:
            return Shopper(context, None, candidates=candidates)
        return Shopper(context, observation[:, self.exposure], self.problem.category, candidates)


class LinUCB(Linear):
    """Optimism: each item is scored at the upper end of its confidence interval (Li, Chu, Langford, Schapire, WWW 2010).

    The choice is certain, so propensities are 1.
    """

    name = "lin-ucb"
    propensity = 1.0

    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m), or (n, C) of candidates, the width of the confidence interval."""
        return self.model.width(shopper)


class LinTS(Linear):
    """Thompson sampling: coefficients are drawn from their posterior for each shopper (Agrawal, Goyal, ICML 2013).

    The probability of a choice has no closed form, so propensities are NaN.
    """

    name = "lin-ts"

    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m), or (n, C) of candidates, the error that a draw from the posterior makes."""
        return self.model.noise(shopper, self.random)
