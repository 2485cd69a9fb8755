"""Finds and makes the agents "bandit:ucb1", "bandit:beta-ts", ... by name."""

from __future__ import annotations

from functools import partial
from typing import Any

from slategym.agents.bandits.agent import ItemBandit
from slategym.agents.bandits.indices import KLUCB, UCB1
from slategym.agents.bandits.sampling import Boltzmann, Exp3
from slategym.agents.bandits.thompson import BetaTS, GaussianTS
from slategym.agents.base import Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.lookup import call_with, choose
from slategym.utils.options import Option, options_of

BANDITS: dict[str, type[ItemBandit]] = {kind.name: kind for kind in (UCB1, KLUCB, BetaTS, GaussianTS, Exp3, Boltzmann)}


def find(name: str) -> type[ItemBandit]:
    """The class of a name such as "bandit:ucb1".

    Raises:
        ValueError: there is no agent of that name.
    """
    return choose("agent", name, BANDITS)


def options(name: str) -> dict[str, Option]:
    """The options of an agent such as "bandit:ucb1"."""
    return options_of(find(name), ("problem", "seed", "scalarizer"))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> ItemBandit:
    """Make an agent such as "bandit:ucb1".

    Raises:
        ValueError: there is no such bandit or option.
    """
    return call_with(f"agent {name!r}", partial(find(name), problem, seed, scalarizer), options)
