"""The agents by name, the user's own by file and name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from slategym.agents.base import Agent, Problem
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.sim.simulation import Simulation
from slategym.utils.lookup import call_with, choose, nearest
from slategym.utils.optional import require
from slategym.utils.plugins import find_file, is_reference, load

# Makes an agent: a class or function of (problem, seed, scalarizer).
AgentMaker = Callable[[Problem, int, Scalarizer], Agent]

AGENTS: dict[str, str] = {
    "random": "every slate as likely as any other",
    "popularity": "the items that earn most per examined impression, the same for everybody",
    "epsilon-greedy": "popularity, with a random item at every tenth rank",
    "lin-ucb": "a linear model of clicks and conversions, optimistic where it knows little",
    "lin-ts": "the same model, with coefficients drawn from their posterior (Thompson sampling)",
    "policy-gradient": "REINFORCE over slates with a two-tower network",
    "conditioned-policy-gradient": "the same with the weights as input: one network for the whole front",
    "sb3:PPO": "Stable-Baselines3's PPO on the query action; sb3:A2C, sb3:SAC, ... are its other algorithms",
    "oracle": "the best slate of each visit, read from the simulation: the ceiling",
}

# Those that search by pymoo, which `pip install "slategym[mo]"` brings.
SEARCHERS: dict[str, str] = {
    "nsga2": "NSGA-II: a population of mixing weights, or of slates, that comes to cover the front",
    "pso": "a particle swarm: mixing weights, or a slate, of the highest utility",
}

# Custom agents.
BROUGHT: dict[str, str] = {
    "my_agent.py:Mine": "your own: a class or function of (problem, seed, scalarizer) that gives an object with act and update",
    "my_file.py:MyPPO": "a subclass of a Stable-Baselines3 algorithm; it learns on the query action, as sb3:PPO does",
    "sb3:my_model.zip": "a model that Stable-Baselines3 trained and saved; it learns no further",
}

# Those of other libraries, which `pip install "slategym[peers]"` brings.
PEERS: dict[str, str] = {
    "sklearn:SGDRegressor": "scikit-learn's linear model of what an item earns; sklearn:MLPClassifier, ... are its others",
    "mabwiser:LinUCB": "MABWiser's bandit with an arm an item; mabwiser:LinTS, mabwiser:UCB1, ... are its others",
    "vowpal-wabbit": "Vowpal Wabbit's cb_explore_adf, rank by rank",
}

# Where they stand; imported when one is made, since torch takes its time.
_PLACES = {
    "random": ("baselines", "Random"),
    "popularity": ("baselines", "Popularity"),
    "epsilon-greedy": ("baselines", "EpsilonGreedy"),
    "lin-ucb": ("linear.agents", "LinUCB"),
    "lin-ts": ("linear.agents", "LinTS"),
    "policy-gradient": ("policy_gradient.agent", "PolicyGradient"),
    "conditioned-policy-gradient": ("policy_gradient.conditioned", "ConditionedPolicyGradient"),
    "oracle": ("oracle", "Oracle"),
    "nsga2": ("evolution.agents", "NSGA2"),
    "pso": ("evolution.agents", "ParticleSwarm"),
}
# Modules with `find(name)` and `make(name, problem, seed, scalarizer, **options)`, by what stands before the colon.
_PEERS = {"sklearn": "adapters.estimator", "mabwiser": "adapters.mabwiser", "vowpal-wabbit": "adapters.vowpal"}
_SB3 = "sb3:"
_ALGORITHMS = ("PPO", "A2C", "SAC", "TD3", "DDPG")


def is_brought(name: str) -> bool:
    """Whether the name is of a custom agent: `my_agent.py:Mine` or "sb3:my_model.zip"."""
    return _family(name) in ("own", "model")


def is_trained(name: str) -> bool:
    """Whether the name is of a model that was trained before: "sb3:my_model.zip"."""
    return _family(name) == "model"


def check_name(name: str) -> None:
    """Find an agent without making one.

    Raises:
        ValueError: there is no agent of that name, or none that can be made; the message names the nearest ones.
        ImportError: it needs a library that is not installed.
    """
    match _family(name):
        case "own":
            load_agent(name)
        case "model":
            find_file("trained model", Path(name.removeprefix(_SB3)))
        case "sb3" if name.removeprefix(_SB3) not in _ALGORITHMS:
            known = [_SB3 + algorithm for algorithm in _ALGORITHMS]
            raise ValueError(
                f"there is no agent {name!r}.{nearest(name, known)} Stable-Baselines3's algorithms for the query action are: "
                f"{', '.join(known)}"
            )
        case "peer":
            _library(name).find(name)
        case "built in" if name.endswith(".py"):
            raise ValueError(f"{name} is a file: expected an agent in it, such as {name}:Mine")
        case "built in" if name in SEARCHERS:
            require("pymoo", "mo")
        case "built in":
            choose("agent", name, AGENTS | SEARCHERS | PEERS)


def _family(name: str) -> str:
    """Where an agent comes from. Names of built-in families look like references to modules, so they come first."""
    if name.startswith(_SB3):
        return "model" if name.endswith(".zip") else "sb3"
    if name.partition(":")[0] in _PEERS:
        return "peer"
    return "own" if is_reference(name) else "built in"


def _library(name: str) -> Any:
    return import_module(f"slategym.agents.{_PEERS[name.partition(':')[0]]}")


def load_agent(reference: str) -> Callable[..., Any]:
    """The class of an agent, or the function that makes one, that `my_agent.py:Mine` names.

    Raises:
        ValueError: there is none of that name, or it does not take (problem, seed, scalarizer).
    """
    return _checked(load("agent", reference), reference)


def _checked(maker: Any, name: str) -> Callable[..., Any]:
    """The maker, if it takes (problem, seed, scalarizer)."""
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


def adapted(maker: Any) -> Any:
    """A class or function of (problem, seed, scalarizer) as it is; an algorithm of Stable-Baselines3 becomes one."""
    base = sys.modules.get("stable_baselines3.common.base_class")  # imported already, where there is an algorithm
    if base is None or not isinstance(maker, type) or not issubclass(maker, base.BaseAlgorithm):
        return maker
    return partial(_class("adapters.sb3", "SB3"), algorithm=maker)


def make_agent(
    name: str | AgentMaker, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any
) -> Agent:
    """An agent by name, for the world of a simulation.

    Args:
        name: one of `AGENTS`, `SEARCHERS` or `PEERS`, or another name of the same family ("sb3:SAC", "mabwiser:UCB1");
            "sb3:path/to/model.zip", a model that Stable-Baselines3 saved; `my_agent.py:Mine`, a class or function of (problem,
            seed, scalarizer) that gives an object with `act` and `update`, or a subclass of an SB3 algorithm; or such a class or
            function itself.
        simulation: gives the problem; only the oracle looks further into it.
        seed: of the agent's own randomness.
        scalarizer: how the objectives are mixed; the fixed sum of one a click and ten a conversion by default.
        options: what the agent's class takes besides; for "sb3:" what the algorithm takes.

    Raises:
        ValueError: there is no such agent or option; the message names the nearest ones.
    """
    problem = Problem.of(simulation.world)
    if not isinstance(name, str):
        called = getattr(name, "__qualname__", repr(name))
        return _own(_checked(name, called), called, problem, seed, scalarizer, options)
    check_name(name)
    kind = f"agent {name!r}"
    agent: Agent
    match _family(name):
        case "own":
            agent = _own(load_agent(name), name, problem, seed, scalarizer, options)
        case "model":
            saved_model = _class("adapters.sb3_saved", "SavedModel")
            agent = call_with(kind, partial(saved_model, problem, seed, scalarizer, path=name.removeprefix(_SB3)), options)
        case "sb3":
            agent = _class("adapters.sb3", "SB3")(problem, seed, scalarizer, algorithm=name.removeprefix(_SB3), **options)
        case "peer":
            agent = _library(name).make(name, problem, seed, scalarizer, **options)
        case _:
            subject = simulation if name == "oracle" else problem
            agent = call_with(kind, partial(_class(*_PLACES[name]), subject, seed, scalarizer), options)
    return agent


def _own(
    maker: Callable[..., Any], name: str, problem: Problem, seed: int, scalarizer: Scalarizer | None, options: dict[str, Any]
) -> Agent:
    """What a user's class or function makes."""
    goal = FixedSum(problem.weights) if scalarizer is None else scalarizer
    agent: Agent = call_with(f"agent {name!r}", partial(maker, problem, seed, goal), options)
    if not (hasattr(agent, "act") and hasattr(agent, "update")):
        raise ValueError(f"{name} gives a {type(agent).__name__}: expected an agent, which has act and update")
    return agent


def _class(module: str, name: str) -> Any:
    return getattr(import_module(f"slategym.agents.{module}"), name)
