"""Agents of Stable-Baselines3 by name: "sb3:PPO", an algorithm that learns, and "sb3:my_model.zip", a saved model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from slategym.agents.adapters.sb3_actions import CONTRIB
from slategym.agents.base import Agent, Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.utils.lookup import call_with, nearest
from slategym.utils.optional import require
from slategym.utils.options import Option, options_of
from slategym.utils.plugins import find_file

PREFIX = "sb3:"
ALGORITHMS = ("PPO", "A2C", "SAC", "TD3", "DDPG", "DQN")


def find(name: str) -> None:
    """Check that there is such an algorithm or file.

    Raises:
        ValueError: there is no such algorithm or file.
        ImportError: sb3-contrib is not installed.
    """
    plain = name.removeprefix(PREFIX)
    if plain.endswith(".zip"):
        find_file("trained model", Path(plain))
    elif plain in CONTRIB:
        require("sb3_contrib", "peers")
    elif plain not in ALGORITHMS:
        known = [PREFIX + algorithm for algorithm in (*ALGORITHMS, *CONTRIB)]
        raise ValueError(
            f"there is no agent {name!r}.{nearest(name, known)} Stable-Baselines3's algorithms are: {', '.join(known)}"
        )


def options(name: str) -> dict[str, Option]:
    """The options of the algorithm; a saved model has none."""
    if name.endswith(".zip"):
        return {}
    from slategym.agents.adapters import sb3
    from slategym.agents.adapters.library import library_options

    algorithm = sb3.algorithm_of(name.removeprefix(PREFIX))
    leave_out = ["problem", "seed", "scalarizer", "algorithm"]
    leave_out += [] if sb3.is_discrete(algorithm) else ["slates"]
    leave_out += [] if sb3.has_deviation(algorithm) else ["log_std_init"]
    return options_of(sb3.SB3, leave_out) | library_options(algorithm, ("policy", "env", "seed"), sb3.own_defaults(algorithm))


def make(name: str, problem: Problem, seed: int = 0, scalarizer: Scalarizer | None = None, **options: Any) -> Agent:
    """Make an agent of Stable-Baselines3.

    Args:
        name: a name such as "sb3:PPO" or "sb3:my_model.zip".
        problem: the items, observation layout and objectives of the world.
        seed: seed of the agent's random numbers.
        scalarizer: combines the objectives; default: the fixed sum with the problem's weights.
        options: options of `SB3` and of the algorithm.

    Raises:
        ValueError: there is no such algorithm, option or file, or the model does not fit the problem.
    """
    plain = name.removeprefix(PREFIX)
    if plain.endswith(".zip"):
        from slategym.agents.adapters.sb3_saved import SavedModel

        saved: Agent = call_with(f"agent {name!r}", partial(SavedModel, problem, seed, scalarizer, path=plain), options)
        return saved
    from slategym.agents.adapters.sb3 import SB3

    return SB3(problem, seed, scalarizer, algorithm=plain, **options)
