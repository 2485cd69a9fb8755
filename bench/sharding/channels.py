"""The lines between the shards, in processes of this machine, and the process that leads them."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from slategym.bench.jobs.interruption import children_spared
from slategym.bench.jobs.workers import UNGUARDED, follow_parent, how_ended
from slategym.bench.sharding.messages import LAST, Message, packed
from slategym.bench.sharding.pipes import PipeEnd, make_pipe
from slategym.bench.sharding.setup import Setup, packed_setup
from slategym.bench.sharding.shard import tell_shard
from slategym.utils.plugins import loaded_files, make_importable


class ShardLostError(RuntimeError):
    """A shard was killed, or its machine; a run can begin again from its last checkpoint."""


class Channel(Protocol):
    """The line to a shard."""

    def receive(self) -> bytes | memoryview:
        """Wait for the next message, pickled; it is there until it is answered.

        Raises:
            ShardLostError: the shard is gone.
        """
        ...

    def send(self, answer: bytes) -> None:
        """Answer a message.

        Args:
            answer: pickled.

        Raises:
            ShardLostError: the shard is gone.
        """
        ...


# Starts the shards of a run, which end with the block.
Start = Callable[[Setup], AbstractContextManager[Sequence[Channel]]]


@contextmanager
def shard_processes(setup: Setup) -> Iterator[list[ProcessChannel]]:
    """Start the shards as processes of this machine.

    Args:
        setup: of the run.

    Yields:
        The lines to them, in their order.

    Raises:
        RuntimeError: the calling script does not guard its own start.
    """
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # the script is being imported by a new process
        sys.exit(UNGUARDED)
    content, channels = packed_setup(setup), []
    try:
        with children_spared():
            for index in range(setup.shards):
                channels.append(ProcessChannel(content, index))
        yield channels
    finally:
        for channel in channels:
            channel.end()


class ProcessChannel:
    """The line to a shard in a process.

    Args:
        setup: of the run, pickled.
        index: of the shard.
    """

    def __init__(self, setup: bytes, index: int) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of torch and BLAS
        self._pipe, theirs = make_pipe(context)
        self._process = context.Process(target=_serve, args=(theirs, loaded_files(), setup, index), daemon=True)
        self._index = index
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    def receive(self) -> bytes | memoryview:
        """See `Channel.receive`."""
        try:
            return self._pipe.receive()
        except (EOFError, OSError) as error:
            raise self._lost() from error

    def send(self, answer: bytes) -> None:
        """See `Channel.send`."""
        try:
            self._pipe.send(answer)
        except OSError as error:
            raise self._lost() from error

    def _lost(self) -> RuntimeError:
        self._process.join(10)
        code = self._process.exitcode
        if code == UNGUARDED:
            return RuntimeError(
                "each shard's process imports your script, which then asks for shards again: put what the script does under "
                '`if __name__ == "__main__":`'
            )
        remedy = "; if memory ran out, use fewer shoppers" if code == -signal.SIGKILL else ""
        return ShardLostError(f"the process of shard {self._index} ended {how_ended(code)}{remedy}")

    def end(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(1)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._process.close()


def _serve(pipe: PipeEnd, files: dict[str, Path], setup: bytes, index: int) -> None:
    """In a new process: run a shard."""
    make_importable(files)
    threading.Thread(target=follow_parent, daemon=True).start()

    def talk(message: Message) -> Any:
        pipe.send(packed(message))
        return None if isinstance(message, LAST) else pickle.loads(pipe.receive())

    with suppress(OSError):
        tell_shard(pickle.loads(setup), index, talk)
