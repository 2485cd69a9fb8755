"""The base class of agents that fuse the click and conversion probabilities of other agents."""

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
EPSILON = 0.02  # default of `epsilon` if no member explores


class Fusion(Agent, ABC):
    """The base class of agents that fuse their members' estimates of clicks and conversions. Subclasses define the method.

    A slate holds the items with the highest values. The value of an item is P(click) * (weight of a click + P(conversion given
    click) * weight of a conversion), with the fused probabilities. If members explore with draws from a posterior (logistic-ts)
    or with upper confidence bounds (logistic-ucb), these explored estimates are fused; otherwise a random item is shown with
    probability `epsilon` at each rank. Every member learns from every slate that is shown. All members predict each impression
    before they learn from it, so the fusion compares held-out predictions.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers; the seeds of its members are derived from it.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        agents: the members, separated by plus signs, with semicolons between the options of a member, as in
            "logistic-ts+lin-ts:alpha=0.2;window=1e5"; in Python also a list of names with options.
        click: the members that estimate clicks, in the form of `agents` or by name only; None: all.
        conversion: the members that estimate whether a click converts; None: all.
        epsilon: probability of a random item at a rank instead of the members' exploration, with exact propensities; None: the
            members' exploration, or 0.02 if no member explores.

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
                    f"{self.texts[number]} does not estimate clicks and conversions: expected members such as {MEMBERS}; "
                    "fusion:bandit takes any agents"
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
            chances: (J, ...) float32, the probabilities by the J members that estimate them.
            conversion: whether these are probabilities of a conversion given a click, instead of a click.
        """

    def learn_members(self, held: HeldOut) -> None:
        """Learn from the members' predictions; does nothing by default.

        Args:
            held: the predictions and the outcomes.
        """

    def grow(self, problem: Problem) -> None:
        """Add new items, if all members support it."""
        for member in self.members:
            member.grow(problem)
        self.values.grow(problem)
        self.problem, self._latest = problem, None

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Choose the best or a random remaining item at each rank; propensities are NaN if members draw their estimates."""
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
        """(n, k) the propensities of given slates; estimated by draws if members draw their estimates."""
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
        """(n, m) the value of showing each item by the fused estimates, or (n, C) for candidates."""
        observation = self._checked(observation)
        return self._values(self.estimates(observation), observation)

    def explored_estimates(self, observation: Observation) -> Estimates:
        """The fused explored estimates of the members; without exploration if `epsilon` is used."""
        if not self.explored:
            return self.estimates(observation)
        click, conversion = self._stacked(lambda member: member.explored_estimates(self._checked(observation)))
        return Estimates(self.fused(click, False), self.fused(conversion, True))

    def _values(self, found: Estimates, observation: Observation) -> NDArray[np.float32]:
        click, conversion, impression = self.values(self.weights, self.problem.candidates_in(observation))
        return np.asarray(found.click * (click + found.conversion * conversion) + impression, np.float32)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the items with the highest values by the fused estimates."""
        return self.best_of(self.scores(observation), observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Compare the members' predictions with the feedback, then let all members learn from it."""
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
        """As `_predict`, but reuse the predictions of the last choice."""
        if self._latest is not None and np.array_equal(self._latest[0], observation):
            return self._latest[1:]
        return self._predict(observation)

    def _predict(self, observation: Observation) -> tuple[Numbers, Numbers]:
        """(J, n, m) the click probabilities by the members that estimate them, and the conversion probabilities likewise."""
        return self._stacked(lambda member: member.estimates(observation))

    def _stacked(self, estimates: Callable[[Agent], Estimates]) -> tuple[Numbers, Numbers]:
        """(J, n, m) the click probabilities by the members that estimate them, and the conversion probabilities likewise."""
        found = {number: estimates(self.members[number]) for number in sorted({*self.click, *self.conversion})}
        click = np.stack([found[number].click for number in self.click])
        return click, np.stack([found[number].conversion for number in self.conversion])


def explores(member: Agent) -> bool:
    """Whether an agent explores with its estimates, so that `explored_estimates` differs from `estimates`.

    Args:
        member: an agent.
    """
    return member.explored if isinstance(member, Fusion) else type(member).explored_estimates is not Agent.explored_estimates


def draws(member: Agent) -> bool:
    """Whether the explored estimates of an agent are random draws, so that its propensities are unknown.

    Args:
        member: an agent.
    """
    return member.drawn if isinstance(member, Fusion) else explores(member) and bool(np.isnan(getattr(member, "propensity", 1.0)))
