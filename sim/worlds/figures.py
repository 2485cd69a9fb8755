"""The figures that a fitted world is made of: from the package, or from the user's own `slategym calibrate`."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any


def load_figures(world: str, stem: str, path: str | Path | None) -> dict[str, Any]:
    """The figures of a world.

    Args:
        world: its name, which the file must carry.
        stem: of the packaged file, which serves where `path` is None.
        path: a file that `slategym calibrate` wrote.

    Raises:
        ValueError: the file is not one of this world's.
        FileNotFoundError: there is no such file.
    """
    source = files("slategym.sim.worlds").joinpath(f"{stem}.json") if path is None else Path(path)
    try:
        figures = json.loads(source.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{source} is not JSON ({error}): expected a file written by `slategym calibrate`") from error
    found = figures.get("world") if isinstance(figures, dict) else None
    if found != world:
        raise ValueError(f"{source} holds the figures of {found!r}: expected those of {world!r}")
    assert isinstance(figures, dict)
    return figures
