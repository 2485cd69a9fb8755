"""A bandit over agents: draws the agent whose slate is shown, depending on the rewards of the agents' slates."""

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
    """The members whose slates were shown.

    Attributes:
        slate: (n, k).
        member: (n,), the member of each row; -1 if unknown.
        probability: (J,), the probability of each member.
    """

    slate: NDArray[np.int64]
    member: NDArray[np.int64]
    probability: NDArray[np.float64]


class BanditFusion(Agent):
    """A bandit over agents: for each shopper, it draws the member whose slate is shown. Members explore as usual.

    The more reward a member's slates have earned, with the weights of the objectives, the more often it is drawn; delayed
    conversions count for the slate that they belong to. Every member learns from every slate that is shown. Propensities are
    those of the mixture. They are exact if they are known for every member, as for epsilon-greedy and deterministic agents.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers; the seeds of its members are derived from it.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        agents: the members, separated by plus signs, with semicolons between the options of a member, as in
            "logistic-ts+lin-ts:alpha=0.2;window=1e5"; in Python also a list of names with options.
        rule: "thompson" draws members by their probability of being the best; "exp3" by exponential weights, which also work for
            rewards that change.
        uniform: share of the shoppers for whom the member is drawn uniformly.
        rate: learning rate of "exp3", per slate and standard deviation of the reward.
        halflife: number of slates after which a reward counts half; None: no forgetting.

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
        """Add new items, if all members support it."""
        for member in self.members:
            member.grow(problem)
        self.complete.problem, self.complete.item_credit = problem, ItemCredit(problem)
        self.problem = problem

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """Draw for each shopper the member whose slate is shown."""
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
        """Exact if those of all members are exact; unknown if those of any member are; else estimated."""
        kinds = [member.propensities_are for member in self.members]
        return "unknown" if "unknown" in kinds else "estimated" if "estimated" in kinds else "exact"

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates under the mixture of the members."""
        each = (member.propensities(observation, slate, allowed, draws) for member in self.members)
        return mixed(zip(self.play.probability.tolist(), each, strict=True))

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the best slates of the member with the highest probability."""
        return self.members[int(self.play.probability.argmax())].best(observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn from the rewards of members' slates, and let all members learn from the step."""
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
        """A view of the agent with other fixed weights (M,) for all members, for `best` and `choose` but not for learning."""
        other = super().with_weights(weights)
        other.members = [member.with_weights(weights) for member in self.members]
        return other

    def _who(self, decision: Decision) -> Drawn:
        """The members whose slates are shown; unknown where the slate is not the one chosen last."""
        slate, drawn = decision.slate, self.drawn
        if drawn is None or drawn.slate.shape != slate.shape:
            return Drawn(slate, np.full(len(slate), -1), self.play.probability)
        return replace(drawn, member=np.where((slate == drawn.slate).all(axis=1), drawn.member, -1))
