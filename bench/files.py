"""A run's folder: not overwritten by accident, and never half a file in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def claim(folder: str | Path, result: str, force: bool = False) -> Path:
    """Make the folder of a run, and refuse one that holds a finished run already.

    Args:
        folder: where the run goes.
        result: the file that a run writes last, with a "status".
        force: take the folder all the same.

    Raises:
        FileExistsError: `result` is there and does not say that it was interrupted.
        NotADirectoryError: there is a file in the way.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(f"{path} is a file: give a folder to --out") from None
    if not force and (path / result).exists() and _status(path / result) != "interrupted":
        raise FileExistsError(f"{path} holds a finished run ({result}): give another folder to --out, or --force to overwrite it")
    return path


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file in one go: what was there stays until the new one is whole."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    partial.replace(path)


def _status(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return content.get("status") if isinstance(content, dict) else None
