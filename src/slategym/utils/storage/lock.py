"""A lock on a folder or file that identifies the process holding it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from slategym.utils.storage.files import WriteError

PATIENCE = 0.2  # seconds, enough for a lock that is being released
LONGEST = 200  # characters of a command in a message


class InUseError(OSError):
    """Another process writes to the path."""


class Lock:
    """A lock of the operating system on a path, held until `release` or the end of this process.

    Args:
        path: an existing folder, or a file in one.

    Raises:
        InUseError: another process holds the lock; the message contains the process, its command and its start.
        WriteError: the lock file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / ".slategym.lock" if path.is_dir() else path.with_name(f".{path.name}.lock")
        # Not per thread, because a log may be closed by a different thread than the one that opened it.
        self._lock = FileLock(self.path, thread_local=False)
        try:
            self._lock.acquire(timeout=PATIENCE)
        except Timeout:
            raise InUseError(
                f"{path} is in use by {_holder(self.path)}: wait until that has ended, or write to another place"
            ) from None
        except OSError as error:
            raise WriteError.of(path, error) from error
        now = datetime.now().astimezone().isoformat(" ", "seconds")
        try:
            self.path.write_text(json.dumps({"pid": os.getpid(), "command": _command(), "since": now}), "utf-8")
        except OSError as error:
            self.release()
            raise WriteError.of(path, error) from error

    def release(self) -> None:
        """Release the lock; a second call does nothing."""
        if self._lock.is_locked:
            if os.name == "posix":  # other systems cannot remove open files, and the lock removes it itself
                with suppress(OSError):
                    self.path.unlink()
            self._lock.release()

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _command() -> str:
    words = [os.path.basename(sys.argv[0]), *sys.argv[1:]] if sys.argv[0] not in ("", "-c") else ["python"]
    said = shlex.join(words)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."


def _holder(path: Path) -> str:
    """The process that wrote the lock file, as text."""
    try:
        said = json.loads(path.read_text("utf-8"))
        return f"process {said['pid']} ({said['command']}) since {said['since']}"
    except (OSError, ValueError, KeyError, TypeError):  # it is just being written, or cannot be read
        return "another process"
