"""Finds the objects that an agent consists of."""

from __future__ import annotations

from typing import Any


def parts_of(agent: Any) -> list[Any]:
    """An agent and all objects of classes of `slategym.agents` that it contains, directly or indirectly.

    Args:
        agent: the agent.
    """
    found: dict[int, Any] = {}
    waiting: list[Any] = [agent]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
        elif type(part).__module__.startswith("slategym.agents") and hasattr(part, "__dict__") and id(part) not in found:
            found[id(part)] = part
            waiting += vars(part).values()
    return list(found.values())


def forget_shoppers(agent: Any) -> None:
    """Let an agent forget which shopper is in which row: the rows are those of others from now on.

    Args:
        agent: the one.
    """
    for part in parts_of(agent):
        if hasattr(part, "forget_shoppers"):
            part.forget_shoppers()
