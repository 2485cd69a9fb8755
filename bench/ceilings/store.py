"""Fits and reference values that are kept: those that come with slategym, and those of this user's own worlds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from slategym.bench.ceilings.references import Fit, plain
from slategym.sim.world import World
from slategym.utils.storage.archive import from_bytes, read_archive, write_archive
from slategym.utils.storage.files import WriteError, make_folder, own_folder, write_json
from slategym.utils.storage.fingerprint import fingerprint
from slategym.utils.storage.graph import UnsupportedError

VERSION = 1  # of the fits and values: with another one all are made again
SHIPPED = files("slategym.bench.ceilings") / "data"


def fit_key(world: World) -> str | None:
    """What tells the fit of a world from others; None where that cannot be told.

    Args:
        world: any; its objectives and its name do not count.
    """
    return _key("fit", plain(world))


def values_key(world: World, *content: Any) -> str | None:
    """What tells reference values from others; None where that cannot be told.

    Args:
        world: where they were measured.
        content: what else they depend on.
    """
    bare = plain(world)
    return _key("values", bare, world.objectives, *content)


def find_fit(world: World) -> Fit | None:
    """The fit of a world, if one is kept.

    Args:
        world: any.
    """
    key = fit_key(world)
    if key is None:
        return None
    shipped = SHIPPED / f"{key}.fit"
    with suppress(ValueError, OSError):
        found = from_bytes(shipped.read_bytes(), shipped.name) if shipped.is_file() else read_archive(_own() / f"{key}.fit")
        return found if isinstance(found, Fit) else None
    return None


def keep_fit(world: World, fit: Fit, folder: Path | None = None) -> None:
    """Keep the fit of a world; one that the disk refuses is made again another time.

    Args:
        world: whose fit it is.
        fit: the fit.
        folder: where; by default this user's own.
    """
    key = fit_key(world)
    if key is not None:
        with suppress(WriteError, UnsupportedError):
            make_folder(folder or _own())
            write_archive((folder or _own()) / f"{key}.fit", fit)


def kept_values(key: str | None, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Reference values: those that are kept, or made now and kept.

    Args:
        key: see `values_key`; None keeps nothing.
        make: makes them, JSON values.
    """
    if key is None:
        return make()
    if key in _shipped_values():
        return dict(_shipped_values()[key])
    path = _own() / f"{key}.json"
    with suppress(ValueError, OSError):
        found = json.loads(path.read_text())
        if isinstance(found, dict):
            return found
    made = make()
    with suppress(WriteError):
        make_folder(_own())
        write_json(path, made)
    return made


def has_values(key: str | None) -> bool:
    """Whether reference values are kept.

    Args:
        key: see `values_key`.
    """
    return key is not None and (key in _shipped_values() or (_own() / f"{key}.json").is_file())


def _key(kind: str, *content: Any) -> str | None:
    try:
        return fingerprint([kind, VERSION, *content])[:32]
    except ValueError:
        return None


def _own() -> Path:
    return own_folder() / "references"


@cache
def _shipped_values() -> dict[str, Any]:
    path = SHIPPED / "values.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}
