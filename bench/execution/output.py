"""The folder of a run: one run at a time, no accidental overwriting, and no half-written files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slategym.utils.storage.files import WriteError, make_folder, remove_partials
from slategym.utils.storage.lock import Lock

LEAST_FREE = 20_000_000  # bytes: a page of plots takes five million, and the results come on top


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


def _status(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return content.get("status") if isinstance(content, dict) else None
