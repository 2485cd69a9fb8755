"""A run's folder: one run at a time in it, not overwritten by accident, and never half a file in it."""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from slategym.bench.execution.lock import Lock, WriteError

LEAST = 20_000_000  # bytes: a page of plots takes five million, and what is run comes on top
_numbers = count()


@contextmanager
def claim(folder: str | Path, result: str, force: bool = False) -> Iterator[Path]:
    """Make the folder of a run and keep other runs out of it for the block; refuse one that holds a finished run already.

    Args:
        folder: where the run goes.
        result: the file that holds a run's numbers, with a "status".
        force: take the folder although it holds a finished run. A run that goes on is never pushed aside.

    Yields:
        The folder.

    Raises:
        FileExistsError: `result` is there and does not say that it was interrupted.
        InUseError: another run writes into the folder.
        NotADirectoryError: there is a file in the way.
        WriteError: the folder cannot be written to, or its disk is full.
    """
    path = Path(folder)
    make_folder(path)
    with Lock(path):
        if not force and (path / result).exists() and _status(path / result) != "interrupted":
            raise FileExistsError(
                f"{path} holds a finished run ({result}): give another folder to --out, or --force to overwrite it"
            )
        free = shutil.disk_usage(path).free
        if free < LEAST:
            raise WriteError(
                f"the disk of {path} is full: {free / 1e6:.1f} MB are free, and a run needs {LEAST / 1e6:.0f} MB or more"
            )
        for kind in (".html", ".json", ".md"):
            remove_partials(path / f"*{kind}", pattern=True)
        yield path


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where there is none yet.

    Raises:
        NotADirectoryError: there is a file in the way.
        WriteError: the system refuses.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{path} is a file: give a folder to --out") from None
    except OSError as error:
        raise WriteError.of(path, error) from error


def partial_of(path: Path) -> Path:
    """Where a file is written before it takes its name: another place for each process, and each time."""
    return path.with_name(f"{path.name}.{os.getpid()}-{next(_numbers)}.partial")


def remove_partials(path: Path, pattern: bool = False) -> None:
    """Remove what writers of a file have left who were killed; whoever calls this holds the lock."""
    name = path.name if pattern else glob.escape(path.name)
    for partial in path.parent.glob(f"{name}.*-*.partial"):
        with suppress(OSError):
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a file in one go: what was there stays until the new one is whole.

    Raises:
        WriteError: the disk refuses; nothing is left of the attempt.
    """
    partial = partial_of(path)
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise WriteError.of(path, error) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one go, as `write_text` does."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def _status(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return content.get("status") if isinstance(content, dict) else None
