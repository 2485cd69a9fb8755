"""The space of a search: options of an agent, of its scalarizer, or of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Literal

from slategym.agents.registry import agent_options, make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.names import SCALARIZERS
from slategym.agents.scalarizers.reference import Reference
from slategym.bench.execution.regret import reference_of
from slategym.bench.tuning.ranges import SearchRange, default_range, read_range
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import load
from slategym.utils.specification import join_options, split_options, terms

Subject = Literal["agent", "scalarizer", "both"]
SCALARIZER = "scalarizer."  # prefix of the names of a scalarizer's options


@dataclass(frozen=True)
class SearchSpace:
    """The options to search, and the agent and scalarizer that they belong to.

    Attributes:
        agent: name of the agent, with its fixed options.
        scalarizer: name of the scalarizer with its fixed options, if there is one.
        ranges: ranges of the options to search; options of the scalarizer are named "scalarizer.rate".
        defaults: default value of each of these options.
    """

    agent: str
    scalarizer: str | None
    ranges: tuple[SearchRange, ...]
    defaults: Mapping[str, Any]

    def texts(self, settings: Mapping[str, Any]) -> tuple[str, str | None]:
        """The names of the agent and the scalarizer with settings as options.

        Args:
            settings: values by the names of `ranges`; empty for the defaults.
        """
        of_scalarizer = {name.removeprefix(SCALARIZER): value for name, value in settings.items() if name.startswith(SCALARIZER)}
        of_agent = {name: value for name, value in settings.items() if not name.startswith(SCALARIZER)}
        scalarizer = None if self.scalarizer is None else with_options(self.scalarizer, of_scalarizer)
        return with_options(self.agent, of_agent), scalarizer


def with_options(text: str, options: Mapping[str, Any]) -> str:
    """Add options to a name: "lin-ts:ridge=2" and {"alpha": 0.1} give "lin-ts:ridge=2,alpha=0.1".

    Args:
        text: a name, with or without options.
        options: options to add.
    """
    name, given = split_options(text)
    added = join_options("", options).removeprefix(":")
    return ":".join(part for part in (name, ",".join(filter(None, (given, added)))) if part)


def search_space(
    worlds: Sequence[World], agent: str, scalarizer: str | None = None, ranges: Sequence[str] = (), search: Subject = "agent"
) -> SearchSpace:
    """Make the space of a search.

    Args:
        worlds: worlds in which the agent runs.
        agent: name of the agent; options given with the name stay fixed.
        scalarizer: name of the scalarizer, if there is one.
        ranges: ranges in the form of `read_range`; only these options are searched.
        search: whose options to search if there are no `ranges`: all those for which `default_range` has a range.

    Raises:
        ValueError: there is no such agent, scalarizer or option, a range does not fit, or there is nothing to search.
        ImportError: the agent needs a library that is not installed.
    """
    options = _searchable(agent_options(agent), agent)
    if scalarizer is not None:
        found = _scalarizer_options(scalarizer, worlds[0], reference_of(worlds[0]))
        options |= {f"{SCALARIZER}{name}": option for name, option in found.items()}
    elif search != "agent":
        raise ValueError("there is no scalarizer whose options could be searched: give one, such as --scalarizer nash")
    if ranges:
        searched = [read_range(text, options) for text in ranges]
    else:
        wanted = {"agent": (False,), "scalarizer": (True,), "both": (False, True)}[search]
        declared = {name: default_range(option) for name, option in options.items() if name.startswith(SCALARIZER) in wanted}
        searched = [replace(each, name=name) for name, each in declared.items() if each is not None]
    names = [each.name for each in searched]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"--range names {name!r} twice: name it once")
    if not searched:
        told = f"none of its options ({', '.join(options)}) declares a range: give ranges with --range"
        has = told if options else "it has no options"
        raise ValueError(f"there is nothing to search in {agent!r}: {has}")
    space = SearchSpace(agent, scalarizer, tuple(searched), {name: options[name].default for name in names})
    _check(space, worlds)
    return space


def _searchable(options: Mapping[str, Option], text: str) -> dict[str, Option]:
    """The options that are not given with the name."""
    given = {term.key for term in terms(split_options(text)[1])}
    return {name: option for name, option in options.items() if name not in given}


def _scalarizer_options(text: str, world: World, reference: Reference) -> dict[str, Option]:
    """The options of a scalarizer that are not given with its name, and that it accepts with their defaults."""
    name = split_options(text)[0]
    make_scalarizer(text, world.objective_names, reference, weights=world.weights)
    if name in SCALARIZERS:
        module, _, kind = SCALARIZERS[name].entry_point.partition(":")
        maker = getattr(import_module(module), kind)
    else:
        maker = load("scalarizer", name)
    found = {}
    for option in _searchable(options_of(maker), text).values():
        if not (isinstance(option.default, bool | int | float) or option.choices):
            continue
        try:
            tried = with_options(text, {option.name: option.default})
            make_scalarizer(tried, world.objective_names, reference, weights=world.weights)
        except ValueError:  # an argument that cannot be given with the name
            continue
        found[option.name] = option
    return found


def _check(space: SearchSpace, worlds: Sequence[World]) -> None:
    """Check that the agent can be made with its defaults in each world, and with the ends of each range."""
    for world in worlds:
        make_agent(space.agent, Simulation(world, 0, 1))
    simulation = Simulation(worlds[0], 0, 1)
    for each in space.ranges:
        if not each.name.startswith(SCALARIZER):
            for value in (each.grid(2)[0], each.grid(2)[-1]):
                make_agent(space.texts({each.name: value})[0], simulation)
