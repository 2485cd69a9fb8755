"""Thompson sampling with a hierarchical logistic model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.common.noise import blocks
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.logistic.model import LogisticModel, Shoppers
from slategym.agents.logistic.replay import Replay, Slates
from slategym.agents.logistic.values import AnswerValues
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import Count, NonNegative
from slategym.utils.standardize import standardised, standardised_as

EARLY, EARLY_BATCHES = 20, 6  # steps with more replay, and how many batches of it


class LogisticTS(Agent):
    """Thompson sampling with hierarchical logistic models of clicks, and of conversions of what is clicked.

    An item's coefficients shrink to what its features say, so that a new item is no stranger (Chapelle, Li, "An empirical
    evaluation of Thompson sampling", NIPS 2011, for the posterior; Gelman, Hill, 2007, for the hierarchy). The models see the
    context, the clock and the exposure of an item's category; ranks are examined as the position bias says. Each step learns
    its own slates and some of the last ones again, where conversions that arrived later have been noted. A slate holds the
    highest products of what a click is worth, with the chance that it converts, and the chance of the click, all drawn from the
    posterior. Propensities have no closed form and are NaN.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        alpha: factor of the posterior's width; 1 is the posterior itself.
        replay: slates that are kept to learn from again.
        batch_size: slates of a batch that is learned again.
        batches: how many of those each step learns.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "logistic-ts"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        alpha: NonNegative = 0.3,
        replay: Count = 400_000,
        batch_size: Count = 2000,
        batches: Count = 2,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.alpha, self.batch_size, self.batches = alpha, batch_size, batches
        self.columns = problem.context()
        self.frame = RunningNormalizer(len(self.columns))
        exposed = "exposure" in problem.fields
        features = _with_ones(standardised(problem.features))
        self.click = LogisticModel(features, problem.category, 1 + len(self.columns), exposed)
        self.conversion = LogisticModel(features, problem.category, 1 + len(self.columns), exposed)
        self.replay = Replay(problem.seen_columns, problem.slate_size, replay, problem.longest_delay)
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.clicked, self.attracted = np.zeros(problem.slate_size), np.zeros(problem.slate_size)
        self.values = AnswerValues(problem)
        self.steps = 0

    def grow(self, problem: Problem) -> None:
        """Take on further items, of which the models know what their features say."""
        before = self.problem.items
        features = _with_ones(standardised_as(problem.features[before:], self.problem.features))
        for model in (self.click, self.conversion):
            model.grow(features, problem.category[before:])
        self.values.grow(problem)
        self.problem = problem

    def choose(self, observation: Observation) -> Decision:
        """Draw both models for each shopper, and show the k items of the highest value."""
        observation = self._checked(observation)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        for rows in blocks(len(observation)):
            slate[rows] = top_k(self._scores(observation[rows], explore=self.alpha > 0), self.problem.slate_size)
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def best(self, observation: Observation) -> NDArray[np.int64]:
        """(n, k) the items of the highest value by the present estimates."""
        return top_k(self._scores(self._checked(observation), explore=False), self.problem.slate_size)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn the step's slates, and some of the last ones again."""
        observation, decision = self._checked_step(observation, decision, feedback)
        self.frame.update(observation[:, self.columns])
        items = self.problem.shown(observation, decision.slate)
        self.values.learn(feedback, items)
        latest = Slates(self.problem.seen(observation), items, feedback.clicks, feedback.conversions)
        self.replay.correct(feedback.delayed)
        self.replay.add(latest)
        self._learn(latest, new=True)
        for _ in range(EARLY_BATCHES if self.steps < EARLY else self.batches):
            self._learn(self.replay.draw(self.random, min(self.batch_size, len(self.replay))), new=False)
        self.steps += 1

    def _learn(self, slates: Slates, *, new: bool) -> None:
        """A step of both models on some slates; new ones count in the curvature and for the position bias."""
        shoppers, (n, k) = self._shoppers(slates.seen), slates.items.shape
        order = self.random.permutation(n * k)
        row, rank = order // k, order % k
        items, clicks = slates.items[row, rank], slates.clicks[row, rank]
        examined = self.position_bias.relative[rank]
        share = n / max(self.replay.count, 1)
        self.click.learn(shoppers, row, items, clicks.astype(np.float64), examined, share, new=new)
        which = np.flatnonzero(clicks)
        converted = slates.conversions[row[which], rank[which]].astype(np.float64)
        every = np.ones(len(which))
        self.conversion.learn(shoppers, row[which], items[which], converted, every, share, new=new)
        if new:
            self.clicked += slates.clicks.sum(axis=0)
            self.attracted += expit(self.click.logits(shoppers, slates.items)).sum(axis=0)
            self.position_bias.update(self.clicked, self.attracted)

    def _scores(self, observation: Observation, *, explore: bool) -> NDArray[np.float32]:
        """(n, m) the value of showing each item, or (n, C) each candidate."""
        shoppers = self._shoppers(self.problem.seen(observation))
        items = self.problem.candidates_in(observation)
        click, conversion = self.click.logits(shoppers, items), self.conversion.logits(shoppers, items)
        if explore:
            click += np.float32(self.alpha) * self.click.noise(shoppers, self.random, items)
            conversion += np.float32(self.alpha) * self.conversion.noise(shoppers, self.random, items)
        click_value, conversion_value, impression_value = self.values(self.weights, items)
        return np.asarray(expit(click) * (click_value + expit(conversion) * conversion_value) + impression_value, np.float32)

    def _shoppers(self, seen: Observation) -> Shoppers:
        """The models' input, from what is seen of shoppers (n, o)."""
        n, fields = len(seen), self.problem.fields
        context = np.concatenate([np.ones((n, 1), np.float32), self.frame(seen[:, self.columns])], axis=1)
        angle = 2 * np.pi * seen[:, fields["clock"]] if "clock" in fields else np.zeros((n, 1), np.float32)
        clock = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
        exposure = seen[:, fields["exposure"]] if "exposure" in fields else np.zeros((n, 0), np.float32)
        return Shoppers(context, clock, exposure)


def _with_ones(features: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1).astype(np.float32)
