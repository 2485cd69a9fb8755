"""The folder of a run: one run at a time, no accidental overwriting, and no half-written files."""

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

LEAST_FREE = 20_000_000  # bytes: a page of plots takes five million, and the results come on top
_numbers = count()


@contextmanager
def claim(folder: str | Path, result: str, force: bool = False) -> Iterator[Path]:
    """Make the folder of a run and lock it for the block; refuse a folder that holds a finished run.

    Args:
        folder: of the run.
        result: name of the file with the results, which has a "status".
        force: take the folder although it holds a finished run. A running one is never replaced.

    Yields:
        The folder.

    Raises:
        FileExistsError: `result` exists and does not say that it was interrupted.
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
        if free < LEAST_FREE:
            raise WriteError(
                f"the disk of {path} is full: {free / 1e6:.1f} MB are free, and a run needs {LEAST_FREE / 1e6:.0f} MB or more"
            )
        for kind in (".html", ".json", ".md"):
            remove_partials(path / f"*{kind}", pattern=True)
        yield path


def make_folder(path: Path) -> None:
    """Make a folder and its parents, if they do not exist.

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
    """The path where a file is written before it is renamed; different for each process and each call."""
    return path.with_name(f"{path.name}.{os.getpid()}-{next(_numbers)}.partial")


def remove_partials(path: Path, pattern: bool = False) -> None:
    """Remove the partial files of killed writers; the caller holds the lock."""
    name = path.name if pattern else glob.escape(path.name)
    for partial in path.parent.glob(f"{name}.*-*.partial"):
        with suppress(OSError):
            partial.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: the old one stays until the new one is complete.

    Raises:
        WriteError: the disk refuses; the partial file is removed.
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
    """Write a JSON file atomically, as `write_text` does."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def _status(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return content.get("status") if isinstance(content, dict) else None
