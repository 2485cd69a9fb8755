"""Finds and makes agents by name, and custom agents by file and name. Agent classes are imported only when needed."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from slategym.agents.base import Agent, Problem
from slategym.agents.known import AGENTS, FAMILIES, MADE_ELSEWHERE, SAVED, AgentSpec
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.sim.simulation import Simulation
from slategym.utils.lookup import call_with
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import find_file, is_reference, load
from slategym.utils.specification import choose_named, read_options, split_options

# A class or function of (problem, seed, scalarizer) that makes an agent.
AgentMaker = Callable[[Problem, int, Scalarizer], Agent]
WRAPPERS = (
    "lookahead:",
    "crosses:",
    "text-reranker:",
    "mmr:",
    "dpp:",
    "square-cb:",
)  # in front of the name of the agent that is wrapped
SCORES = "scores:"  # in front of a function that scores items
FUSION = "fusion:"  # in front of the method that fuses agents
_GIVEN = ("problem", "simulation", "seed", "scalarizer")  # constructor arguments that are not options


def agent_spec(text: str) -> AgentSpec | None:
    """The entry of an agent or of its family; None for a custom agent, or if there is no such agent.

    Args:
        text: the name of an agent, with or without options, such as "lin-ts" or "mabwiser:UCB1:alpha=0.02".
    """
    name = split_options(text)[0]
    if name.endswith(".agent"):
        return SAVED
    family = name.partition(":")[0]
    return AGENTS.get(name) or FAMILIES.get(family) or MADE_ELSEWHERE.get(family)


def is_custom(text: str) -> bool:
    """Whether the name is of an agent that is not part of slategym (see `CUSTOM`)."""
    spec = agent_spec(text)
    return file_of(text) is not None or spec in MADE_ELSEWHERE.values() or (spec is None and _is_outside(split_options(text)[0]))


def file_of(text: str) -> Path | None:
    """The file of a trained model ("sb3:my_model.zip", "my_model.agent" or "onnx:my_model.onnx"), or None."""
    name = split_options(text)[0]
    family, _, rest = name.partition(":")
    if name.endswith(".agent"):
        return Path(name)
    return Path(rest) if (family == "sb3" and name.endswith(".zip")) or family == "onnx" else None


def agent_identity(agent: str | AgentMaker) -> Any:
    """What identifies an agent in a fingerprint: its name with options, and its code or file if it is custom or saved.

    Args:
        agent: a name, or a class or function that makes an agent.
    """
    if not isinstance(agent, str):
        return adapted(agent)
    name = split_options(agent)[0]
    if name.startswith(WRAPPERS):
        return [agent, agent_identity(name.partition(":")[2])]
    if name.startswith(FUSION):
        members = import_module("slategym.agents.fusion.named").members_of(agent)
        return [agent, *map(agent_identity, members)]
    if (path := file_of(agent)) is not None:
        return [agent, find_file("trained model", path).read_bytes()]
    if name.startswith(SCORES):
        return [agent, load("agent", name.removeprefix(SCORES))]
    return [agent, load_agent(name)] if is_custom(agent) else agent


def learns_any_weights(text: str) -> bool:
    """Whether an agent of this name learns to act for all weights of the objectives in one run."""
    spec = agent_spec(text)
    return spec is not None and spec.any_weights


def check_name(text: str) -> None:
    """Check that a name refers to an agent, without making it.

    Raises:
        ValueError: there is no agent of that name, or it cannot be made; the message suggests similar names.
        ImportError: it needs a library that is not installed.
    """
    name, spec = split_options(text)[0], agent_spec(text)
    if spec is None:
        if _is_outside(name):
            load_agent(name)
            return
        if name.endswith(".py"):
            raise ValueError(f"{name} is a file: expected the name of an agent in it, such as {name}:Mine")
        choose_named("agent", name, AGENTS)
    elif isinstance(found := _entry(spec), ModuleType):
        found.find(name)


def agent_options(text: str) -> dict[str, Option]:
    """The options of an agent by name, with types, defaults and meanings.

    Raises:
        ValueError: there is no agent of that name.
        ImportError: it needs a library that is not installed.
    """
    check_name(text)
    name, spec = split_options(text)[0], agent_spec(text)
    found = load_agent(name) if spec is None else _entry(spec)
    options: dict[str, Option] = found.options(name) if isinstance(found, ModuleType) else options_of(found, _GIVEN)
    return options


def load_agent(reference: str) -> Callable[..., Any]:
    """The class of an agent, or the function that makes one, with a name such as `my_agent.py:Mine`.

    Raises:
        ValueError: there is no such class or function, or it cannot be called with (problem, seed, scalarizer).
    """
    return _checked(load("agent", reference), reference)


def adapted(maker: Any) -> Any:
    """Wrap an algorithm of Stable-Baselines3 as a function of (problem, seed, scalarizer); return other makers unchanged."""
    base = sys.modules.get("stable_baselines3.common.base_class")  # already imported if `maker` is an algorithm
    if base is None or not isinstance(maker, type) or not issubclass(maker, base.BaseAlgorithm):
        return maker
    return partial(import_module("slategym.agents.adapters.sb3").SB3, algorithm=maker)


def make_agent(
    name: str | AgentMaker, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any
) -> Agent:
    """Make an agent by name, for the world of a simulation.

    Args:
        name: one of `AGENTS`, or another name of the same family ("sb3:SAC", "mabwiser:UCB1"); "sb3:path/to/model.zip", a model
            that Stable-Baselines3 saved; or `my_agent.py:Mine`, a class or function of (problem, seed, scalarizer) that returns
            an object with `act` and `update`, or a subclass of an SB3 algorithm. Options may follow, as in
            "lin-ts:alpha=0.1,ridge=2". Instead of a name, such a class or function itself.
        simulation: the simulation whose world defines the problem; only the oracle reads more from it.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        options: options of the agent (listed by `slategym agents NAME`); for "sb3:", also arguments of the algorithm.

    Raises:
        ValueError: there is no such agent or option; the message suggests similar names.
        ImportError: it needs a library that is not installed.
    """
    problem = Problem.of(simulation.world)
    if not isinstance(name, str):
        called = getattr(name, "__qualname__", repr(name))
        return _custom(_checked(name, called), called, problem, seed, scalarizer, options)
    spec = agent_spec(name)
    if spec is None or not spec.sees_simulation:
        return make_for(name, problem, seed, scalarizer, **options)
    plain, text = split_options(name)
    options = read_options(f"agent {plain!r}", text, agent_options(plain), options)
    insider: Agent = call_with(f"agent {plain!r}", partial(_entry(spec), simulation, seed, scalarizer), options)
    return insider


def make_for(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Make an agent by name, for a problem.

    Args:
        name: as for `make_agent`.
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        options: options of the agent.

    Raises:
        ValueError: there is no such agent or option, or the agent needs a simulation, as the oracle does.
        ImportError: it needs a library that is not installed.
    """
    check_name(name)
    plain, text = split_options(name)
    spec, kind = agent_spec(plain), f"agent {plain!r}"
    if text:
        options = read_options(kind, text, agent_options(plain), options)
    if spec is None:
        return _custom(load_agent(plain), plain, problem, seed, scalarizer, options)
    if spec.sees_simulation:
        raise ValueError(f"{kind} reads the simulation, but there is none here: expected an agent that learns from feedback")
    found = _entry(spec)
    agent: Agent
    if isinstance(found, ModuleType):
        agent = found.make(plain, problem, seed, scalarizer, **options)
    else:
        agent = call_with(kind, partial(found, problem, seed, scalarizer), options)
    return agent


def _is_outside(name: str) -> bool:
    """Whether a name refers to a file or module outside the package; "random:Mine" does not, since `random` is an agent."""
    return is_reference(name) and name.partition(":")[0] not in AGENTS


def _entry(spec: AgentSpec) -> Any:
    """Import an entry point: a class, or the module of a family.

    Raises:
        ImportError: it needs a library that is not installed.
    """
    module, _, name = spec.entry_point.partition(":")
    if spec.library and name:  # the module of a family first checks whether there is such an agent
        require(spec.library, spec.extra)
    found = import_module(module)
    return getattr(found, name) if name else found


def _checked(maker: Any, name: str) -> Callable[..., Any]:
    """Check that a maker can be called with (problem, seed, scalarizer), and return it."""
    maker = adapted(maker)
    takes = "expected a class or function of (problem, seed, scalarizer)"
    if not callable(maker):
        raise ValueError(f"{name} is a {type(maker).__name__}: {takes}")
    try:
        inspect.signature(maker).bind(None, 0, None)
    except TypeError as error:
        raise ValueError(f"{name} cannot be called with a problem, a seed and a scalarizer ({error}): {takes}") from None
    made: Callable[..., Any] = maker
    return made


def _custom(
    maker: Callable[..., Any], name: str, problem: Problem, seed: int, scalarizer: Scalarizer | None, options: dict[str, Any]
) -> Agent:
    """Make an agent with a user's class or function."""
    goal = FixedSum(problem.weights) if scalarizer is None else scalarizer
    agent: Agent = call_with(f"agent {name!r}", partial(maker, problem, seed, goal), options)
    if not (hasattr(agent, "act") and hasattr(agent, "update")):
        raise ValueError(f"{name} gives a {type(agent).__name__}: expected an agent with the methods act and update")
    return agent
