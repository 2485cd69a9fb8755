"""LinUCB and linear Thompson sampling."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.explanation import Explanation, context_fields, explained
from slategym.agents.choosing.given_slates import thompson
from slategym.agents.choosing.noise import blocks
from slategym.agents.choosing.repeated_draws import decide_by_draws
from slategym.agents.common.change_detector import KEPT, ChangeDetector
from slategym.agents.common.context_frame import ContextFrame
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.history import DecisionHistory
from slategym.agents.estimates import Estimates, rates_of
from slategym.agents.linear.forms import FORMS, Form
from slategym.agents.linear.statistics import Shopper
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.selection import top_k
from slategym.utils.checked import checked
from slategym.utils.ranges import Count, NonNegative, Positive, Range, Whole
from slategym.utils.standardize import standardised_as

Ridge = Annotated[float, Range(1e-6)]
MANY = 20_000  # number of items above which solutions are less frequent
KNOWN = 10_000  # number of clicks below which predictions are too low to detect a change
GROWTH = 0.01  # relative growth of the slates before a new solution (rarely switching, Abbasi-Yadkori et al., NIPS 2011)


class Linear(Agent, ABC):
    """The base class of the linear agents: the model, its sums and delayed conversions. Subclasses define the exploration.

    An item's score is weights . means + alpha * scale * exploration. The scale is the standard deviation of a weighted outcome,
    sqrt(sum (weight * deviation)^2), where the deviation of an objective is that of a rare event: the root of its mean square
    (for a count, the root of its rate). All objectives share one precision, so their weighted sum needs one exploration term.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        alpha: factor of the exploration; 1 is the width of the posterior.
        ridge: prior precision of the coefficients that items share. The unit is one click: the prior's standard deviation of a
            click rate is 1 / sqrt(ridge) times the mean click rate, so one value suits low and high rates. (In the papers the
            unit is one impression, for rewards of about one.)
        item_ridge: prior precision of each item's intercept, in clicks.
        fields: the fields of the observation that form the context; None: "context". If there is an "exposure" per category, the
            exposure of an item's category has a coefficient too, since repeated categories attract less.
        form: "hybrid": coefficients of context and item features that all items share, and an intercept for each item;
            "disjoint": separate coefficients of the context for each item; "shared": the shared coefficients only.
        halflife: number of slates after which a slate counts half; None: no forgetting.
        window: number of most recent slates that count, approximately; None: all. In a world that may change, 100,000 is a good
            value for 500 items; a much shorter window forgets too much.
        restarts: whether to forget nearly everything except the examination of ranks when there are fewer clicks than the model
            predicts (`ChangeDetector`).

    Raises:
        ValueError: an option is out of its range.
    """

    propensity = np.nan

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        alpha: NonNegative = 0.5,
        ridge: Ridge = 1.0,
        item_ridge: Ridge = 10.0,
        fields: Sequence[str] | None = None,
        form: Form = "hybrid",
        halflife: Positive | None = None,
        window: Count | None = None,
        restarts: bool = False,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.alpha = alpha
        self.exposure = problem.fields.get("exposure")
        self.columns = problem.context(fields)
        self.item_credit = ItemCredit(problem, clicks=True)
        self.history = DecisionHistory(problem.longest_delay)
        self.model = FORMS[form](
            problem.features,
            problem.slate_size,
            context=len(self.columns),
            pressure=self.exposure is not None,
            objectives=len(self.item_credit.objective_names),
            click=self.item_credit.objective_names.index("click"),
            ridge=ridge,
            item_ridge=item_ridge,
            halflife=halflife,
            window=window,
        )
        self.detector = ChangeDetector() if restarts else None
        self.frame = ContextFrame(len(self.columns))
        self.solved = 0  # slates at the last solution
        # The cost of a solution grows with the number of items: with many items, solutions are less frequent.
        self.growth = GROWTH * max(1.0, problem.items / MANY)

    def grow(self, problem: Problem) -> None:
        """Add new items, which are predicted from their features at first."""
        self.model.grow(standardised_as(problem.features[self.problem.items :], self.problem.features))
        self.item_credit = ItemCredit(problem, clicks=True)
        self.growth = GROWTH * max(1.0, problem.items / MANY)
        self.problem = problem

    @property
    def learns_alone(self) -> str:
        """Empty: the agent learns from sums, which can be added up over shards."""
        return ""

    @abstractmethod
    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) the exploration term of every item, or (n, C) for candidates, in standard deviations of a weighted outcome.

        Args:
            shopper: the n shoppers.
        """

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the k items with the highest scores, highest first, since examination decreases with rank."""
        observation = self._checked(observation)
        slate = np.empty((len(observation), self.problem.slate_size), np.int64)
        for rows in blocks(len(observation)):
            mask, shopper = None if allowed is None else allowed[rows], self.shopper(observation[rows], choosing=True)
            if mask is None and not self.problem.rules:
                slate[rows] = self.chosen(shopper)
            else:
                slate[rows] = self.best_of(self.explored_scores(shopper), observation[rows], mask)
        return Decision(slate, np.full(slate.shape, self.propensity, np.float32))

    def chosen(self, shopper: Shopper) -> NDArray[np.int64]:
        """(n, k) the items with the highest scores including exploration, or positions among the candidates.

        Args:
            shopper: the n shoppers.
        """
        return top_k(self.explored_scores(shopper), self.problem.slate_size)

    def explored_scores(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) the score of every item including exploration, or (n, C) for candidates.

        Args:
            shopper: the n shoppers.
        """
        return self.explored(shopper) * np.float32(self.scale) + self.model.mean(shopper, self.item_credit.weights(self.weights))

    @property
    def scale(self) -> float:
        """The factor of the exploration term: alpha times the standard deviation of a weighted outcome."""
        return float(self.alpha * np.sqrt((self.item_credit.weights(self.weights) ** 2 * self.model.square).sum()))

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the expected weighted outcomes of each item, or (n, C) for candidates."""
        return self.model.mean(self.shopper(observation, choosing=True), self.item_credit.weights(self.weights))

    def estimates(self, observation: Observation) -> Estimates:
        """Expected clicks, and the ratio of conversions to clicks with the mean rates as a prior (`Estimates.of_rates`)."""
        shopper, one = self.shopper(observation, choosing=True), np.eye(self.model.objectives)
        numbers, square = rates_of(self.name, self.item_credit.objective_names), self.model.square
        click, converted = (self.model.mean(shopper, one[each]) for each in numbers)
        return Estimates.of_rates(click, converted, (square[numbers[0]], square[numbers[1]]))

    def explain(self, observation: Observation, slate: NDArray[np.int64]) -> Explanation:
        """Contributions that add up to the expected weighted outcomes of the items of slates.

        Args:
            observation: (n, o) float32.
            slate: (n, k) int64, as in decisions of `act`.

        Raises:
            ValueError: the observation or the slate is invalid.
        """
        observation = self._checked(observation)
        items, weights = self.problem.shown(observation, slate), self.item_credit.weights(self.weights)
        fields = context_fields(self.problem, self.columns)
        parts = self.model.contributions(self.shopper(observation), weights, items, fields)
        return explained("score", items, parts, np.take_along_axis(np.asarray(self.scores(observation)), slate, axis=1))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest expected weighted outcomes."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Add the step to the sums, and solve the model again if the sums have grown enough."""
        observation, decision = self._checked_step(observation, decision, feedback)
        carry = self.frame.follow(observation.take(self.columns, axis=1))
        if carry is not None:
            self.model.memory.carry(carry)
        items, shopper = self.problem.shown(observation, decision.slate), self.shopper(observation)
        if self.detector is not None:
            self._watch(self.detector, shopper, items, feedback)
        recalled = self.history.recall(feedback.delayed)
        with self.model.memory.step():
            self.add(shopper, items, feedback)
            if recalled is not None:
                moments = self.item_credit.delayed(feedback, recalled.delayed)
                self.model.add_delayed(self.shopper(recalled.observation), recalled.delayed.item, moments)
        self.history.remember(observation, decision)
        # Growth is relative to the remembered slates, so that agents that forget are solved often enough.
        if carry is not None or self.slates - self.solved >= self.growth * self.model.memory.slates / (1 + self.growth):
            self.model.solve()
            self.solved = self.slates

    def add(self, shopper: Shopper, items: NDArray[np.int64], feedback: Feedback) -> None:
        """Add the impressions of items (n, k) to the sums."""
        self.model.add(shopper, items, self.item_credit(feedback, items))

    def _watch(self, detector: ChangeDetector, shopper: Shopper, items: NDArray[np.int64], feedback: Feedback) -> None:
        """Compare the clicks of a step with the model's predictions for its items (n, k), and forget after a change."""
        shown = replace(shopper, candidates=items)
        click = np.eye(self.model.objectives)[self.model.click]
        chance = np.clip(self.model.mean(shown, click) * self.model.position_bias.relative, 0, 1).astype(np.float64)
        if self.model.answers[0].sum() - self.model.answers_before[0].sum() < KNOWN:
            return
        if detector.watch(feedback.clicks, chance):
            self.model.forget(KEPT)

    def shopper(self, observation: Observation, choosing: bool = False) -> Shopper:
        """Extract the model's input from an observation.

        Args:
            observation: (n, o) float32.
            choosing: whether to include the candidates, if there are candidates.
        """
        observation = self._checked(observation)
        ones = np.ones((len(observation), 1), np.float32)
        context = np.concatenate([ones, self.frame(observation.take(self.columns, axis=1))], axis=1)
        candidates = self.problem.candidates_in(observation) if choosing else None
        if self.exposure is None:
            return Shopper(context, None, candidates=candidates)
        return Shopper(context, observation[:, self.exposure], self.problem.category, candidates)


class LinUCB(Linear):
    """LinUCB: an item's score is its upper confidence bound (Li, Chu, Langford, Schapire, WWW 2010).

    The choice is deterministic, so propensities are 1.
    """

    name = "lin-ucb"
    propensity = 1.0
    propensities_are = "exact"

    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) the half-width of the confidence interval, or (n, C) for candidates."""
        return self.model.width(shopper)


class LinTS(Linear):
    """Linear Thompson sampling: coefficients are drawn from their posterior for each shopper (Agrawal, Goyal, ICML 2013).

    The probability of a choice has no closed form, so propensities are NaN unless they are estimated.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        propensity_draws: number of draws for estimated propensities (`draw_by_rank`), each as costly as a decision; each rank
            then has its own draw. 0: propensities are NaN.
        alpha: see `Linear`.
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

    name = "lin-ts"
    propensities_are = "estimated"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        alpha: NonNegative = 0.5,
        ridge: Ridge = 1.0,
        item_ridge: Ridge = 50.0,
        fields: Sequence[str] | None = None,
        form: Form = "hybrid",
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
            ridge=ridge,
            item_ridge=item_ridge,
            fields=fields,
            form=form,
            halflife=halflife,
            window=window,
            restarts=restarts,
        )
        self.propensity_draws = propensity_draws

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the k items with the highest drawn scores, highest first."""
        if self.propensity_draws == 0:
            return super().choose(observation, allowed)
        return decide_by_draws(self.problem, self._checked(observation), allowed, self._drawn, self.propensity_draws)

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, estimated by draws."""
        return thompson(self, self._drawn, observation, slate, allowed, draws)

    def _drawn(self, observation: Observation) -> NDArray[np.float32]:
        return self.explored_scores(self.shopper(observation, choosing=True))

    def explored(self, shopper: Shopper) -> NDArray[np.float32]:
        """(n, m) the deviation of a posterior draw from the mean, or (n, C) for candidates."""
        return self.model.noise(shopper, self.random)

    def chosen(self, shopper: Shopper) -> NDArray[np.int64]:
        """(n, k) the items with the highest drawn scores; only a few scores are computed in full."""
        mix, size = self.item_credit.weights(self.weights), self.problem.slate_size
        return self.model.drawn_slates(shopper, mix, self.scale, size, self.random)
