"""The agents by name, and custom ones by file and name; no class of an agent is imported before one is made."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from slategym.agents.base import Agent, Problem
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.sim.simulation import Simulation
from slategym.utils.lookup import call_with
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import find_file, is_reference, load
from slategym.utils.specification import choose_named, read_options, split_options

# Makes an agent: a class or function of (problem, seed, scalarizer).
AgentMaker = Callable[[Problem, int, Scalarizer], Agent]
WRAPPERS = ("lookahead:", "text-reranker:")  # in front of the name of the agent that is wrapped
FUSION = "fusion:"  # in front of the way by which agents are fused
_GIVEN = ("problem", "simulation", "seed", "scalarizer")  # arguments that are no options


@dataclass(frozen=True)
class AgentSpec:
    """An agent that has a name.

    Attributes:
        name: "lin-ts"; of a family of agents an example, "sklearn:SGDRegressor", with the family's name before the colon.
        summary: what it does, in a line.
        entry_point: "module:Class", a class of (problem, seed, scalarizer) with keyword options; of a family a module with
            `find(name)`, `options(name)` and `make(name, problem, seed, scalarizer, **options)`.
        extra: the extra of slategym that brings the library that it needs; empty if it needs none.
        library: the module of that library.
        sees_simulation: it is made of the simulation instead of the problem.
        any_weights: one run teaches it every weighting of the objectives: `with_weights` needs no further learning.
    """

    name: str
    summary: str
    entry_point: str
    extra: str = ""
    library: str = ""
    sees_simulation: bool = False
    any_weights: bool = False

    @property
    def options(self) -> dict[str, Option]:
        """Its options by name, with types, defaults and meanings.

        Raises:
            ImportError: it needs a library that is not installed.
        """
        return agent_options(self.name)


AGENTS: dict[str, AgentSpec] = {
    spec.name: spec
    for spec in (
        AgentSpec("random", "every slate as likely as any other", "slategym.agents.baselines:Random"),
        AgentSpec(
            "popularity",
            "the items with the highest reward per examined impression, the same for everybody",
            "slategym.agents.baselines:Popularity",
        ),
        AgentSpec(
            "epsilon-greedy", "popularity, with a random item at every tenth rank", "slategym.agents.baselines:EpsilonGreedy"
        ),
        AgentSpec(
            "lin-ucb",
            "a linear model of clicks and conversions, optimistic where it is uncertain",
            "slategym.agents.linear.agents:LinUCB",
        ),
        AgentSpec(
            "lin-ts",
            "Thompson sampling with the model of lin-ucb: coefficients drawn from their posterior",
            "slategym.agents.linear.agents:LinTS",
        ),
        AgentSpec(
            "lin-epsilon-greedy",
            "the model of lin-ts, with a random item at every twentieth rank",
            "slategym.agents.linear.agents:LinEpsilonGreedy",
        ),
        AgentSpec(
            "logistic-ts",
            "Thompson sampling with logistic models of clicks and conversions that learn from the last slates again",
            "slategym.agents.logistic.agents:LogisticTS",
        ),
        AgentSpec(
            "logistic-ucb",
            "the models of logistic-ts, optimistic where they are uncertain",
            "slategym.agents.logistic.agents:LogisticUCB",
        ),
        AgentSpec(
            "predictor:mlp",
            "a network of clicks and conversions, with random exploration; predictor:esmm, predictor:mmoe, ... are others",
            "slategym.agents.predictors.family",
        ),
        AgentSpec(
            "recommender:item-knn", "neighbours of items; recommender:als, ... are others", "slategym.agents.recommenders.named"
        ),
        AgentSpec(
            "policy-gradient",
            "REINFORCE over slates with a two-tower network",
            "slategym.agents.policy_gradient.agent:PolicyGradient",
        ),
        AgentSpec(
            "conditioned-policy-gradient",
            "policy-gradient with the weights as input: one network for the whole front",
            "slategym.agents.policy_gradient.conditioned:ConditionedPolicyGradient",
            any_weights=True,
        ),
        AgentSpec(
            "lookahead:lin-ucb",
            "lin-ucb, which counts what clicks do to how long shoppers stay; lookahead:logistic-ts, ... wrap other agents",
            "slategym.agents.lookahead.agent",
        ),
        AgentSpec(
            "fusion:mean",
            "one agent made of several; fusion:fixed, fusion:exponential, fusion:stacking and fusion:bandit are the other ways",
            "slategym.agents.fusion.named",
        ),
        AgentSpec(
            "text-reranker:logistic-ts",
            "logistic-ts, whose best items are re-ranked by what reads their titles; text-reranker:lin-ts, ... wrap other agents",
            "slategym.agents.text.reranker",
        ),
        AgentSpec(
            "sb3:PPO",
            "Stable-Baselines3's PPO on the query action; sb3:A2C, sb3:RecurrentPPO, ... are others of it and of sb3-contrib",
            "slategym.agents.adapters.sb3_named",
        ),
        AgentSpec(
            "oracle",
            "the best slate of each visit, read from the simulation: the ceiling",
            "slategym.agents.oracle:Oracle",
            sees_simulation=True,
        ),
        AgentSpec(
            "nsga2",
            "NSGA-II: a population of weightings, or of slates, that comes to cover the front",
            "slategym.agents.evolution.agents:NSGA2",
            "mo",
            "pymoo",
        ),
        AgentSpec(
            "pso",
            "a particle swarm: the weighting, or the slate, of the highest utility",
            "slategym.agents.evolution.agents:ParticleSwarm",
            "mo",
            "pymoo",
        ),
        AgentSpec(
            "sklearn:SGDRegressor",
            "scikit-learn's linear model of the reward of an item; sklearn:MLPClassifier, ... are its other models",
            "slategym.agents.adapters.estimator",
            "peers",
            "sklearn",
        ),
        AgentSpec(
            "river:BayesianLinearRegression",
            "river's linear model of the reward of an item; river:LogisticRegression, ... are its other models",
            "slategym.agents.adapters.river",
            "peers",
            "river",
        ),
        AgentSpec(
            "mabwiser:LinUCB",
            "MABWiser's bandit with an arm per item; mabwiser:LinTS, mabwiser:UCB1, ... are its other policies",
            "slategym.agents.adapters.mabwiser",
            "peers",
            "mabwiser",
        ),
        AgentSpec(
            "vowpal-wabbit",
            "Vowpal Wabbit's cb_explore_adf, rank by rank",
            "slategym.agents.adapters.vowpal:VowpalWabbit",
            "peers",
            "vowpalwabbit",
        ),
    )
}

CUSTOM: dict[str, str] = {  # how custom agents are named
    "my_agent.py:Mine": "a class or function of (problem, seed, scalarizer) that gives an object with act and update",
    "my_file.py:MyPPO": "a subclass of a Stable-Baselines3 algorithm; it learns on the query action, as sb3:PPO does",
    "sb3:my_model.zip": "a model that Stable-Baselines3 trained and saved; it learns no further",
}

_FAMILIES = {name.partition(":")[0]: spec for name, spec in AGENTS.items() if ":" in name}


def agent_spec(text: str) -> AgentSpec | None:
    """The entry of an agent, or of its family; None for a custom one, or if there is none.

    Args:
        text: "lin-ts", "mabwiser:UCB1:alpha=0.02" or another name of an agent, with options or without.
    """
    name = split_options(text)[0]
    return AGENTS.get(name) or _FAMILIES.get(name.partition(":")[0])


def is_custom(text: str) -> bool:
    """Whether the name is of a custom agent: `my_agent.py:Mine` or "sb3:my_model.zip"."""
    return is_trained(text) or (agent_spec(text) is None and _is_outside(split_options(text)[0]))


def is_trained(text: str) -> bool:
    """Whether the name is of a model that was trained before: "sb3:my_model.zip"."""
    name = split_options(text)[0]
    return name.startswith("sb3:") and name.endswith(".zip")


def agent_identity(agent: str | AgentMaker) -> Any:
    """What tells an agent apart for a fingerprint: its text, and the code or the file behind it.

    Args:
        agent: a name, or a class or function that makes one.
    """
    if not isinstance(agent, str):
        return adapted(agent)
    name = split_options(agent)[0]
    if name.startswith(WRAPPERS):
        return [agent, agent_identity(name.partition(":")[2])]
    if name.startswith(FUSION):
        members = import_module("slategym.agents.fusion.named").members_of(agent)
        return [agent, *map(agent_identity, members)]
    if is_trained(agent):
        return [agent, find_file("trained model", Path(name.removeprefix("sb3:"))).read_bytes()]
    return [agent, load_agent(name)] if is_custom(agent) else agent


def learns_any_weights(text: str) -> bool:
    """Whether one run teaches an agent of this name every weighting of the objectives."""
    spec = agent_spec(text)
    return spec is not None and spec.any_weights


def check_name(text: str) -> None:
    """Find an agent without making one.

    Raises:
        ValueError: there is no agent of that name, or none that can be made; the message names the nearest ones.
        ImportError: it needs a library that is not installed.
    """
    name, spec = split_options(text)[0], agent_spec(text)
    if spec is None:
        if _is_outside(name):
            load_agent(name)
            return
        if name.endswith(".py"):
            raise ValueError(f"{name} is a file: expected an agent in it, such as {name}:Mine")
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
    """The class of an agent, or the function that makes one, that `my_agent.py:Mine` names.

    Raises:
        ValueError: there is none of that name, or it does not take (problem, seed, scalarizer).
    """
    return _checked(load("agent", reference), reference)


def adapted(maker: Any) -> Any:
    """A class or function of (problem, seed, scalarizer) as it is; an algorithm of Stable-Baselines3 becomes one."""
    base = sys.modules.get("stable_baselines3.common.base_class")  # imported already, where there is an algorithm
    if base is None or not isinstance(maker, type) or not issubclass(maker, base.BaseAlgorithm):
        return maker
    return partial(import_module("slategym.agents.adapters.sb3").SB3, algorithm=maker)


def make_agent(
    name: str | AgentMaker, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any
) -> Agent:
    """An agent by name, for the world of a simulation.

    Args:
        name: one of `AGENTS`, or another name of the same family ("sb3:SAC", "mabwiser:UCB1"); "sb3:path/to/model.zip", a model
            that Stable-Baselines3 saved; `my_agent.py:Mine`, a class or function of (problem, seed, scalarizer) that gives an
            object with `act` and `update`, or a subclass of an SB3 algorithm; each with options or without, as in
            "lin-ts:alpha=0.1,ridge=2". Or such a class or function itself.
        simulation: gives the problem; only the oracle looks further into it.
        seed: of the agent's own randomness.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        options: what the agent's class takes besides (`slategym agents NAME` lists it); for "sb3:" what the algorithm takes.

    Raises:
        ValueError: there is no such agent or option; the message names the nearest ones.
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
    """An agent by name, for a problem.

    Args:
        name: as `make_agent` takes it.
        problem: what slates are chosen from.
        seed: of the agent's own randomness.
        scalarizer: how the objectives are mixed; by default the fixed sum with the problem's weights.
        options: what the agent's class takes besides.

    Raises:
        ValueError: there is no such agent or option, or it is made of a simulation, as the oracle.
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
        raise ValueError(f"{kind} reads the simulation, and here there is none: expected an agent that learns from feedback")
    found = _entry(spec)
    agent: Agent
    if isinstance(found, ModuleType):
        agent = found.make(plain, problem, seed, scalarizer, **options)
    else:
        agent = call_with(kind, partial(found, problem, seed, scalarizer), options)
    return agent


def _is_outside(name: str) -> bool:
    """Whether a name refers to something outside the package; "random:Mine" does not, as `random` has a name here."""
    return is_reference(name) and name.partition(":")[0] not in AGENTS


def _entry(spec: AgentSpec) -> Any:
    """What an entry point names: a class, or the module of a family.

    Raises:
        ImportError: it needs a library that is not installed.
    """
    module, _, name = spec.entry_point.partition(":")
    if spec.library and name:  # a family's module first says whether there is such an agent
        require(spec.library, spec.extra)
    found = import_module(module)
    return getattr(found, name) if name else found


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


def _custom(
    maker: Callable[..., Any], name: str, problem: Problem, seed: int, scalarizer: Scalarizer | None, options: dict[str, Any]
) -> Agent:
    """What a user's class or function makes."""
    goal = FixedSum(problem.weights) if scalarizer is None else scalarizer
    agent: Agent = call_with(f"agent {name!r}", partial(maker, problem, seed, goal), options)
    if not (hasattr(agent, "act") and hasattr(agent, "update")):
        raise ValueError(f"{name} gives a {type(agent).__name__}: expected an agent, which has act and update")
    return agent
