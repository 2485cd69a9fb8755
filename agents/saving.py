"""Reads and writes agents as files with a checksum; built-in agents are read without running code from the file."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slategym.agents.problem import Problem
from slategym.sim.rules import SlateRules
from slategym.utils.storage.archive import read_archive, write_archive
from slategym.utils.storage.fingerprint import fingerprint
from slategym.utils.storage.graph import UnsupportedError

if TYPE_CHECKING:
    from slategym.agents.base import Agent

EXPECTED = "expected a file written by Agent.save"


def meaning(problem: Problem, items: int | None = None) -> dict[str, Any]:
    """A description of a problem, for comparison; restricted to its first items, so that the catalogue may grow.

    Args:
        problem: the items, observation layout and objectives of the world.
        items: the number of first items to describe; None: all.
    """
    first = slice(problem.items if items is None else items)
    described = (problem.features, problem.category, problem.price, problem.margin, problem.bid)
    return {
        "slate_size": problem.slate_size,
        "candidates": problem.candidates,
        "objectives": list(problem.objective_names),
        "causes": list(problem.causes),
        "longest_delay": problem.longest_delay,
        "observation": [[field.name, field.width, field.meaning] for field in problem.layout.fields],
        "item features": problem.features.shape[1],
        "items": len(problem.features[first]),
        "catalogue": fingerprint([np.ascontiguousarray(array[first]) for array in described]),
    }


def save(agent: Agent, path: Path) -> None:
    """Write an agent; an agent of a custom class or with objects of other libraries is stored as a pickle in the file.

    Args:
        agent: the agent, with its random state.
        path: path of the file.

    Raises:
        WriteError: the file cannot be written.
        pickle.PicklingError, AttributeError, TypeError: the agent can be stored in neither form.
    """
    about = meaning(agent.problem)
    head = {"slategym agent": agent.name, "problem": about, "fingerprint": fingerprint(about)}
    try:
        write_archive(path, {**head, "agent": agent})
    except UnsupportedError:
        write_archive(path, {**head, "class": type(agent).__qualname__, "pickle": pickle.dumps(agent)})


def load(path: Path, problem: Problem, trust: bool = False, kind: type[Any] = object) -> Any:
    """Read an agent that `save` wrote, for a problem with at least as many items.

    Args:
        path: path of the file.
        problem: the problem to act in.
        trust: whether to load pickles, which may run any code.
        kind: the class that the agent must be an instance of.

    Raises:
        ValueError: the file is not a saved agent or is damaged, it was saved for another problem, or it holds a pickle and
            `trust` is not set.
    """
    content = _read(path)
    _check_problem(path, content["problem"], problem)
    agent: Any = _agent_of(path, content, trust)
    if kind is not object and not issubclass(type(agent), kind):
        raise ValueError(f"{path} holds a {type(agent).__name__}: expected an agent")
    if problem.items > agent.problem.items:
        agent.grow(problem)
    adopt(agent, problem.rules)
    return agent


def read_agent(path: Path) -> Any:
    """Read a saved agent without a check of its problem; pickles are not loaded.

    Args:
        path: path of the file.

    Raises:
        ValueError: the file is not a saved agent or is damaged, or it holds a pickle.
    """
    return _agent_of(path, _read(path), trust=False)


def candidates_of(path: Path) -> int | None:
    """How many candidates a saved agent chooses among; None if among all items.

    Args:
        path: of the file.

    Raises:
        ValueError: it is no saved agent or damaged.
    """
    found: int | None = _read(path)["problem"].get("candidates")
    return found


def adopt(agent: Agent, rules: SlateRules) -> None:
    """Set the rules of a world in an agent and all its parts.

    Args:
        agent: the loaded agent.
        rules: rules of the world that it will act in.
    """
    seen, parts = set(), [agent]
    adopted: dict[int, tuple[Problem, Problem]] = {}  # so that a problem that several parts share remains one object
    while parts:
        part = parts.pop()
        seen.add(id(part))
        for name, inner in list(vars(part).items()):
            if isinstance(inner, Problem):
                setattr(part, name, adopted.setdefault(id(inner), (inner, replace(inner, rules=rules)))[1])
            elif type(inner).__module__.startswith("slategym.agents") and hasattr(inner, "__dict__") and id(inner) not in seen:
                parts.append(inner)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = read_archive(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if not isinstance(content, dict) or not isinstance(content.get("problem"), dict):
        raise ValueError(f"{path} is not a saved agent: {EXPECTED}")
    return content


def _agent_of(path: Path, content: dict[str, Any], trust: bool) -> Any:
    agent = content.get("agent")
    if "pickle" in content:
        if not trust:
            raise ValueError(
                f"{path} holds a pickle of {content.get('class')}, which may run any code when it is loaded: "
                "load it with trust=True if you trust its source"
            )
        try:
            agent = pickle.loads(content["pickle"])
        except Exception as error:  # unpickling may run any code
            raise ValueError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error
    return agent


def _check_problem(path: Path, saved: dict[str, Any], problem: Problem) -> None:
    items = saved.get("items")
    here = meaning(problem, items if isinstance(items, int) and 0 < items <= problem.items else None)
    for name, value in here.items():
        if saved.get(name) != value and name != "catalogue":
            raise ValueError(f"{path} was saved for another problem: its {name} is {saved.get(name)!r}, but here it is {value!r}")
    if saved.get("catalogue") != here["catalogue"]:
        raise ValueError(
            f"{path} was saved for another catalogue: its {items} items are not the first {items} here. "
            "Load it in the world that it was saved in, or in one with further items after those"
        )
