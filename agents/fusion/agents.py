"""Agents that fuse the click and conversion probabilities of other agents, by their mean, weights or stacking."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, Slate
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.given_slates import exploring
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.estimates import Estimates
from slategym.agents.fusion.held_out import HeldOut, HeldOutBuffer, log_loss, softened
from slategym.agents.fusion.members import make_members, member_texts, places
from slategym.agents.fusion.stack import Stack
from slategym.agents.fusion.weights import ExponentialWeights
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.optional import require
from slategym.utils.ranges import Count, NonNegative, Positive, Share

Numbers = NDArray[np.float32]
MEMBERS = "logistic-ts+logistic-ts:halflife=20000"


class Fusion(Agent, ABC):
    """The base of agents that fuse their members' estimates of clicks and conversions. Subclasses define how.

    A slate holds the items of the highest value, which is the weighted value of a click and, with the fused chance that it
    converts, of a conversion, times the fused chance of the click; at each rank a random item is shown with probability
    `epsilon`. Every member learns from every slate that is shown. Each impression is predicted by all members before they learn
    it, so what the fusion learns of them is held out.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: the members, with a plus between them and semicolons between the options of one, as in
            "logistic-ts+lin-ts:alpha=0.2;window=1e5"; in Python also a list of texts of agents.
        click: the members that estimate clicks, as `agents` or by their names alone; None for all.
        conversion: the members that estimate whether a click converts; None for all.
        epsilon: probability of a random item at a rank.

    Raises:
        ValueError: an option is out of its range, there is no such agent, or a member has no estimates.
        ImportError: a member needs a library that is not installed.
    """

    propensities_are = "exact"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share = 0.02,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.texts = member_texts(agents)
        self.click, self.conversion = places("click", click, self.texts), places("conversion", conversion, self.texts)
        self.members = make_members(self.texts, problem, self.seed, self.scalarizer)
        for number in {*self.click, *self.conversion}:
            if type(self.members[number]).estimates is Agent.estimates:
                raise ValueError(
                    f"{self.texts[number]} does not estimate clicks and conversions: expected such as {MEMBERS}, or fusion:bandit"
                )
        self.epsilon = epsilon
        self.values = AnswerValues(problem)
        self.held_out = HeldOutBuffer(problem.longest_delay)
        self.position_bias = PositionBiasEstimator(problem.slate_size)
        self.clicked, self.attracted = np.zeros(problem.slate_size), np.zeros(problem.slate_size)
        self._latest: tuple[Observation, Numbers, Numbers] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_latest": None}

    @abstractmethod
    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """Fuse members' probabilities.

        Args:
            chances: (J, ...) float32, of the members that estimate this.
            conversion: whether they are of a conversion, given a click, and not of a click.
        """

    def learn_members(self, held: HeldOut) -> None:
        """Learn how good the members are; does nothing by default.

        Args:
            held: what they predicted, with the answers.
        """

    def grow(self, problem: Problem) -> None:
        """Take on further items, if all members can."""
        for member in self.members:
            member.grow(problem)
        self.values.grow(problem)
        self.problem, self._latest = problem, None

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose at each rank the best item left or a random one; the propensity counts both ways to the same item."""
        observation = self._checked(observation)
        self._latest = (observation.copy(), *self._predict(observation))
        scores = self.scores(observation)
        if allowed is not None:
            choice = choice_of(self.problem, observation, allowed)
            return Decision(*explore_among(self.random, scores, self.epsilon, choice))
        best = self.best_of(scores, observation)
        return Decision(*explore(self.random, best, self.epsilon, self.problem.choices))

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, exact."""
        return exploring(self, observation, slate, allowed, self.epsilon)

    def estimates(self, observation: Observation) -> Estimates:
        """The fused probabilities of clicks and conversions."""
        click, conversion = self._predicted(self._checked(observation))
        return Estimates(self.fused(click, False), self.fused(conversion, True))

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item by the fused estimates, or (n, C) of the candidates."""
        observation = self._checked(observation)
        found = self.estimates(observation)
        click, conversion, impression = self.values(self.weights, self.problem.candidates_in(observation))
        return np.asarray(found.click * (click + found.conversion * conversion) + impression, np.float32)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items of the highest value by the fused estimates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Compare the members' predictions with the answers, then let all members learn these."""
        observation, decision = self._checked_step(observation, decision, feedback)
        click, conversion = (
            np.take_along_axis(chances, decision.slate[None], axis=2) for chances in self._predicted(observation)
        )
        self._latest = None
        self.clicked += feedback.clicks.sum(axis=0)
        self.attracted += self.fused(click, False).sum(axis=0)
        self.position_bias.update(self.clicked, self.attracted)
        held = self.held_out(click, conversion, decision, feedback)
        if held is not None:
            self.learn_members(held)
        self.values.learn(feedback, self.problem.shown(observation, decision.slate))
        for member in self.members:
            member.update(observation, decision, feedback)

    def _predicted(self, observation: Observation) -> tuple[Numbers, Numbers]:
        """As `_predict`; what has been predicted for the last choice is not computed again."""
        if self._latest is not None and np.array_equal(self._latest[0], observation):
            return self._latest[1:]
        return self._predict(observation)

    def _predict(self, observation: Observation) -> tuple[Numbers, Numbers]:
        """(J, n, m) the probabilities of clicks by the members that estimate them, and likewise of conversions."""
        found = {number: self.members[number].estimates(observation) for number in sorted({*self.click, *self.conversion})}
        click = np.stack([found[number].click for number in self.click])
        return click, np.stack([found[number].conversion for number in self.conversion])


class MeanFusion(Fusion):
    """The mean of the members' probabilities."""

    name = "fusion:mean"

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The mean over members.

        Args:
            chances: (J, ...) float32.
            conversion: makes no difference.
        """
        return np.asarray(chances.mean(axis=0))


class FixedFusion(Fusion):
    """A mean of the members' probabilities with fixed weights.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        shares: the weight of each member, as in "2,1"; equal ones if None. They are divided by their sum.

    Raises:
        ValueError: as `Fusion`, or not one number from 0 for each member, some above 0.
    """

    name = "fusion:fixed"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share = 0.02,
        shares: ArrayLike | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer, agents=agents, click=click, conversion=conversion, epsilon=epsilon)
        given = np.ones(len(self.texts)) if shares is None else np.asarray(shares, np.float64)
        fits = given.shape == (len(self.texts),) and np.isfinite(given).all() and (given >= 0).all()
        if not fits or not all(given[which].sum() > 0 for which in (self.click, self.conversion)):
            expected = f"expected a number from 0 for each of {' + '.join(self.texts)}, some above 0 for both"
            raise ValueError(f"shares is {shares!r}: {expected}")
        self.shares = [given[which] / given[which].sum() for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The weighted mean.

        Args:
            chances: (J, ...) float32.
            conversion: whether they are of conversions.
        """
        return weighted(self.shares[conversion], chances)


class ExponentialFusion(Fusion):
    """A mean with exponential weights of the members' recent losses, for clicks and for conversions apart (`ExponentialWeights`).

    The loss of a member is the log-loss of its predictions, where impressions are weighted by one over their propensities, so
    that members are compared on items as they are and not as they are shown; clicks at lower ranks are expected less often.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        rate: of the weights, per unit of log-loss of an impression; 1 picks the best member, 0 none.
        halflife: slates after which a loss counts half; None forgets nothing.
        robustness: weight of the deviation of a member's losses between steps, beside their mean.

    Raises:
        ValueError: as `Fusion`.
    """

    name = "fusion:exponential"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share = 0.02,
        rate: NonNegative = 0.02,
        halflife: Positive | None = 10_000.0,
        robustness: NonNegative = 0.1,
    ) -> None:
        super().__init__(problem, seed, scalarizer, agents=agents, click=click, conversion=conversion, epsilon=epsilon)
        self.experts = [ExponentialWeights(len(which), rate, halflife, robustness) for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The mean by the present weights.

        Args:
            chances: (J, ...) float32.
            conversion: whether they are of conversions.
        """
        return weighted(self.experts[conversion].weights, chances)

    def learn_members(self, held: HeldOut) -> None:
        """Add the losses of the members.

        Args:
            held: what they predicted, with the answers.
        """
        click = log_loss(softened(held.click) * self.position_bias.relative, held.clicks) * held.weight
        conversion = log_loss(softened(held.conversion), held.conversions) * held.weight * held.clicks
        for experts, losses in zip(self.experts, (click, conversion), strict=True):
            experts.update(losses.sum(axis=(1, 2)), len(held.clicks))


class StackingFusion(Fusion):
    """Stacking of the members by scikit-learn's logistic regression, for clicks and for conversions apart (`Stack`).

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: see `Fusion`.
        click: see `Fusion`.
        conversion: see `Fusion`.
        epsilon: see `Fusion`.
        kept: impressions, and clicks, of which the regressions are fitted to the last ones.

    Raises:
        ValueError: as `Fusion`.
        ImportError: scikit-learn is not installed.
    """

    name = "fusion:stacking"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = MEMBERS,
        click: str | Sequence[str] | None = None,
        conversion: str | Sequence[str] | None = None,
        epsilon: Share = 0.02,
        kept: Count = 200_000,
    ) -> None:
        super().__init__(problem, seed, scalarizer, agents=agents, click=click, conversion=conversion, epsilon=epsilon)
        require("sklearn", "peers")
        self.stacks = [Stack(len(which), kept) for which in (self.click, self.conversion)]

    def fused(self, chances: Numbers, conversion: bool) -> Numbers:
        """The probabilities by the regression.

        Args:
            chances: (J, ...) float32.
            conversion: whether they are of conversions.
        """
        return self.stacks[conversion](chances)

    def learn_members(self, held: HeldOut) -> None:
        """Add the impressions to those of the regressions.

        Args:
            held: what the members predicted, with the answers.
        """
        examined = held.click * self.position_bias.relative.astype(np.float32)
        self.stacks[0].learn(examined.reshape(len(examined), -1), held.clicks.ravel())
        self.stacks[1].learn(held.conversion[:, held.clicks], held.conversions[held.clicks])


def weighted(weights: NDArray[np.float64], chances: Numbers) -> Numbers:
    """(...) float32, the weighted mean of probabilities.

    Args:
        weights: (J,), which sum to 1.
        chances: (J, ...) float32.
    """
    return np.asarray(np.tensordot(weights.astype(np.float32), chances, 1), np.float32)
