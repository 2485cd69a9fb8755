"""What agents named "WRAPPER:NAME" share: finding and making the agent that is wrapped."""

from __future__ import annotations

from typing import Any

from slategym.agents.base import Agent, Problem
from slategym.agents.registry import AgentMaker, check_name, make_for
from slategym.agents.scalarizers.base import Scalarizer


def find_wrapped(name: str) -> str:
    """The name of the agent that "lookahead:lin-ucb" wraps.

    Args:
        name: of the wrapper, a colon, and the name of the agent.

    Raises:
        ValueError: there is no such agent, or none that can be wrapped.
    """
    wrapped = name.partition(":")[2]
    check_name(wrapped)
    return wrapped


def maker_of_wrapped(name: str, options: dict[str, Any]) -> AgentMaker:
    """A function that makes the agent that "lookahead:lin-ucb" wraps; its errors name the whole.

    Args:
        name: of the wrapper, a colon, and the name of the agent.
        options: of the agent.

    Raises:
        ValueError: there is no such agent, or none that can be wrapped.
    """
    wrapped = find_wrapped(name)

    def make(problem: Problem, seed: int, scalarizer: Scalarizer) -> Agent:
        try:
            return make_for(wrapped, problem, seed, scalarizer, **options)
        except ValueError as error:  # it names what it was asked for
            raise ValueError(str(error).replace(f"agent {wrapped!r}", f"agent {name!r}", 1)) from None

    return make
