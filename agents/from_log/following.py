"""The steps of a log with what is known of their shoppers before each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from slategym.agents.common.shopper_memory import Kept, memories_of, recalling
from slategym.agents.from_log.impressions import Step

if TYPE_CHECKING:
    from slategym.agents.base import Agent


def followed(agent: Agent, steps: Iterable[Step], kept: Kept | None = None) -> Iterator[Step]:
    """Steps in the order of time; while a step is out, the agent remembers what its shoppers did before it.

    The agent learns nothing, and remembers afterwards what it did before. So what it estimates of a step depends on earlier
    steps alone: on their slates, their clicks, and the conversions that had arrived by then.

    Args:
        agent: that estimates.
        steps: of its problem.
        kept: what it remembers before the first step, of `kept_of`; None for what it remembers now.

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
    """Steps in the order of time, for an agent that learns each of them while it is out; it goes on without rows that ended.

    Args:
        agent: that learns.
        steps: of its problem.

    Yields:
        The steps.
    """
    memories = memories_of(agent)
    for step in steps:
        for memory in memories:
            memory.follow_rows(len(step[0]))
        yield step
