"""The base of agents that fuse the click and conversion probabilities of other agents."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing import given_slates
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.choosing.exploration import explore, explore_among
from slategym.agents.choosing.parts import parts_of
from slategym.agents.common.answer_values import AnswerValues
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.estimates import Estimates
from slategym.agents.fusion.held_out import HeldOut, HeldOutBuffer
from slategym.agents.fusion.members import make_members, member_texts, places
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Share

Numbers = NDArray[np.float32]
MEMBERS = "logistic-ts+logistic-ts:halflife=20000"
EPSILON = 0.02  # where no member explores


class Fusion(Agent, ABC):
    """The base of agents that fuse their members' estimates of clicks and conversions. Subclasses define how.

    A slate holds the items of the highest value, which is the weighted value of a click and, with the fused chance that it
    converts, of a conversion, times the fused chance of the click. Members that draw their estimates to explore (logistic-ts), or
    take the upper ends (logistic-ucb), do so here too, and what they would choose by is fused; otherwise a random item is shown
    with probability `epsilon` at each rank. Every member learns from every slate that is shown. Each impression is predicted by
    all members before they learn it, so what the fusion learns of them is held out.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: the members, with a plus between them and semicolons between the options of one, as in
            "logistic-ts+lin-ts:alpha=0.2;window=1e5"; in Python also a list of texts of agents.
        click: the members that estimate clicks, as `agents` or by their names alone; None for all.
        conversion: the members that estimate whether a click converts; None for all.
        epsilon: probability of a random item at a rank, with which propensities are exact; None: members explore, and 0.02 where
            none of them does.

    Raises:
        ValueError: an option is out of its range, there is no such agent, or a member has no estimates.
        ImportError: a member needs a library that is not installed.
    """

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
        epsilon: Share | None = None,
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
        used = [self.members[number] for number in {*self.click, *self.conversion}]
        self.explored = epsilon is None and any(map(explores, used))
        self.drawn = self.explored and any(map(draws, used))
        self.epsilon = EPSILON if epsilon is None and not self.explored else epsilon or 0.0
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
        """Choose at each rank the best item left or a random one; propensities are NaN where members draw their estimates."""
        observation = self._checked(observation)
        self._latest = (observation.copy(), *self._predict(observation))
        scores = self._values(self.explored_estimates(observation), observation)
        if allowed is not None:
            choice = choice_of(self.problem, observation, allowed)
            slate, propensity = explore_among(self.random, scores, self.epsilon, choice)
        else:
            slate, propensity = explore(self.random, self.best_of(scores, observation), self.epsilon, self.problem.choices)
        return Decision(slate, np.full_like(propensity, np.nan) if self.drawn else propensity)

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact, unless members draw their estimates."""
        return "estimated" if self.drawn else "exact"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates; estimates by draws where members draw."""
        if self.drawn:
            latest, by_rows = self._latest, any(hasattr(part, "forget_shoppers") for part in parts_of(self))
            found = given_slates.drawn(self, observation, slate, allowed, draws, by_rows=by_rows)
            self._latest = latest
            return found
        scores = self._values(self.explored_estimates(observation), observation)
        if allowed is not None:
            return given_slates.scored(scores, slate, self.epsilon, choice_of(self.problem, observation, allowed))
        return given_slates.ranked(self.best_of(scores, observation), slate, self.epsilon, self.problem.choices)

    def estimates(self, observation: Observation) -> Estimates:
        """The fused probabilities of clicks and conversions."""
        click, conversion = self._predicted(self._checked(observation))
        return Estimates(self.fused(click, False), self.fused(conversion, True))

    def scores(self, observation: Observation) -> NDArray[np.float32]:
        """(n, m) the value of showing each item by the fused estimates, or (n, C) of the candidates."""
        observation = self._checked(observation)
        return self._values(self.estimates(observation), observation)

    def explored_estimates(self, observation: Observation) -> Estimates:
        """The fused probabilities by which the members would choose, or without exploration where `epsilon` is given."""
        if not self.explored:
            return self.estimates(observation)
        click, conversion = self._stacked(lambda member: member.explored_estimates(self._checked(observation)))
        return Estimates(self.fused(click, False), self.fused(conversion, True))

    def _values(self, found: Estimates, observation: Observation) -> NDArray[np.float32]:
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
        return self._stacked(lambda member: member.estimates(observation))

    def _stacked(self, estimates: Callable[[Agent], Estimates]) -> tuple[Numbers, Numbers]:
        """(J, n, m) the probabilities of clicks by the members that estimate them, and likewise of conversions."""
        found = {number: estimates(self.members[number]) for number in sorted({*self.click, *self.conversion})}
        click = np.stack([found[number].click for number in self.click])
        return click, np.stack([found[number].conversion for number in self.conversion])


def explores(member: Agent) -> bool:
    """Whether an agent has estimates of its own to choose by.

    Args:
        member: an agent.
    """
    return member.explored if isinstance(member, Fusion) else type(member).explored_estimates is not Agent.explored_estimates


def draws(member: Agent) -> bool:
    """Whether these are drawn, so that the propensities of what they choose are unknown.

    Args:
        member: an agent.
    """
    return member.drawn if isinstance(member, Fusion) else explores(member) and bool(np.isnan(getattr(member, "propensity", 1.0)))
