"""A shard in a thread of this process, which waits for answers: what an actor of Ray runs, and small runs without processes."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from slategym.bench.sharding.channels import ShardLostError
from slategym.bench.sharding.messages import LAST, Message, packed
from slategym.bench.sharding.setup import Setup
from slategym.bench.sharding.shard import tell_shard


class ShardThread:
    """A shard, and the line to it.

    Args:
        setup: of the run.
        index: of the shard.
    """

    def __init__(self, setup: Setup, index: int) -> None:
        self._answers: SimpleQueue[bytes | None] = SimpleQueue()
        self._messages: SimpleQueue[bytes | None] = SimpleQueue()
        self._index = index
        self._thread = threading.Thread(target=self._serve, args=(setup,), daemon=True)
        self._thread.start()
        # One after the other, as the first weights of networks come from the one generator that torch has.
        self._first: list[bytes | None] = [self._messages.get()]

    def receive(self) -> bytes:
        """See `Channel.receive`."""
        message = self._first.pop() if self._first else self._messages.get()
        if message is None:
            raise ShardLostError(f"shard {self._index} has gone")
        return message

    def send(self, answer: bytes) -> None:
        """See `Channel.send`."""
        self._answers.put(answer)

    def end(self) -> None:
        """End the thread when it next asks for an answer."""
        self._answers.put(None)
        self._thread.join(10)

    def _serve(self, setup: Setup) -> None:
        try:
            tell_shard(setup, self._index, self._talk)
        finally:
            self._messages.put(None)

    def _talk(self, message: Message) -> Any:
        self._messages.put(packed(message))
        if isinstance(message, LAST):
            return None
        answer = self._answers.get()
        if answer is None:
            raise EOFError("the run has ended")
        return pickle.loads(answer)


@contextmanager
def shard_threads(setup: Setup) -> Iterator[list[ShardThread]]:
    """Start the shards as threads of this process, which share its memory and its processor time.

    Args:
        setup: of the run.

    Yields:
        The lines to them, in their order.
    """
    shards = [ShardThread(setup, index) for index in range(setup.shards)]
    try:
        yield shards
    finally:
        for shard in shards:
            shard.end()
