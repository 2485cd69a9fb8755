"""Logistic bandits: Thompson sampling and UCB with a hierarchical logistic model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.explanation import Explanation, context_fields, explained
from slategym.agents.choosing.given_slates import thompson
from slategym.agents.choosing.noise import blocks
from slategym.agents.choosing.repeated_draws import decide_by_draws
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.change_detector import KEPT, ChangeDetector
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.common.replay import Replay, Slates
from slategym.agents.estimates import Estimates
from slategym.agents.logistic.model import Answers, Expected, LogisticModel, Shoppers
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.lazy_scipy import expit
from slategym.utils.ranges import Count, NonNegative, Positive, Whole
from slategym.utils.standardize import standardised, standardised_as

EARLY, EARLY_BATCHES = 20, 6  # the number of first steps with more replay, and their replay batches

Items = NDArray[np.int64] | None  # candidates, or every item


class Logistic(Agent, ABC):
    """Base class of the logistic bandits, with one model of clicks and one of conversions after clicks; subclasses explore.

    The coefficients of an item are shrunk towards the values predicted from its features, so that new items can be scored
    (Chapelle, Li, "An empirical evaluation of Thompson sampling", NIPS 2011, for the posterior; Gelman, Hill, 2007, for the
    hierarchy). The models use the context, the clock and the exposure of an item's category, and estimate the examination of
    each rank. Each step learns from its own slates and from some past slates, whose delayed conversions have been added since.
    A slate contains the items with the highest scores: the probability of a click, times the value of a click including the
    conversion that may follow, plus the value of an impression.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        alpha: factor of the exploration; 1 uses the posterior as it is.
        replay: number of past slates kept to learn from again.
        batch_size: slates in each batch drawn from the replay.
        batches: batches that each step draws from the replay.
        halflife: number of slates after which a slate counts half, in the replay and in the models' certainty; None: no
            forgetting.
        window: learn only from this many latest slates; None: from all.
        restarts: forget most of what was learned when clicks fall below the model's predictions (`ChangeDetector`).

    Raises:
        ValueError: an option is out of its range.
    """

    propensity: float

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
        batches: Count = 1,
        halflife: Positive | None = None,
        window: Count | None = None,
        restarts: bool = False,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.alpha, self.batch_size, self.batches = alpha, batch_size, batches
        self.columns = problem.context()
        self.frame = RunningNormalizer(len(self.columns))
        exposed = "exposure" in problem.fields
        features = _with_ones(standardised(problem.features))
        self.click = LogisticModel(features, problem.category, 1 + len(self.columns), exposed)
        self.conversion = LogisticModel(features, problem.category, 1 + len(self.columns), exposed)
        capacity = replay if window is None else min(replay, window)
        self.replay = Replay(problem.seen_columns, problem.slate_size, capacity, problem.longest_delay)
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.clicked, self.attracted = np.zeros(problem.slate_size), np.zeros(problem.slate_size)
        self.values = AnswerValues(problem)
        self.halflife, self.window = halflife, window
        self.detector = ChangeDetector() if restarts else None
        self.known = 0.0  # slates that the models have learned from, minus those forgotten
        self.steps = 0

    def grow(self, problem: Problem) -> None:
        """Add items; their estimates start from their features."""
        before = self.problem.items
        features = _with_ones(standardised_as(problem.features[before:], self.problem.features))
        for model in (self.click, self.conversion):
            model.grow(features, problem.category[before:])
        self.values.grow(problem)
        self.problem = problem

    @abstractmethod
    def explored(self, model: LogisticModel, shoppers: Shoppers, items: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """(n, m) a model's logits with exploration, by which items are chosen; or (n, C) for candidates.

        Args:
            model: the model of clicks or of conversions.
            shoppers: n shoppers.
            items: (n, C) the candidates, or None for every item.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Show the k items with the highest values, with exploration."""
        observation = self._checked(observation)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        for rows in blocks(len(observation)):
            some, scores = None if allowed is None else allowed[rows], self._scores(observation[rows], explore=self.alpha > 0)
            slate[rows] = self.best_of(scores, observation[rows], some)
        return Decision(slate, np.full(slate.shape, self.propensity, np.float32))

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the estimated value of showing each item, or (n, C) of each candidate."""
        return self._scores(self._checked(observation), explore=False)

    def estimates(self, observation: Observation) -> Estimates:
        """The models' probabilities of clicks and conversions, without exploration."""
        return self._estimates(observation, lambda model, shoppers, items: model.logits(shoppers, items))

    def explored_estimates(self, observation: Observation) -> Estimates:
        """The models' probabilities of clicks and conversions, with the exploration by which items are chosen."""
        return self._estimates(observation, self.explored)

    def _estimates(
        self, observation: Observation, logits: Callable[[LogisticModel, Shoppers, Items], NDArray[np.float32]]
    ) -> Estimates:
        observation = self._checked(observation)
        items, shape = self.problem.candidates_in(observation), (len(observation), self.problem.choices)
        click, conversion = np.empty(shape, np.float32), np.empty(shape, np.float32)
        for rows in blocks(len(observation)):
            shoppers, some = self._shoppers(self.problem.seen(observation[rows])), None if items is None else items[rows]
            click[rows], conversion[rows] = (expit(logits(model, shoppers, some)) for model in (self.click, self.conversion))
        return Estimates(click, conversion)

    def explain(self, observation: Observation, slate: NDArray[np.int64]) -> Explanation:
        """Contributions that add up to the values of the items in slates, and to their click and conversion logits.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64, as returned by `act`.

        Raises:
            ValueError: the observation or the slate is invalid.
        """
        observation = self._checked(observation)
        items, fields = self.problem.shown(observation, slate), context_fields(self.problem, self.columns)
        shoppers = self._shoppers(self.problem.seen(observation))
        click, conversion = (
            explained(of, items, model.contributions(shoppers, items, fields), model.logits(shoppers, items))
            for of, model in (("click logit", self.click), ("conversion logit", self.conversion))
        )
        values, clicked = np.broadcast_arrays(*self.values(self.weights, items), items)[:3], expit(click.total)
        parts = {
            "clicks": clicked * values[0],
            "conversions": clicked * expit(conversion.total) * values[1],
            "impressions": values[2],
        }
        total = np.take_along_axis(self.scores(observation), slate, axis=1)
        return explained("score", items, parts, total, click, conversion)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest estimated values, without exploration."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from the slates of a step, and again from some past slates."""
        observation, decision = self._checked_step(observation, decision, feedback)
        self.frame.update(observation[:, self.columns])
        items = self.problem.shown(observation, decision.slate)
        self.values.learn(feedback, items)
        latest = Slates(self.problem.seen(observation), items, feedback.clicks, feedback.conversions)
        self.replay.correct(feedback.delayed)
        self.replay.add(latest)
        self._forget(len(items))
        expected = self._learn(latest, new=True)
        self.steps += 1
        if self.detector is not None:
            since = self.detector.add(float(feedback.clicks.sum()), *expected)
            if since is not None:
                self._restart(since * len(items))
        for _ in range(EARLY_BATCHES if self.steps <= EARLY else self.batches):
            self._learn(self.replay.draw(self.random, min(self.batch_size, len(self.replay)), self.halflife), new=False)

    def _forget(self, slates: int) -> None:
        """Forget as much as a step with this many slates requires."""
        kept = 1.0 if self.halflife is None else float(np.exp2(-slates / self.halflife))
        if self.window is not None and self.known + slates > self.window:
            kept = min(kept, max(1 - slates / self.window, 0.0))
        if kept < 1:
            self.click.forget(kept)
            self.conversion.forget(kept)
        self.known = kept * self.known + slates

    def _restart(self, slates: int) -> None:
        """Discount what was learned before the last `slates` slates, and replay only those."""
        self.replay.forget(slates)
        self.click.forget(KEPT)
        self.conversion.forget(KEPT)
        self.known, self.steps = KEPT * self.known + slates, 0
        assert self.detector is not None
        self.detector.clear()

    def _learn(self, slates: Slates, *, new: bool) -> Expected:
        """Update both models with some slates.

        Args:
            slates: the slates and their answers.
            new: whether these slates are learned for the first time; then the certainty and the position bias are updated too.

        Returns:
            The number of clicks that the model expected before the update.
        """
        shoppers, (n, k) = self._shoppers(slates.seen), slates.items.shape
        row, random = np.repeat(np.arange(n), k), self.random if new else None
        items, clicks, share = slates.items.ravel(), slates.clicks.ravel(), n / max(self.known, n)
        relative = self.position_bias.relative
        examined = np.tile(relative / relative.max(), n)  # at most 1, even if a later rank is examined more than the first
        expected = self.click.learn(shoppers, Answers(row, items, clicks, examined), share, random)
        which = np.flatnonzero(clicks)
        converted = Answers(row[which], items[which], slates.conversions.ravel()[which], np.ones(len(which)))
        self.conversion.learn(shoppers, converted, share, random)
        if new:
            self.clicked += slates.clicks.sum(axis=0)
            self.attracted += expit(self.click.logits(shoppers, slates.items)).sum(axis=0)
            self.position_bias.update(self.clicked, self.attracted)
        return expected

    def _scores(self, observation: Observation, *, explore: bool) -> NDArray[np.float32]:
        """(n, m) the value of showing each item, or (n, C) of each candidate."""
        from slategym.agents.logistic.kernel import answer_values  # compiled, so imported only here

        shoppers = self._shoppers(self.problem.seen(observation))
        items = self.problem.candidates_in(observation)
        if explore:
            click, conversion = (self.explored(model, shoppers, items) for model in (self.click, self.conversion))
        else:
            click, conversion = self.click.logits(shoppers, items), self.conversion.logits(shoppers, items)
        click_value, conversion_value, impression_value = self.values(self.weights, items)
        answer_values(click, conversion, click_value, conversion_value, impression_value)
        return click

    def _shoppers(self, seen: Observation) -> Shoppers:
        """The models' inputs, from what is seen of n shoppers (n, o)."""
        n, fields = len(seen), self.problem.fields
        context = np.concatenate([np.ones((n, 1), np.float32), self.frame(seen[:, self.columns])], axis=1)
        angle = 2 * np.pi * seen[:, fields["clock"]] if "clock" in fields else np.zeros((n, 1), np.float32)
        clock = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
        exposure = seen[:, fields["exposure"]] if "exposure" in fields else np.zeros((n, 0), np.float32)
        return Shoppers(context, clock, exposure)


class LogisticTS(Logistic):
    """Thompson sampling with hierarchical logistic models of clicks and conversions (Chapelle, Li, NIPS 2011).

    Propensities are NaN, because they have no closed form, unless `propensity_draws` estimates them.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        propensity_draws: number of draws that estimate the propensities (`draw_by_rank`); the cost of a decision is multiplied
            by this number, and each rank gets its own draw. 0: propensities are NaN.
        alpha: see `Logistic`.
        replay: see `Logistic`.
        batch_size: see `Logistic`.
        batches: see `Logistic`.
        halflife: see `Logistic`.
        window: see `Logistic`.
        restarts: see `Logistic`.

    Raises:
        ValueError: an option is out of its range.
    """

    name = "logistic-ts"
    propensity = np.nan
    propensities_are = "estimated"

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
        batches: Count = 1,
        halflife: Positive | None = None,
        window: Count | None = None,
        restarts: bool = False,
        propensity_draws: Whole = 0,
    ) -> None:
        super().__init__(
            problem,
            seed,
            scalarizer,
            alpha=alpha,
            replay=replay,
            batch_size=batch_size,
            batches=batches,
            halflife=halflife,
            window=window,
            restarts=restarts,
        )
        self.propensity_draws = propensity_draws

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Show the k items with the highest drawn values."""
        if self.propensity_draws == 0:
            return super().choose(observation, allowed)
        return decide_by_draws(self.problem, self._checked(observation), allowed, self._drawn, self.propensity_draws)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, estimated by draws."""
        return thompson(self, self._drawn, observation, slate, allowed, draws)

    def _drawn(self, observation: Observation) -> NDArray[np.float32]:
        return self._scores(observation, explore=True)

    def explored(self, model: LogisticModel, shoppers: Shoppers, items: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """(n, m) draws of the logits from their posterior, or (n, C) for candidates."""
        return model.draw(shoppers, self.random, self.alpha, items)


class LogisticUCB(Logistic):
    """UCB with hierarchical logistic models: logits at the upper end of their confidence intervals (Filippi et al., NIPS 2010).

    The choice is deterministic, so propensities are 1.
    """

    name = "logistic-ucb"
    propensity = 1.0
    propensities_are = "exact"

    def explored(self, model: LogisticModel, shoppers: Shoppers, items: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """(n, m) the upper ends of the logits' confidence intervals, or (n, C) for candidates."""
        logits = model.logits(shoppers, items)
        logits += np.float32(self.alpha) * model.width(shoppers, items)
        return logits


def _with_ones(features: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1).astype(np.float32)
