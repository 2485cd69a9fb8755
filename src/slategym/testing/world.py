"""The checks of a world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.world import World
from slategym.sim.worlds import WORLDS
from slategym.testing.findings import Check, Finding, findings_of
from slategym.testing.probes import ANYTHING, changed, global_seed, raised, silently
from slategym.testing.user_models.check import NAMES as USER_MODEL_CHECKS
from slategym.testing.user_models.check import examine_user_model
from slategym.utils.lookup import choose
from slategym.utils.plugins import is_reference, load

Maker = Callable[[], World]
NAMES = ("the same world each time", "catalogue", *USER_MODEL_CHECKS)  # names of all checks, in order


def check_world(world: World | Maker | str) -> list[Finding]:
    """Return what is wrong with a world and its user model, and what could be better.

    Args:
        world: a world, a function that makes one, its name, or `my_shop.py:Bookshop`.

    Raises:
        ValueError: there is no such world.
    """
    return findings_of(examine_world(world))


def examine_world(world: World | Maker | str) -> Iterator[Check]:
    """The checks of `check_world`, one by one."""
    made: list[World] = []
    yield Check("the same world each time", tuple(_made(world, made)))
    names = ("catalogue",)
    if not made:
        yield from (Check(name, left_out=True) for name in names)
        return
    yield Check("catalogue", tuple(_of_catalog(made[0])))
    yield from examine_user_model(made[0].user_model, made[0])


def _made(world: World | Maker | str, made: list[World]) -> Iterator[Finding]:
    """Create the world three times, and append it to `made` if it is a world."""
    name = world if isinstance(world, str) else getattr(world, "__name__", type(world).__name__)
    if isinstance(world, str):
        plain = world.removeprefix("slategym/")
        world = load("world", plain) if is_reference(plain) else choose("world", plain, WORLDS)
    if isinstance(world, World):
        made.append(world)
        return
    where = name.rpartition(":")[2]
    worlds = []
    for seed in (1, 1, 2):
        with silently(), global_seed(seed) as moved:
            try:
                worlds.append(world())
            except ANYTHING as error:
                yield Finding(raised(error), where, "Return a World when called without arguments")
                return
            if not isinstance(worlds[-1], World):
                yield Finding(
                    f"returns a {type(worlds[-1]).__name__}: expected a World", where, "Return slategym.sim.world.World(...)"
                )
                return
            drawn = moved()
        if drawn:
            yield Finding(f"draws from the global generator of {drawn}", where, FIX_OF_RANDOMNESS)
            made.append(worlds[0])
            return
    made.append(worlds[0])
    for other, when in zip(worlds[1:], ("when created again", "with another seed of the global generators"), strict=True):
        touched = changed(_arrays(worlds[0]), _arrays(other))
        if touched:
            yield Finding(f"has a different {touched} {when}", where, FIX_OF_RANDOMNESS)
            return


FIX_OF_RANDOMNESS = "Draw a catalogue from slategym.sim.draws.Draws, or from a numpy Generator with a fixed seed"


def _arrays(world: World) -> dict[str, np.ndarray]:
    left_out = ("names", "blocks")
    held = {field.name: getattr(world.catalog, field.name) for field in fields(Catalog) if field.name not in left_out}
    arrays = {f"catalog.{name}": np.asarray(value) for name, value in held.items()}
    return arrays | {"slate_size": np.array(world.slate_size), "visits": np.array(world.visits)}


def _of_catalog(world: World) -> Iterator[Finding]:
    catalog = world.catalog
    if (catalog.price <= 0).any():
        item = int(np.argmax(catalog.price <= 0))
        fix = "Give every item a price above 0, because its logarithm is used"
        yield Finding(f"is {catalog.price[item]:g}", f"catalog.price[{item}]", fix, "hint")
    empty = np.bincount(catalog.category, minlength=catalog.categories) == 0
    if empty.any():
        fix = "Number the categories from 0 without gaps, as np.unique(labels, return_inverse=True)[1] does"
        what = "is a category without items, but has a column in the observation"
        yield Finding(what, f"catalog.category {int(np.argmax(empty))}", fix, "hint")
    constant = np.ptp(catalog.features, axis=0) == 0
    if constant.any():
        column = int(np.argmax(constant))
        yield Finding(
            f"is {catalog.features[0, column]:g} for every item: agents cannot learn from it",
            f"catalog.features[:, {column}]",
            "Remove the column",
            "hint",
        )
