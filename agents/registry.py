"""The agents by name, the user's own by file and name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from slategym.agents.agent import Agent, Problem
from slategym.agents.scalarizer import Scalarizer
from slategym.sim.names import call_with, choose, nearest
from slategym.sim.plugins import is_reference, load
from slategym.sim.simulation import Simulation

AGENTS: dict[str, str] = {
    "random": "every slate as likely as any other",
    "popularity": "the items that earn most per examined impression, the same for everybody",
    "epsilon-greedy": "popularity, with a random item at every tenth rank",
    "lin-ucb": "a linear model of clicks and conversions, optimistic where it knows little",
    "lin-ts": "the same model, with coefficients drawn from their posterior (Thompson sampling)",
    "policy-gradient": "REINFORCE over slates with a two-tower network",
    "sb3:PPO": "Stable-Baselines3's PPO on the query action; sb3:A2C, sb3:SAC, ... are its other algorithms",
    "oracle": "the best slate of each visit, read from the simulation: the ceiling",
}

# Where they stand; imported when one is made, since torch takes its time.
_PLACES = {
    "random": ("baselines", "Random"),
    "popularity": ("baselines", "Popularity"),
    "epsilon-greedy": ("baselines", "EpsilonGreedy"),
    "lin-ucb": ("linear", "LinUCB"),
    "lin-ts": ("linear", "LinTS"),
    "policy-gradient": ("policy_gradient", "PolicyGradient"),
    "oracle": ("oracle", "Oracle"),
}
_SB3 = "sb3:"
_ALGORITHMS = ("PPO", "A2C", "SAC", "TD3", "DDPG")


def check_name(name: str) -> None:
    """Raises a ValueError where there is no agent of that name, or none that can be made; it names the nearest ones."""
    if name.startswith(_SB3):
        if name.removeprefix(_SB3) not in _ALGORITHMS:
            known = [_SB3 + algorithm for algorithm in _ALGORITHMS]
            raise ValueError(
                f"there is no agent {name!r}.{nearest(name, known)} Stable-Baselines3's algorithms for the query action are: "
                f"{', '.join(known)}"
            )
    elif is_reference(name):
        load_agent(name)
    else:
        choose("agent", name, AGENTS)


def load_agent(reference: str) -> Callable[..., Any]:
    """The class of an agent, or the function that makes one, that `my_agent.py:Mine` names.

    Raises:
        ValueError: there is none of that name, or it does not take (problem, seed, scalarizer).
    """
    maker = load("agent", reference)
    takes = "expected a class or function of (problem, seed, scalarizer)"
    if not callable(maker):
        raise ValueError(f"{reference} is a {type(maker).__name__}: {takes}")
    try:
        inspect.signature(maker).bind(None, 0, None)
    except TypeError as error:
        raise ValueError(f"{reference} cannot be called with a problem, a seed and a scalarizer ({error}): {takes}") from None
    made: Callable[..., Any] = maker
    return made


def make_agent(name: str, simulation: Simulation, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """An agent by name, for the world of a simulation.

    Args:
        name: one of `AGENTS`; "sb3:" and another algorithm of Stable-Baselines3; or `my_agent.py:Mine`, a class or function of
            (problem, seed, scalarizer) that gives an object with `act` and `update`.
        simulation: gives the problem; only the oracle looks further into it.
        seed: of the agent's own randomness.
        scalarizer: how the objectives are mixed; the fixed sum of one a click and ten a conversion by default.
        options: what the agent's class takes besides; for "sb3:" what the algorithm takes.

    Raises:
        ValueError: there is no such agent or option; the message names the nearest ones.
    """
    check_name(name)
    problem = Problem.of(simulation.world)
    if name.startswith(_SB3):
        from slategym.agents.sb3 import SB3

        return SB3(problem, seed, scalarizer, algorithm=name.removeprefix(_SB3), **options)
    if is_reference(name):
        own: Agent = call_with(f"agent {name!r}", partial(load_agent(name), problem, seed, scalarizer), options)
        if not (hasattr(own, "act") and hasattr(own, "update")):
            raise ValueError(f"{name} gives a {type(own).__name__}: expected an agent, which has act and update")
        return own
    module, kind = _PLACES[name]
    agent_class = getattr(import_module(f"slategym.agents.{module}"), kind)

    subject = simulation if name == "oracle" else problem
    agent: Agent = call_with(f"agent {name!r}", partial(agent_class, subject, seed, scalarizer), options)
    return agent
