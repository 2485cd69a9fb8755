"""Stored fits and reference values: those that are part of slategym, and those of the user's own worlds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from slategym.bench.ceilings.references import Fit, plain
from slategym.sim.objectives import Objective
from slategym.sim.world import World
from slategym.sim.worlds import WORLDS, make_world
from slategym.utils.storage.archive import from_bytes, read_archive, write_archive
from slategym.utils.storage.files import WriteError, make_folder, own_folder, write_json
from slategym.utils.storage.fingerprint import fingerprint
from slategym.utils.storage.graph import UnsupportedError

VERSION = 2  # of the fits and values; a new version makes all stored ones invalid
SHIPPED = files("slategym.bench.ceilings") / "data"


def find_fit(world: World) -> Fit | None:
    """The fit of a world, or None if none is stored.

    Args:
        world: any world; its objectives and its name do not matter.
    """
    key, name = fit_key(world), built_in(world)
    if key is None:
        return None
    with suppress(ValueError, OSError):
        shipped = SHIPPED / f"{name}.fit"
        found = from_bytes(shipped.read_bytes(), shipped.name) if name else read_archive(_own() / f"{key}.fit")
        return found if isinstance(found, Fit) else None
    return None


def keep_fit(world: World, fit: Fit) -> None:
    """Store the fit of a world for this user; if it cannot be written, it will be computed again at the next use.

    Args:
        world: the world that was fitted.
        fit: the fit.
    """
    key = fit_key(world)
    if key is not None:
        with suppress(WriteError, UnsupportedError):
            make_folder(_own())
            write_archive(_own() / f"{key}.fit", fit)


def find_values(world: World, *content: Any) -> Mapping[str, Any] | None:
    """The reference values of a world, or None if they are not stored.

    Args:
        world: the world in which they were measured.
        content: the key: what the values are and what else they depend on; texts, numbers and lists.
    """
    shipped = _shipped_values().get(built_in(world) or "", {})
    if (known := shipped.get(label(*content))) is not None and world.objectives == _default_objectives(world.name):
        return dict(known)
    key = _key("values", plain(world), world.objectives, *content)
    if key is not None:
        with suppress(ValueError, OSError):
            found = json.loads((_own() / f"{key}.json").read_text())
            return found if isinstance(found, dict) else None
    return None


def kept_values(make: Callable[[], Mapping[str, Any]], world: World, *content: Any) -> Mapping[str, Any]:
    """The stored reference values, or else new ones, which are then stored.

    Args:
        make: computes the values, JSON values.
        world: see `find_values`.
        content: see `find_values`.
    """
    found = find_values(world, *content)
    if found is not None:
        return found
    made, key = make(), _key("values", plain(world), world.objectives, *content)
    if key is not None:
        with suppress(WriteError):
            make_folder(_own())
            write_json(_own() / f"{key}.json", made)
    return made


def fit_key(world: World) -> str | None:
    """The key of the fit of a world; None if the world has no fingerprint.

    Args:
        world: any world; its objectives and its name do not matter.
    """
    return _key("fit", plain(world))


def label(*content: Any) -> str:
    """The key of reference values in the file that is part of slategym.

    Args:
        content: see `find_values`.
    """
    return json.dumps(content)


def built_in(world: World) -> str | None:
    """The name of the built-in world that a world is equal to, apart from its objectives and name; None if there is none.

    Args:
        world: any world.
    """
    key = fit_key(world) if world.name in WORLDS else None
    return world.name if key is not None and key == _default_key(world.name) else None


@cache
def _default_objectives(name: str) -> tuple[Objective, ...]:
    return make_world(name).objectives


@cache
def _default_key(name: str) -> str | None:
    return fit_key(make_world(name))


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
