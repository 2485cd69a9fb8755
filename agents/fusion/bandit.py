"""A bandit over agents: whose slate a shopper is shown is drawn, by what the agents' slates earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.given_slates import mixed
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.delayed_feedback import DelayedFeedbackBuffer
from slategym.agents.common.step_buffer import StepBuffer
from slategym.agents.fusion.members import make_members, member_texts
from slategym.agents.fusion.mixture import chances_of
from slategym.agents.fusion.play import Exp3, Play, Thompson
from slategym.agents.scalarizers.base import Scalarizer
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.utils.checked import checked
from slategym.utils.ranges import Positive, Share
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Drawn(Brief):
    """Whose slates were shown.

    Attributes:
        slate: (n, k).
        member: (n,), -1 where it is not known.
        probability: (J,) of each member.
    """

    slate: NDArray[np.int64]
    member: NDArray[np.int64]
    probability: NDArray[np.float64]


class BanditFusion(Agent):
    """A bandit over agents, which explore by themselves: for each shopper it is drawn whose slate is shown.

    A member is drawn the more often, the more its slates have earned, by the weights of the objectives; delayed conversions
    count for the slate that they came from. Every member learns from every slate that is shown. Propensities are those of the
    mixture, exact where they are known of every member: of those with a random item now and then, and of certain ones.

    Args:
        problem: what slates are chosen from.
        seed: of the agent's own random numbers; its members' follow from it.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        agents: the members, with a plus between them and semicolons between the options of one, as in
            "logistic-ts+lin-ts:alpha=0.2;window=1e5"; in Python also a list of texts of agents.
        rule: "thompson" draws by the probability that a member is the best; "exp3" by exponential weights, which also stand
            rewards that change.
        uniform: share of the shoppers for whom any member is drawn alike.
        rate: of the weights of "exp3", per slate and standard deviation of its reward.
        halflife: slates after which a reward counts half; None forgets nothing.

    Raises:
        ValueError: an option is out of its range, or there is no such agent.
        ImportError: a member needs a library that is not installed.
    """

    name = "fusion:bandit"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        agents: str | Sequence[str] = "logistic-ts+lin-ts",
        rule: Literal["thompson", "exp3"] = "thompson",
        uniform: Share = 0.05,
        rate: Positive = 0.01,
        halflife: Positive | None = None,
    ) -> None:
        super().__init__(problem, seed, scalarizer)
        self.texts = member_texts(agents)
        self.members = make_members(self.texts, problem, self.seed, self.scalarizer)
        count = len(self.members)
        self.play: Play = Thompson(count, uniform, halflife) if rule == "thompson" else Exp3(count, uniform, halflife, rate)
        self.complete = DelayedFeedbackBuffer(problem)
        self.drawn: Drawn | None = None
        self._steps: StepBuffer[Drawn] = StepBuffer(problem.longest_delay)

    def grow(self, problem: Problem) -> None:
        """Take on further items, if all members can."""
        for member in self.members:
            member.grow(problem)
        self.complete.problem, self.complete.item_credit = problem, ItemCredit(problem)
        self.problem = problem

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw for each shopper whose slate is shown."""
        observation = self._checked(observation)
        decisions = [member.act(observation, allowed) for member in self.members]
        probability = self.play.probability
        drawn = np.searchsorted(np.cumsum(probability)[:-1], self.random.random(len(observation)), side="right")
        slate = np.stack([decision.slate for decision in decisions])[drawn, np.arange(len(observation))]
        chances = [
            chances_of(member, observation, slate, decision, allowed)
            for member, decision in zip(self.members, decisions, strict=True)
        ]
        self.drawn = Drawn(slate.copy(), drawn, probability)
        return Decision(slate, mixed(zip(probability.tolist(), chances, strict=True)).astype(np.float32))

    @property
    def propensities_are(self) -> PropensitySource:
        """Exact where they are of all members, else estimated; unknown where they are of one."""
        kinds = [member.propensities_are for member in self.members]
        return "unknown" if "unknown" in kinds else "estimated" if "estimated" in kinds else "exact"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates, those of the mixture of the members."""
        each = (member.propensities(observation, slate, allowed, draws) for member in self.members)
        return mixed(zip(self.play.probability.tolist(), each, strict=True))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the best slates of the member that is drawn most often."""
        return self.members[int(self.play.probability.argmax())].best(observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn what members' slates earned, and let all members learn the step."""
        observation, decision = self._checked_step(observation, decision, feedback)
        drawn = self._steps.push(self._who(decision), len(observation))
        complete = self.complete(observation, decision, feedback)
        if complete is not None and drawn is not None:
            known = drawn.member >= 0
            reward = complete.outcomes[known].sum(axis=1) @ self.weights
            self.play.learn(drawn.member[known], reward, drawn.probability)
        for member in self.members:
            member.update(observation, decision, feedback)

    def with_weights(self, weights: ArrayLike) -> Self:
        """A view of the agent whose members choose by other fixed weights (M,), for `best` and `choose`, not for learning."""
        other = super().with_weights(weights)
        other.members = [member.with_weights(weights) for member in self.members]
        return other

    def _who(self, decision: Decision) -> Drawn:
        """Whose slates are shown; nobody's where another one is shown than was chosen last."""
        slate, drawn = decision.slate, self.drawn
        if drawn is None or drawn.slate.shape != slate.shape:
            return Drawn(slate, np.full(len(slate), -1), self.play.probability)
        return replace(drawn, member=np.where((slate == drawn.slate).all(axis=1), drawn.member, -1))
