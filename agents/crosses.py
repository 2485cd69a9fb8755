"""A wrapper that adds the products of all pairs of context columns to an agent's context."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Chances, Decision, Observation, Problem, PropensitySource, Slate
from slategym.agents.choosing.explanation import Explanation
from slategym.agents.estimates import Estimates
from slategym.agents.registry import AgentMaker, agent_options
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.wrapping import Wrapper, find_wrapped, maker_of_wrapped
from slategym.sim.choice import Mask
from slategym.sim.feedback import Feedback
from slategym.sim.layout import Layout
from slategym.utils.checked import checked
from slategym.utils.options import Option

CONTEXT = "context"  # the field whose columns are multiplied


class Crosses(Wrapper):
    """Any agent, with the products of all pairs of context columns, including squares, as additional context columns.

    A linear model cannot represent feature crosses unless they are given as inputs. With this wrapper, the inputs of a model that
    uses products of context and features include products of two context columns and one feature. In worlds without a context the
    wrapper changes nothing.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the wrapped agent.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        make: function of (problem, seed, scalarizer) that makes the wrapped agent.

    Raises:
        ValueError: the wrapped agent is not an `Agent`.
    """

    name = "crosses"

    @checked
    def __init__(
        self,
        problem: Problem,
        seed: int = 0,
        scalarizer: Scalarizer | None = None,
        *,
        make: AgentMaker,
    ) -> None:
        super().__init__(problem, seed, scalarizer, make=lambda inside, own, goal: make(_crossed(inside), own, goal))

    def choose(self, observation: Observation, allowed: Mask | None = None) -> Decision:
        """The wrapped agent's slates."""
        return self.agent.act(self.crossed(observation), allowed)

    @property
    def propensities_are(self) -> PropensitySource:
        """As for the wrapped agent."""
        return self.agent.propensities_are

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the wrapped agent's propensities of given slates."""
        return self.agent.propensities(self.crossed(observation), slate, allowed, draws)

    def best(self, observation: Observation, allowed: Mask | None = None) -> NDArray[np.int64]:
        """(n, k) the wrapped agent's best slates."""
        return self.agent.best(self.crossed(observation), allowed)

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the wrapped agent's scores; (n, C) for candidates."""
        return self.agent.scores(self.crossed(observation))

    def estimates(self, observation: Observation) -> Estimates:
        """The wrapped agent's estimates of clicks and conversions."""
        return self.agent.estimates(self.crossed(observation))

    def explain(self, observation: Observation, slate: NDArray[np.int64]) -> Explanation:
        """The wrapped agent's explanation, in which the products are separate contributions."""
        return self.agent.explain(self.crossed(observation), slate)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Pass the step, with the products, to the wrapped agent."""
        observation, decision = self._checked_step(observation, decision, feedback)
        following = self.crossed(feedback.next_observation)
        self.agent.update(self.crossed(observation), decision, replace(feedback, next_observation=following))

    def grow(self, problem: Problem) -> None:
        """Add new items, if the wrapped agent supports it."""
        self.agent.grow(_crossed(problem))
        self.problem = problem

    def crossed(self, observation: Observation) -> Observation:
        """(n, o + c (c + 1) / 2) the observations with the products inserted after their c context columns.

        Args:
            observation: (n, o) float32.
        """
        observation = self._checked(observation)
        if CONTEXT not in self.problem.layout:
            return observation
        place = self.problem.layout[CONTEXT]
        context = observation[:, place]
        one, other = np.triu_indices(context.shape[1])
        largest = np.finfo(np.float32).max
        products = np.clip(context[:, one].astype(np.float64) * context[:, other], -largest, largest).astype(np.float32)
        return np.concatenate([observation[:, : place.stop], products, observation[:, place.stop :]], axis=1)


def _crossed(problem: Problem) -> Problem:
    """The problem with a wider context."""
    fields = [
        replace(field, width=field.width + field.width * (field.width + 1) // 2, meaning=f"{field.meaning}, and its products")
        if field.name == CONTEXT
        else field
        for field in problem.layout.fields
    ]
    return replace(problem, layout=Layout(fields))


find = find_wrapped  # part of the interface of a family of agents


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "crosses:lin-ts": those of the wrapped agent."""
    return agent_options(find_wrapped(name))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Crosses:
    """Make an agent such as "crosses:lin-ts" with options of the wrapped agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    agent = Crosses(problem, seed, scalarizer, make=maker_of_wrapped(name, options))
    agent.name = f"crosses:{agent.agent.name}"
    return agent
