"""Parses the names of the members of a fusion, and makes the members."""

from __future__ import annotations

import re
from collections.abc import Sequence

from numpy.typing import ArrayLike
from typing_extensions import override

from slategym.agents.base import Agent, Problem
from slategym.agents.registry import make_for
from slategym.agents.scalarizers.base import Scalarizer, Weights
from slategym.utils.specification import split_options

_BETWEEN = re.compile(r"\s*\+\s*(?=[^\W\d]|[./~])")  # does not match the sign of an exponent, as in 1e+5
Agents = str | Sequence[str]


class SharedScalarizer(Scalarizer):
    """The scalarizer of a fusion, for its members: it ignores updates, which only the fusion makes.

    Args:
        scalarizer: scalarizer of the fusion.
    """

    def __init__(self, scalarizer: Scalarizer) -> None:
        self.scalarizer = scalarizer

    @override
    def weights(self, value: ArrayLike) -> Weights:
        return self.scalarizer.weights(value)

    @override
    def utility(self, value: ArrayLike) -> float:
        return self.scalarizer.utility(value)

    @override
    def at(self, slates: int) -> Scalarizer:
        return self.scalarizer.at(slates)


def member_texts(agents: Agents) -> tuple[str, ...]:
    """The members, each as a name with options.

    Args:
        agents: members separated by plus signs, with semicolons between the options of a member, such as
            "lin-ts+logistic-ts:alpha=0.2;window=1e5"; or a list of names with options as for `make_agent`, such as
            "logistic-ts:alpha=0.2,window=1e5".

    Raises:
        ValueError: there are no members.
    """
    parts = _BETWEEN.split(agents.strip()) if isinstance(agents, str) else agents
    if isinstance(agents, str):
        parts = [part.replace(";", ",") for part in parts]
    if not parts or not all(isinstance(part, str) and part.strip() for part in parts):
        raise ValueError(f"agents is {agents!r}: expected agents separated by plus signs, such as logistic-ts+lin-ts")
    return tuple(part.strip() for part in parts)


def make_members(texts: Sequence[str], problem: Problem, seed: int, scalarizer: Scalarizer) -> list[Agent]:
    """Make the members, each with its own seed.

    Args:
        texts: the members, as names with options.
        problem: the items, observation layout and objectives of the world.
        seed: seed of the fusion.
        scalarizer: scalarizer of the fusion.

    Raises:
        ValueError: there is no such agent or option, or an agent cannot be a member.
        ImportError: a member needs a library that is not installed.
    """
    members = []
    for number, text in enumerate(texts):
        member = make_for(text, problem, (seed + 1_000_003 * number) % 2**64, SharedScalarizer(scalarizer))
        if not isinstance(member, Agent):
            raise ValueError(f"{text} gives a {type(member).__name__}: expected a subclass of slategym.agents.Agent")
        members.append(member)
    return members


def places(option: str, chosen: Agents | None, texts: Sequence[str]) -> list[int]:
    """The indices of some members among all members.

    Args:
        option: name of the option, for the error message.
        chosen: members, by name only or with options, in the form of `agents`; None: all.
        texts: all members, as names with options.

    Raises:
        ValueError: an agent is not a member.
    """
    if chosen is None:
        return list(range(len(texts)))
    found = []
    for text in member_texts(chosen):
        matching = [number for number, each in enumerate(texts) if text in (each, split_options(each)[0])]
        if not matching:
            raise ValueError(f"{option} names {text!r}: expected members, which are {' + '.join(texts)}")
        found += [number for number in matching if number not in found]
    return sorted(found)
