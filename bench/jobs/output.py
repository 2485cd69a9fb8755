"""The folder of a run: one run at a time, no accidental overwriting, and no half-written files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slategym.utils.storage.files import WriteError, make_folder, remove_partials
from slategym.utils.storage.lock import Lock

LEAST_FREE = 20_000_000  # bytes: a page of plots takes five million, in addition to the results


@contextmanager
def claim(folder: str | Path, result: str, force: bool = False, config: Mapping[str, Any] | None = None) -> Iterator[Path]:
    """Create the folder of a run and lock it for the block; refuse a folder with another finished run.

    Args:
        folder: the folder of the run.
        result: name of the file with the results, which has a "status" and a "config".
        force: whether to use the folder even if it contains a finished run. A run in progress is never replaced.
        config: the configuration of the run, with its "fingerprint"; a finished run with the same fingerprint is accepted.

    Yields:
        The folder.

    Raises:
        FileExistsError: `result` exists, has another configuration, and its status is not that of an unfinished run.
        InUseError: another run writes to the folder.
        NotADirectoryError: a file has the name of the folder.
        WriteError: the folder cannot be written to, or its disk is full.
    """
    path = Path(folder)
    make_folder(path)
    with Lock(path):
        if not force:
            _refuse_another(path, result, config or {})
        free = shutil.disk_usage(path).free
        if free < LEAST_FREE:
            raise WriteError(
                f"the disk of {path} is full: {free / 1e6:.1f} MB are free, and a run needs {LEAST_FREE / 1e6:.0f} MB or more"
            )
        for kind in (".html", ".json", ".md", ".toml"):
            remove_partials(path / f"*{kind}", pattern=True)
        yield path


def read_result(path: Path) -> dict[str, Any]:
    """The results in a file; empty if it does not exist or cannot be read.

    Args:
        path: the path of the file.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return {}
    return content if isinstance(content, dict) else {}


def _refuse_another(folder: Path, result: str, config: Mapping[str, Any]) -> None:
    """Refuse a folder with a finished run of another configuration."""
    there = read_result(folder / result)
    held = there.get("config", {}) if isinstance(there.get("config"), dict) else {}
    same = config.get("fingerprint") is not None and held.get("fingerprint") == config.get("fingerprint")
    if not (folder / result).exists() or there.get("status") in ("interrupted", "failed") or same:
        return
    differs = [name for name, value in config.items() if name not in ("fingerprint", "versions") and held.get(name) != value]
    why = (
        f" with other {', '.join(differs[:3])}"
        if differs and held
        else " from another version of the code"
        if held and config
        else ""
    )
    raise FileExistsError(
        f"{folder} holds a finished run{why} ({result}): give another folder to --out, or --force to overwrite it"
    )
