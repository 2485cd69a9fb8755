"""The steps of a log in order, while an agent's memories contain what is known about the shoppers before each step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from slategym.agents.common.shopper_memory import Kept, memories_of, recalling
from slategym.agents.from_log.impressions import Step

if TYPE_CHECKING:
    from slategym.agents.base import Agent


def followed(agent: Agent, steps: Iterable[Step], kept: Kept | None = None) -> Iterator[Step]:
    """Yield steps in chronological order. At each step, the agent's memories contain what its shoppers did before.

    The agent does not learn, and its memories are restored at the end. Its estimates for a step therefore depend only on earlier
    steps: on their slates, their clicks, and the conversions that had arrived by then.

    Args:
        agent: the agent that makes estimates.
        steps: steps of its problem.
        kept: content of its memories before the first step, from `kept_of`; None: the present content.

    Yields:
        The steps.
    """
    with recalling(agent, kept) as memories:
        for step in steps:
            observation, decision, feedback = step
            for memory in memories:
                memory.follow_rows(len(observation))
            yield step
            items = agent.problem.shown(observation, decision.slate)
            for memory in memories:
                memory.add(items, feedback)


def learned(agent: Agent, steps: Iterable[Step]) -> Iterator[Step]:
    """Yield steps in chronological order to an agent that learns from each; rows that ended are dropped from its memories.

    Args:
        agent: the agent that learns.
        steps: steps of its problem.

    Yields:
        The steps.
    """
    memories = memories_of(agent)
    for step in steps:
        for memory in memories:
            memory.follow_rows(len(step[0]))
        yield step
