"""Shared code of agents named "WRAPPER:NAME": the base class, and functions that find and make the wrapped agent."""

from __future__ import annotations

from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.base import Agent, Decision, Observation, Problem
from slategym.agents.choosing.explanation import Explanation
from slategym.agents.estimates import Estimates
from slategym.agents.registry import AgentMaker, agent_options, check_name, make_for
from slategym.agents.scalarizers.base import Scalarizer, Weights
from slategym.sim.feedback import Feedback
from slategym.utils.options import Option, options_of

_GIVEN = ("problem", "seed", "scalarizer", "make")  # constructor arguments that are not options


class Wrapper(Agent):
    """The base class of agents that choose by the estimates of a wrapped agent, which learns from the slates shown.

    Args:
        problem: the items, observation layout and objectives of the world.
        seed: seed of the wrapped agent and of the wrapper's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        make: function of (problem, seed, scalarizer) that makes the wrapped agent.

    Raises:
        ValueError: the wrapped agent is not an `Agent`.
    """

    def __init__(self, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, *, make: AgentMaker) -> None:
        super().__init__(problem, seed, scalarizer)
        self.agent = make(problem, self.seed, self.scalarizer)
        if not isinstance(self.agent, Agent):
            raise ValueError(f"{type(self.agent).__name__} cannot be wrapped: expected a subclass of slategym.agents.Agent")

    def scores(self, observation: Observation) -> NDArray[np.floating]:
        """(n, m) the wrapped agent's scores; (n, C) for candidates."""
        return self.agent.scores(observation)

    def estimates(self, observation: Observation) -> Estimates:
        """The wrapped agent's estimates of clicks and conversions."""
        return self.agent.estimates(observation)

    def explain(self, observation: Observation, slate: NDArray[np.int64]) -> Explanation:
        """The wrapped agent's explanation of its scores."""
        return self.agent.explain(observation, slate)

    def learn(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        """Pass the step to the wrapped agent."""
        self.agent.update(observation, decision, feedback)

    def with_weights(self, weights: ArrayLike) -> Self:
        """A view of the agent with other fixed weights (M,), for `best` and `choose` but not for learning."""
        other = super().with_weights(weights)
        other.agent = self.agent.with_weights(self.inner_weights(other.weights))
        return other

    def inner_weights(self, weights: Weights) -> Weights:
        """The weights of the wrapped agent, given the weights of the problem's objectives (M,)."""
        return weights

    def grow(self, problem: Problem) -> None:
        """Add new items, if the wrapped agent supports it."""
        self.agent.grow(problem)
        self.problem = problem


Kind = TypeVar("Kind", bound=Wrapper)


def options_with(kind: type[Wrapper], name: str) -> dict[str, Option]:
    """The options of an agent such as "mmr:lin-ts": those of the wrapper, and those of the agent with other names.

    Args:
        kind: class of the wrapper.
        name: the name of the wrapper, a colon, and the name of the agent.
    """
    own = options_of(kind, _GIVEN)
    return own | {option: each for option, each in agent_options(find_wrapped(name)).items() if option not in own}


def wrapped_by(
    kind: type[Kind], name: str, problem: Problem, seed: int, scalarizer: Scalarizer | None, options: dict[str, Any]
) -> Kind:
    """Make an agent such as "mmr:lin-ts"; options that the wrapper does not have are passed to the wrapped agent.

    Args:
        kind: class of the wrapper.
        name: the name of the wrapper, a colon, and the name of the agent.
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        options: options of the wrapper and of the agent.

    Raises:
        ValueError: there is no such agent or option.
        ImportError: the agent needs a library that is not installed.
    """
    known = options_of(kind, _GIVEN)
    own = {option: value for option, value in options.items() if option in known}
    inner = {option: value for option, value in options.items() if option not in known}
    agent = kind(problem, seed, scalarizer, make=maker_of_wrapped(name, inner), **own)
    agent.name = f"{name.partition(':')[0]}:{agent.agent.name}"
    return agent


def find_wrapped(name: str) -> str:
    """The name of the wrapped agent: "lin-ucb" for "lookahead:lin-ucb".

    Args:
        name: the name of the wrapper, a colon, and the name of the agent.

    Raises:
        ValueError: there is no such agent.
    """
    wrapped = name.partition(":")[2]
    check_name(wrapped)
    return wrapped


def maker_of_wrapped(name: str, options: dict[str, Any]) -> AgentMaker:
    """A function that makes the wrapped agent; its error messages contain the full name, such as "lookahead:lin-ucb".

    Args:
        name: the name of the wrapper, a colon, and the name of the agent.
        options: options of the agent.

    Raises:
        ValueError: there is no such agent.
    """
    wrapped = find_wrapped(name)

    def make(problem: Problem, seed: int, scalarizer: Scalarizer) -> Agent:
        try:
            return make_for(wrapped, problem, seed, scalarizer, **options)
        except ValueError as error:  # the message names the wrapped agent alone
            raise ValueError(str(error).replace(f"agent {wrapped!r}", f"agent {name!r}", 1)) from None

    return make
