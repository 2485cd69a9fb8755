"""The data that agents remember about the shopper of each row of a batch, and functions that save and restore these data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.choosing.parts import parts_of
from slategym.sim.feedback import Feedback

Kept = list[dict[str, Any]]  # the content of each memory of an agent


class ShopperMemory(ABC):
    """Base class of memories about the shopper of each row. A shopper who leaves is forgotten.

    Attributes:
        over: (n,) bool, the rows whose shopper left at the last step or had the last visit; (0,) before the first step.
    """

    over = np.zeros(0, np.bool_)

    @abstractmethod
    def add(self, items: NDArray[np.int64], feedback: Feedback) -> Any:
        """Add a step.

        Args:
            items: (n, k) int64, the items shown.
            feedback: the shoppers' answer to them.
        """

    @abstractmethod
    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Keep only some of the rows.

        Args:
            rows: (n,) bool, true for the rows to keep.
        """

    @abstractmethod
    def forget_shoppers(self) -> None:
        """Forget all shoppers, because the rows belong to others from now on."""

    def follow_rows(self, count: int) -> None:
        """Drop the rows that are missing in the next step of a log, if it has fewer rows; see `ended`.

        Args:
            count: number of rows of the next step.
        """
        if count < len(self.over):
            self.keep(~ended(self.over, count))


def ended(over: NDArray[np.bool_], left: int) -> NDArray[np.bool_]:
    """(n,) bool, the rows that are missing in a step with fewer rows than the step before: the last rows whose episode had ended.

    Args:
        over: (n,) bool, true for rows whose shopper had the last visit in the step before.
        left: number of rows of the step, less than n.
    """
    less, gone = len(over) - left, np.flatnonzero(over)
    found = np.zeros(len(over), np.bool_)
    found[gone[len(gone) - less :] if len(gone) >= less else slice(left, None)] = True
    return found


def memories_of(agent: Any) -> list[ShopperMemory]:
    """Return the memories of an agent and of the agents inside it.

    Args:
        agent: the agent.
    """
    return [part for part in parts_of(agent) if isinstance(part, ShopperMemory)]


def kept_of(agent: Any) -> Kept:
    """Return a copy of the content of an agent's memories, for `recalling`.

    Args:
        agent: the agent.
    """
    return [deepcopy(vars(memory)) for memory in memories_of(agent)]


@contextmanager
def recalling(agent: Any, kept: Kept | None = None) -> Iterator[list[ShopperMemory]]:
    """Give access to an agent's memories in a `with` block, and restore their content at its end.

    Args:
        agent: the agent.
        kept: content at the start of the block, from an earlier `kept_of`; None: the present content.
    """
    memories, before = memories_of(agent), kept_of(agent)
    try:
        if kept is not None:
            _recall(memories, deepcopy(kept))
        yield memories
    finally:
        _recall(memories, before)


@contextmanager
def only(memories: list[ShopperMemory], rows: NDArray[np.bool_]) -> Iterator[None]:
    """In this block memories have some of their rows alone.

    Args:
        memories: of an agent, to which nothing is added in this block.
        rows: (n,) bool, true for the rows to keep.
    """
    before = [dict(vars(memory)) for memory in memories]
    try:
        for memory in memories:
            if len(memory.over) == len(rows):  # else it knows nobody yet
                memory.keep(rows)
        yield
    finally:
        _recall(memories, before)


def _recall(memories: list[ShopperMemory], kept: Kept) -> None:
    for memory, values in zip(memories, kept, strict=True):
        vars(memory).clear()
        vars(memory).update(values)
