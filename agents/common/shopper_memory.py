"""What agents remember of the shopper of each row of a batch, and going back to what they remembered."""

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

Kept = list[dict[str, Any]]  # what each memory of an agent holds


class ShopperMemory(ABC):
    """The base of what is remembered of the shopper of each row. A shopper who leaves is forgotten.

    Attributes:
        over: (n,) bool, the rows whose shopper left at the last step or had the last visit; (0,) before the first step.
    """

    over = np.zeros(0, np.bool_)

    @abstractmethod
    def add(self, items: NDArray[np.int64], feedback: Feedback) -> Any:
        """Note a step.

        Args:
            items: (n, k) int64, what was shown.
            feedback: the answer to it.
        """

    @abstractmethod
    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Go on with some of the rows alone.

        Args:
            rows: (n,) bool, which ones.
        """

    @abstractmethod
    def forget_shoppers(self) -> None:
        """Know nobody: the rows are those of others from now on."""

    def follow_rows(self, count: int) -> None:
        """Go on without the rows that the next step of a log lacks, if it has fewer; see `ended`.

        Args:
            count: rows of the next step.
        """
        if count < len(self.over):
            self.keep(~ended(self.over, count))


def ended(over: NDArray[np.bool_], left: int) -> NDArray[np.bool_]:
    """(n,) the rows that a step of a log lacks, if it has fewer than the one before: the last ones of those that were over.

    Args:
        over: (n,) bool, whose shopper had the last visit in the step before.
        left: rows of the step, fewer than n.
    """
    less, gone = len(over) - left, np.flatnonzero(over)
    found = np.zeros(len(over), np.bool_)
    found[gone[len(gone) - less :] if len(gone) >= less else slice(left, None)] = True
    return found


def memories_of(agent: Any) -> list[ShopperMemory]:
    """All that an agent, and the agents in it, remember of the shoppers of rows.

    Args:
        agent: the one.
    """
    return [part for part in parts_of(agent) if isinstance(part, ShopperMemory)]


def kept_of(agent: Any) -> Kept:
    """A copy of what an agent remembers of shoppers, for `recalling`.

    Args:
        agent: the one.
    """
    return [deepcopy(vars(memory)) for memory in memories_of(agent)]


@contextmanager
def recalling(agent: Any, kept: Kept | None = None) -> Iterator[list[ShopperMemory]]:
    """Hand out an agent's memories, which may be changed in this block; afterwards they are as before it.

    Args:
        agent: the one.
        kept: what it remembers at the start of the block, of `kept_of` at an earlier time; None for what it remembers now.
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
        rows: (n,) bool, which ones.
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
