"""Atomic writing of files."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

_numbers = count()


class WriteError(OSError):
    """A file cannot be written; the message is a complete sentence."""

    @classmethod
    def of(cls, path: Path, error: OSError) -> WriteError:
        """Convert an error of the operating system to a sentence."""
        return cls(f"cannot write {path}: {os.strerror(error.errno) if error.errno else error}")


def make_folder(path: Path) -> None:
    """Create a folder and its parents, if they do not exist.

    Raises:
        NotADirectoryError: there is a file with that path.
        WriteError: the folder cannot be created.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{path} is a file: expected a folder") from None
    except OSError as error:
        raise WriteError.of(path, error) from error


def partial_of(path: Path) -> Path:
    """The temporary path of a file before it is renamed; different for each process and call."""
    return path.with_name(f"{path.name}.{os.getpid()}-{next(_numbers)}.partial")


def remove_partials(path: Path, pattern: bool = False) -> None:
    """Remove the temporary files of killed processes; the caller must hold the lock."""
    name = path.name if pattern else glob.escape(path.name)
    for partial in path.parent.glob(f"{name}.*-*.partial"):
        with suppress(OSError):
            partial.unlink()


def own_folder() -> Path:
    """The folder in which slategym stores reusable data of this user: `~/.cache/slategym`, or in `XDG_CACHE_HOME`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slategym"


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically: the old file remains until the new one is complete and on the disk.

    Raises:
        WriteError: the file cannot be written; the temporary file is removed.
    """
    partial = partial_of(path)
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise WriteError.of(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 atomically (see `write_bytes`)."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically (see `write_bytes`)."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
