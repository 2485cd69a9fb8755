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

EARLY, EARLY_BATCHES = 20, 6  # steps with more replay, and how many batches of it

Items = NDArray[np.int64] | None  # candidates, or every item


class Logistic(Agent, ABC):
    """The base of the logistic bandits: models of clicks, and of conversions of what is clicked. Subclasses explore.

    An item's coefficients shrink to what its features say, so that a new item is no stranger (Chapelle, Li, "An empirical
    evaluation of Thompson sampling", NIPS 2011, for the posterior; Gelman, Hill, 2007, for the hierarchy). The models see the
    context, the clock and the exposure of an item's category; ranks are examined as the position bias says. Each step learns
    its own slates and some of the last ones again, where conversions that arrived later have been noted. A slate holds the
    highest products of what a click is worth, with the chance that it converts, and the chance of the click.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        alpha: factor of the exploration; 1 is the posterior's own width.
        replay: slates that are kept to learn from again.
        batch_size: slates of a batch that is learned again.
        batches: how many of those each step learns.
        halflife: slates after which a slate counts half, in the replay and in what is held certain; None forgets nothing.
        window: only the last so many slates count; None for all.
        restarts: forget nearly all where clicks have fallen behind what the model expects (`ChangeDetector`).

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
        self.known = 0.0  # slates that the models know, less what they forgot
        self.steps = 0

    def grow(self, problem: Problem) -> None:
        """Take on further items, of which the models know what their features say."""
        before = self.problem.items
        features = _with_ones(standardised_as(problem.features[before:], self.problem.features))
        for model in (self.click, self.conversion):
            model.grow(features, problem.category[before:])
        self.values.grow(problem)
        self.problem = problem

    @abstractmethod
    def explored(self, model: LogisticModel, shoppers: Shoppers, items: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """(n, m) the logits of a model by which items are chosen, with the exploration; or (n, C) of candidates.

        Args:
            model: of clicks or of conversions.
            shoppers: n of them.
            items: (n, C) the candidates, or None for every item.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Show the k items of the highest value, with exploration."""
        observation = self._checked(observation)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        for rows in blocks(len(observation)):
            some, scores = None if allowed is None else allowed[rows], self._scores(observation[rows], explore=self.alpha > 0)
            slate[rows] = self.best_of(scores, observation[rows], some)
        return Decision(slate, np.full(slate.shape, self.propensity, np.float32))

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item by the present estimates, or (n, C) of the candidates."""
        return self._scores(self._checked(observation), explore=False)

    def estimates(self, observation: Observation) -> Estimates:
        """The probabilities of clicks and conversions by the models, without exploration."""
        return self._estimates(observation, lambda model, shoppers, items: model.logits(shoppers, items))

    def explored_estimates(self, observation: Observation) -> Estimates:
        """The probabilities of clicks and conversions of the logits by which items are chosen."""
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
        """Contributions that add up to the values of the items of slates, with those to the logits of a click and a conversion.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64, as `act` gives it.

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
        """(n, k) the items of the highest value by the present estimates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn the step's slates, and some of the last ones again."""
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
        """Forget what a step of so many slates makes old."""
        kept = 1.0 if self.halflife is None else float(np.exp2(-slates / self.halflife))
        if self.window is not None and self.known + slates > self.window:
            kept = min(kept, max(1 - slates / self.window, 0.0))
        if kept < 1:
            self.click.forget(kept)
            self.conversion.forget(kept)
        self.known = kept * self.known + slates

    def _restart(self, slates: int) -> None:
        """Hold what was learned before the last slates for little, and learn from them alone."""
        self.replay.forget(slates)
        self.click.forget(KEPT)
        self.conversion.forget(KEPT)
        self.known, self.steps = KEPT * self.known + slates, 0
        assert self.detector is not None
        self.detector.clear()

    def _learn(self, slates: Slates, *, new: bool) -> Expected:
        """A step of both models on some slates; new ones add to what is known and to the position bias.

        Returns:
            The clicks that the model expected before.
        """
        shoppers, (n, k) = self._shoppers(slates.seen), slates.items.shape
        row, random = np.repeat(np.arange(n), k), self.random if new else None
        items, clicks, share = slates.items.ravel(), slates.clicks.ravel(), n / max(self.known, n)
        relative = self.position_bias.relative
        examined = np.tile(relative / relative.max(), n)  # a probability also where a later rank is examined more
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
        """(n, m) the value of showing each item, or (n, C) each candidate."""
        from slategym.agents.logistic.kernel import answer_values  # compiled, so not on import

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
        """The models' input, from what is seen of shoppers (n, o)."""
        n, fields = len(seen), self.problem.fields
        context = np.concatenate([np.ones((n, 1), np.float32), self.frame(seen[:, self.columns])], axis=1)
        angle = 2 * np.pi * seen[:, fields["clock"]] if "clock" in fields else np.zeros((n, 1), np.float32)
        clock = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
        exposure = seen[:, fields["exposure"]] if "exposure" in fields else np.zeros((n, 0), np.float32)
        return Shoppers(context, clock, exposure)


class LogisticTS(Logistic):
    """Thompson sampling with hierarchical logistic models of clicks and conversions (Chapelle, Li, NIPS 2011).

    The probability of a choice has no closed form, so propensities are NaN unless they are estimated.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        propensity_draws: draws by which propensities are estimated (`draw_by_rank`), at the cost of as many decisions; each rank
            then has a draw of its own. 0 leaves them NaN.
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
        """Show the k items of the highest drawn value."""
        if self.propensity_draws == 0:
            return super().choose(observation, allowed)
        return decide_by_draws(self.problem, self._checked(observation), allowed, self._drawn, self.propensity_draws)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, estimated by draws."""
        return thompson(self, self._drawn, observation, slate, allowed, draws)

    def _drawn(self, observation: Observation) -> NDArray[np.float32]:
        return self._scores(observation, explore=True)

    def explored(self, model: LogisticModel, shoppers: Shoppers, items: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """(n, m) draws of the logits from their posterior, or (n, C) of the candidates."""
        return model.draw(shoppers, self.random, self.alpha, items)


class LogisticUCB(Logistic):
    """UCB with hierarchical logistic models: logits at the upper end of their confidence intervals (Filippi et al., NIPS 2010).

    The choice is deterministic, so propensities are 1.
    """

    name = "logistic-ucb"
    propensity = 1.0
    propensities_are = "exact"

    def explored(self, model: LogisticModel, shoppers: Shoppers, items: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """(n, m) the upper ends of the logits' confidence intervals, or (n, C) of the candidates."""
        logits = model.logits(shoppers, items)
        logits += np.float32(self.alpha) * model.width(shoppers, items)
        return logits


def _with_ones(features: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.concatenate([np.ones((len(features), 1)), features], axis=1).astype(np.float32)
