"""The agents "predictor:mlp", "predictor:esmm", ... by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from slategym.agents.base import Problem
from slategym.agents.predictors.agent import Predictor
from slategym.agents.predictors.networks.names import NETWORKS
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, options_of

# Defaults of networks where they differ from those of `Predictor`.
DEFAULTS: dict[str, dict[str, Any]] = {"esmm": {"loss": "entire-space"}}
_GIVEN = ("problem", "seed", "scalarizer", "network")


def find(name: str) -> str:
    """The network in a name such as "predictor:mlp".

    Raises:
        ValueError: there is no network of that name.
    """
    return choose("agent", name, {f"predictor:{network}": network for network in NETWORKS})


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "predictor:mlp", with the network's own defaults."""
    defaults, found = DEFAULTS.get(find(name), {}), options_of(Predictor, _GIVEN)
    return {key: replace(option, default=defaults.get(key, option.default)) for key, option in found.items()}


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Predictor:
    """Make an agent such as "predictor:mlp".

    Raises:
        ValueError: there is no such network or option.
    """
    network = find(name)
    if "network" in options:
        raise ValueError(f"agent {name!r} has no option 'network': expected another name, such as predictor:{options['network']}")
    maker = partial(Predictor, problem, seed, scalarizer, network=network)
    agent = call_with(f"agent {name!r}", maker, DEFAULTS.get(network, {}) | options)
    agent.name = name
    return agent
