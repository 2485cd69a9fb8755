"""A wrapper that lets any agent count the effect of clicks on later visits."""

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

STAYING = "staying"  # the name of the additional objective


class WithStaying(Scalarizer):
    """A scalarizer with one additional objective, "staying", whose weight is a share of the value of an episode.

    It does not learn itself; its owner updates the inner scalarizer.

    Args:
        scalarizer: the inner scalarizer, of the M objectives.
        staying: gives the mean rewards of an episode.
        share: the share of the effect on later visits that counts.
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
        """(M + 1,) the weights of the objectives (M,), followed by the weight of staying."""
        return np.append(weights, self.share * (weights @ self.staying.stay))


class Lookahead(Wrapper):
    """Wraps any agent and adds one objective: that the shopper stays.

    `StayingModel` estimates how a click on each item changes how long a shopper stays. The wrapped agent receives this effect
    as a reward of the click, in an additional objective "staying"; it needs no other change. The weight of the objective is the
    mean value of an episode with the current weights, times `share`. If no shopper leaves before the simulated period ends, and
    in worlds with a single visit, the effects are zero: the agent then chooses as it does without the wrapper, except that an
    additional objective may change its exploration.

    Args:
        problem: items, observation layout, objectives and slate size.
        seed: seed of the wrapped agent.
        scalarizer: combines the objectives; by default a fixed sum with the problem's weights.
        make: creates the wrapped agent from (problem, seed, scalarizer).
        share: share of the estimated effect on later visits that counts; 0 considers only the present visit.

    Raises:
        ValueError: `share` is out of its range, or `make` does not return an `Agent`.
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
        """The slates of the wrapped agent."""
        return self.agent.act(observation, allowed)

    @property
    def propensities_are(self) -> PropensitySource:
        """As those of the wrapped agent."""
        return self.agent.propensities_are

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates under the wrapped agent."""
        return self.agent.propensities(observation, slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the best slates of the wrapped agent."""
        return self.agent.best(observation, allowed)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Learn which shoppers leave, and pass the step to the wrapped agent with the reward of staying."""
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
        """(M + 1,) the weights, with the weight of staying."""
        return self.extended.extended(weights)

    def grow(self, problem: Problem) -> None:
        """Add items, if the wrapped agent can."""
        self.agent.grow(_with_staying(problem))
        further = standardised_as(problem.features[self.problem.items :], self.problem.features)
        self.staying.grow(np.concatenate([self.staying.features, further.astype(np.float32)]))
        self.problem = problem


def _with_staying(problem: Problem) -> Problem:
    """The problem with the additional objective of staying."""
    return replace(
        problem,
        objective_names=(*problem.objective_names, STAYING),
        weights=(*problem.weights, 0.0),
        causes=(*problem.causes, CLICK),
    )


find = find_wrapped  # every family of agents has this function


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "lookahead:lin-ucb": those of the wrapper and those of the wrapped agent."""
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
    """Make an agent such as "lookahead:lin-ucb"; the options other than `share` go to the wrapped agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    agent = Lookahead(problem, seed, scalarizer, make=maker_of_wrapped(name, options), share=share)
    agent.name = f"lookahead:{agent.agent.name}"
    return agent
