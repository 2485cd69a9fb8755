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
from slategym.sim.objectives import Objective
from slategym.sim.world import World
from slategym.sim.worlds import WORLDS, make_world
from slategym.utils.storage.archive import from_bytes, read_archive, write_archive
from slategym.utils.storage.files import WriteError, make_folder, own_folder, write_json
from slategym.utils.storage.fingerprint import fingerprint
from slategym.utils.storage.graph import UnsupportedError

VERSION = 2  # of the fits and values: with another one all are made again
SHIPPED = files("slategym.bench.ceilings") / "data"


def find_fit(world: World) -> Fit | None:
    """The fit of a world, if one is kept.

    Args:
        world: any; its objectives and its name do not count.
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
    """Keep the fit of a world for this user; one that the disk refuses is made again another time.

    Args:
        world: whose fit it is.
        fit: the fit.
    """
    key = fit_key(world)
    if key is not None:
        with suppress(WriteError, UnsupportedError):
            make_folder(_own())
            write_archive(_own() / f"{key}.fit", fit)


def find_values(world: World, *content: Any) -> Mapping[str, Any] | None:
    """Reference values of a world, if they are kept.

    Args:
        world: where they were measured.
        content: what they are and what else they depend on: texts, numbers and lists.
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
    """Reference values: those that are kept, or made now and kept.

    Args:
        make: makes them, JSON values.
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
    """What tells the fit of a world from others; None where that cannot be told.

    Args:
        world: any; its objectives and its name do not count.
    """
    return _key("fit", plain(world))


def label(*content: Any) -> str:
    """How reference values are called in the file that comes with slategym.

    Args:
        content: see `find_values`.
    """
    return json.dumps(content)


def built_in(world: World) -> str | None:
    """The name of the built-in world that a world is, up to its objectives; None if it is none, or has other options.

    Args:
        world: any.
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
