"""Pipes between processes of this machine, whose large messages go through shared memory."""

from __future__ import annotations

import ctypes
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext

ROOM = 2**20  # bytes of shared memory in each direction
SMALL = 2**14  # bytes of a message that goes through the pipe as fast

Room = ctypes.Array[ctypes.c_ubyte]


class PipeEnd:
    """One end of a pipe for pickled messages. Each message must be read before the next one is sent.

    Args:
        connection: the connection for messages.
        sent: shared memory for messages sent from this end.
        received: shared memory for messages sent from the other end.
    """

    def __init__(self, connection: Connection, sent: Room, received: Room) -> None:
        self._connection, self._sent, self._received = connection, sent, received

    def send(self, message: bytes) -> None:
        """Send a message.

        Args:
            message: pickled.

        Raises:
            OSError: the other end is closed.
        """
        if SMALL < len(message) <= ROOM:
            ctypes.memmove(self._sent, message, len(message))
            message = b""  # says that it is in the shared memory
        self._connection.send_bytes(message)

    def receive(self) -> bytes | memoryview:
        """Wait for a message, valid until the next one is sent; unrelated bytes may follow the end of its pickle.

        Raises:
            EOFError: the other end is closed.
            OSError: this end is closed.
        """
        return self._connection.recv_bytes() or memoryview(self._received)

    def close(self) -> None:
        """Close this end."""
        self._connection.close()


def make_pipe(context: SpawnContext) -> tuple[PipeEnd, PipeEnd]:
    """Two ends of a pipe, one of which a new process can be given.

    Args:
        context: by which processes are started.
    """
    one, other = context.Pipe()
    there, back = (context.RawArray(ctypes.c_ubyte, ROOM) for _ in range(2))
    return PipeEnd(one, there, back), PipeEnd(other, back, there)
