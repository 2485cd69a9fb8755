"""A wrapper by which an agent counts what clicks do to later visits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.base import Agent, Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.lookahead.staying import StayingModel
from slategym.agents.registry import AgentMaker, agent_options
from slategym.agents.scalarizers.base import Scalarizer, Weights
from slategym.agents.wrapping import Wrapper, find_wrapped, maker_of_wrapped
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import CLICK
from slategym.utils.checked import checked
from slategym.utils.options import Option, options_of
from slategym.utils.ranges import NonNegative
from slategym.utils.standardize import standardised, standardised_as

STAYING = "staying"  # the objective that is added


class WithStaying(Scalarizer):
    """A scalarizer for one objective more, staying, which weighs a share of what a stay earns by the other weights.

    It learns nothing itself: its owner updates the scalarizer behind it.

    Args:
        scalarizer: of the M objectives.
        staying: says what a stay earns.
        share: of the effect on later visits that counts.
    """

    def __init__(self, scalarizer: Scalarizer, staying: StayingModel, share: float) -> None:
        self.scalarizer, self.staying, self.share = scalarizer, staying, share

    @override
    def weights(self, value: ArrayLike) -> Weights:
        return self.extended(self.scalarizer.weights(np.asarray(value)[:-1]))

    @override
    def utility(self, value: ArrayLike) -> float:
        return self.scalarizer.utility(np.asarray(value)[:-1])

    @override
    def at(self, slates: int) -> Scalarizer:
        return self.scalarizer.at(slates)

    def extended(self, weights: Weights) -> Weights:
        """(M + 1,) weights of the objectives (M,), and what they make of staying."""
        return np.append(weights, self.share * (weights @ self.staying.stay))


class Lookahead(Wrapper):
    """Any agent, with one objective more: that the shopper stays.

    `StayingModel` estimates what a click on each item does to how long a shopper stays. The wrapped agent sees that as a reward
    of the click, in an objective "staying" beside the problem's own, and needs not know more. The weight of the objective is
    what a stay earns, mixed by the weights of the moment, times `share`. Where nobody leaves before the time is over, and in
    worlds of a single visit, the effects are zero and the agent chooses as without the wrapper, but for what an objective more
    does to its exploration.

    Args:
        problem: what slates are chosen from.
        seed: of the wrapped agent.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        make: makes the wrapped agent, of (problem, seed, scalarizer).
        share: of the estimated effect on later visits that counts; 0 looks at the present visit alone.

    Raises:
        ValueError: `share` is out of its range, or what is made is no `Agent`.
    """

    name = "lookahead"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: AgentMaker,
        share: NonNegative = 0.5,
    ) -> None:
        self.columns = problem.context()
        self.frame = RunningNormalizer(len(self.columns))
        features = standardised(problem.features).astype(np.float32)
        self.staying = StayingModel(features, len(self.columns), len(problem.objective_names))

        def extended(inside: Problem, own: int, goal: Scalarizer) -> Agent:
            self.extended = WithStaying(goal, self.staying, share)
            return make(_with_staying(inside), own, self.extended)

        super().__init__(problem, seed, scalarizer, make=extended)

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """The wrapped agent's slates."""
        return self.agent.act(observation, allowed)

    @property
    def propensities_are(self) -> PropensitySource:
        """What those of the agent in it are."""
        return self.agent.propensities_are

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates by the agent in it."""
        return self.agent.propensities(observation, slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the wrapped agent's best slates."""
        return self.agent.best(observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn who leaves, and pass the step on with the reward of staying."""
        observation, decision = self._checked_step(observation, decision, feedback)
        items = self.problem.shown(observation, decision.slate)
        context = observation[:, self.columns]
        self.frame.update(context)
        who = feedback.terminated, feedback.truncated
        self.staying.learn(self.frame(context), items, feedback.clicks, feedback.objectives, *who)
        reward = (feedback.clicks * self.staying.effects()[items]).sum(axis=1, keepdims=True)
        objectives = np.concatenate([feedback.objectives, reward], axis=1).astype(np.float32)
        self.agent.update(observation, decision, replace(feedback, objectives=objectives))

    def inner_weights(self, weights: Weights) -> Weights:
        """(M + 1,) the weights with that of staying."""
        return self.extended.extended(weights)

    def grow(self, problem: Problem) -> None:
        """Take on further items, if the wrapped agent can."""
        self.agent.grow(_with_staying(problem))
        further = standardised_as(problem.features[self.problem.items :], self.problem.features)
        self.staying.grow(np.concatenate([self.staying.features, further.astype(np.float32)]))
        self.problem = problem


def _with_staying(problem: Problem) -> Problem:
    """The problem with the objective of staying."""
    return replace(
        problem,
        objective_names=(*problem.objective_names, STAYING),
        weights=(*problem.weights, 0.0),
        causes=(*problem.causes, CLICK),
    )


find = find_wrapped  # what a family of agents has


def options(name: str) -> dict[str, Option]:
    """The options of "lookahead:lin-ucb": the wrapper's, and the agent's."""
    return options_of(Lookahead, ("problem", "seed", "scalarizer", "make")) | agent_options(find_wrapped(name))


def make(
    name: str,
    problem: Problem,
    seed: int = 0,
    scalarizer: Scalarizer | None = None,
    *,
    share: NonNegative = 0.5,
    **options: Any,
) -> Lookahead:
    """The agent "lookahead:lin-ucb"; the options beside `share` are those of the agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    agent = Lookahead(problem, seed, scalarizer, make=maker_of_wrapped(name, options), share=share)
    agent.name = f"lookahead:{agent.agent.name}"
    return agent
