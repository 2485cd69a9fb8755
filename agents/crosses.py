"""A wrapper by which an agent sees the products of all pairs of context columns."""

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
    """Any agent, whose context also has the products of all pairs of its columns, squares among them.

    An agent whose model is linear in context and features so holds products of two columns of context and one of features, the
    crosses that are made by hand where no network is. In worlds without a context it changes nothing.

    Args:
        problem: what slates are chosen from.
        seed: of the wrapped agent.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        make: makes the wrapped agent, of (problem, seed, scalarizer).

    Raises:
        ValueError: what is made is no `Agent`.
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
        """What those of the agent in it are."""
        return self.agent.propensities_are

    def chances(self, observation: Observation, slate: Slate, allowed: Mask | None, draws: int) -> Chances:
        """(n, k) the propensities of given slates by the agent in it."""
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
        """The wrapped agent's explanation, in which products have parts of their own."""
        return self.agent.explain(self.crossed(observation), slate)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Pass the step on, with the products."""
        observation, decision = self._checked_step(observation, decision, feedback)
        following = self.crossed(feedback.next_observation)
        self.agent.update(self.crossed(observation), decision, replace(feedback, next_observation=following))

    def grow(self, problem: Problem) -> None:
        """Take on further items, if the wrapped agent can."""
        self.agent.grow(_crossed(problem))
        self.problem = problem

    def crossed(self, observation: Observation) -> Observation:
        """(n, o + c (c + 1) / 2) the observations with the products behind their context of c columns.

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


find = find_wrapped  # what a family of agents has


def options(name: str) -> dict[str, Option]:
    """The options of "crosses:lin-ts", which are those of the agent."""
    return agent_options(find_wrapped(name))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Crosses:
    """The agent "crosses:lin-ts", with the options of the agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    agent = Crosses(problem, seed, scalarizer, make=maker_of_wrapped(name, options))
    agent.name = f"crosses:{agent.agent.name}"
    return agent
