"""Finds and makes the agents "fusion:mean", "fusion:stacking" and so on by name."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

from slategym.agents.base import Agent, Problem
from slategym.agents.fusion.members import member_texts
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, options_of
from slategym.utils.specification import read_values, split_options

KINDS = {
    "mean": "agents:MeanFusion",
    "fixed": "agents:FixedFusion",
    "exponential": "agents:ExponentialFusion",
    "stacking": "agents:StackingFusion",
    "bandit": "bandit:BanditFusion",
}


def find(name: str) -> Any:
    """The class of a name such as "fusion:mean".

    Raises:
        ValueError: there is no such fusion; the message suggests similar names.
    """
    module, _, called = choose("fusion", name.partition(":")[2], KINDS).partition(":")
    return getattr(import_module(f"slategym.agents.fusion.{module}"), called)


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "fusion:mean"."""
    return options_of(find(name), ("problem", "seed", "scalarizer"))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Make an agent such as "fusion:mean".

    Raises:
        ValueError: there is no such fusion or option, or no such member.
        ImportError: it or a member needs a library that is not installed.
    """
    agent: Agent = call_with(f"agent {name!r}", partial(find(name), problem, seed, scalarizer), options)
    return agent


def members_of(text: str) -> tuple[str, ...]:
    """The members of an agent such as "fusion:mean:agents=lin-ts+popularity", which may refer to files."""
    name, given = split_options(text)
    known = options(name)
    return member_texts(read_values(given, known).get("agents", known["agents"].default))
