"""The agents "slateq:network" and "slateq:tabular", by name."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from slategym.agents.base import Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.agents.values.agent import SlateQ
from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, options_of

FORMS = {
    "slateq:network": ("slategym.agents.values.network_agent", "NetworkSlateQ"),
    "slateq:tabular": ("slategym.agents.values.tabular", "TabularSlateQ"),
}


def find(name: str) -> type[SlateQ]:
    """The class of an agent such as "slateq:network".

    Raises:
        ValueError: there is no agent of that name.
    """
    module, kind = choose("agent", name, FORMS)
    found: type[SlateQ] = getattr(import_module(module), kind)
    return found


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "slateq:network"."""
    return options_of(find(name), ("problem", "seed", "scalarizer"))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> SlateQ:
    """Make an agent such as "slateq:network".

    Raises:
        ValueError: there is no such form or option.
    """
    return call_with(f"agent {name!r}", partial(find(name), problem, seed, scalarizer), options)
