"""What shards and the process that leads them tell each other: one message of each shard, then one answer to all."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any, Literal

from slategym.agents.common.pooling import Arrays
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.failures import Failure
from slategym.utils.short_repr import Brief

Order = Literal["go on", "keep", "stop"]  # the answer to `Stepped`


@dataclass(frozen=True)
class Ready:
    """A shard is set up; the answer is the step to begin at.

    Attributes:
        steps: of its checkpoints.
    """

    steps: tuple[int, ...]


@dataclass(frozen=True, repr=False)
class Part(Brief):
    """A shard's part of some sums; the answer are the sums.

    Attributes:
        arrays: by name.
    """

    arrays: Arrays


@dataclass(frozen=True)
class Stepped:
    """A shard has done a step; the answer is an `Order`.

    Attributes:
        done: how many it has done.
    """

    done: int


@dataclass(frozen=True, repr=False)
class Ended(Brief):
    """A shard has ended; there is no answer.

    Attributes:
        trace: of its shoppers.
        seconds: of processor time in its steps, without the thread that writes its log.
        memory: in bytes, the most that its process has held.
        agent: its copy, where it is the first one and can be sent; else None.
        refused: what was wrong with checkpoints.
    """

    trace: Trace
    seconds: float
    memory: int
    agent: Any
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Failed:
    """A shard has met an error; there is no answer.

    Attributes:
        failure: what it was.
    """

    failure: Failure


LAST = (Ended, Failed)  # messages without an answer
Message = Ready | Part | Stepped | Ended | Failed
Answer = int | Order | Arrays


def packed(content: Message | Answer) -> bytes:
    """A message or an answer, pickled; by the newest protocol arrays are copied once.

    Args:
        content: the message or the answer.
    """
    return pickle.dumps(content, pickle.HIGHEST_PROTOCOL)
