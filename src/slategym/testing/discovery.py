"""The checks of a subject: a user model, a world or an agent."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from slategym.agents.known import AGENTS
from slategym.agents.registry import adapted, check_name, is_custom
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World
from slategym.sim.worlds import WORLDS, make_world
from slategym.testing.agents.check import examine_agent
from slategym.testing.findings import Check
from slategym.testing.probes import ANYTHING, guarded
from slategym.testing.process import findings_of_changes, watched
from slategym.testing.user_models.check import examine_user_model
from slategym.testing.world import examine_world
from slategym.utils.lookup import choose
from slategym.utils.plugins import is_loaded, is_reference, load

Checkable = str | UserModel | World | Callable[..., Any]
ANY = "user model, world or agent"
SHOULD_BE = "a user model, a world, a function that makes one, or an agent's class or function of (problem, seed, scalarizer)"


@dataclass(frozen=True)
class Subject:
    """A subject with its checks.

    Attributes:
        name: such as "Impatient".
        kind: "user model", "world" or "agent"; empty if a child process ended before the kind was known.
        checks: run one by one during the iteration.
    """

    name: str
    kind: str
    checks: Iterator[Check]


def examine(subject: Checkable, world: World | str | None = None) -> Subject:
    """Determine the kind of a subject, and check it accordingly.

    Args:
        subject: `my_shop.py:Impatient`, the name of a world or an agent, or an object: a user model or its class, a world or a
            function that makes one, an agent's class or a function of (problem, seed, scalarizer).
        world: the world for the checks of a user model or an agent, instead of the default one.

    Raises:
        ValueError: there is nothing of that name, or the subject is none of these.
    """
    name = subject.rpartition(":")[2] if isinstance(subject, str) else getattr(subject, "__name__", type(subject).__name__)
    loading = _loading(subject) if isinstance(subject, str) and is_reference(subject) and is_custom(subject) else ()
    thing, kind = _known(subject) if isinstance(subject, str) else _recognised(subject, name)
    if isinstance(world, str):
        world = make_world(world)
    checks: Iterator[Check]
    if kind == "user model":
        checks = examine_user_model(thing, "Shop-v0" if world is None else world)
    elif kind == "agent":
        checks = examine_agent(thing, world)
    elif world is not None:
        raise ValueError(f"{name} is a world: remove the world, which is only for user models and agents")
    else:
        checks = examine_world(thing)
    return Subject(name, kind, chain(loading, checks))


def _loading(reference: str) -> tuple[Check, ...]:
    """Load a reference, and check what loading changes in the process; no check if it was loaded before."""
    if is_loaded(reference):
        return ()
    with watched() as watch:
        load(ANY, reference)
    place = Path(reference.rpartition(":")[0]).name
    return (Check("no global state when loaded", findings_of_changes(watch.changed, place, ", when it is loaded")),)


def _known(name: str) -> tuple[Any, str]:
    """Return the object of a name, and its kind."""
    if name.removeprefix("slategym/") in WORLDS:
        return name, "world"
    if is_reference(name) and is_custom(name):
        return _recognised(load(ANY, name), name.rpartition(":")[2])
    if ":" not in name:
        choose("world or agent", name, {**WORLDS, **AGENTS})
    check_name(name)
    return name, "agent"


def _recognised(thing: Any, name: str) -> tuple[Any, str]:
    """Return the object, or what it creates, and its kind."""
    kind = thing if isinstance(thing, type) else type(thing)
    if issubclass(kind, World):
        return thing, "world"
    if issubclass(kind, UserModel):
        return thing, "user model"
    if isinstance(thing, type) and hasattr(thing, "act") and hasattr(thing, "update"):
        return thing, "agent"
    maker = adapted(thing)
    if maker is not thing:
        return maker, "agent"
    if callable(thing) and not isinstance(thing, type):
        if _takes(thing, 0):
            try:
                made = guarded(thing)
            except ANYTHING:  # the check of a world reports the exception
                made = None
            return (made, "user model") if isinstance(made, UserModel) else (thing, "world")
        if _takes(thing, 3):
            return thing, "agent"
    raise ValueError(f"{name} is {'a class' if isinstance(thing, type) else f'a {kind.__name__}'}: expected {SHOULD_BE}")


def _takes(function: Callable[..., Any], arguments: int) -> bool:
    try:
        inspect.signature(function).bind(*[None] * arguments)
    except TypeError:
        return False
    return True
