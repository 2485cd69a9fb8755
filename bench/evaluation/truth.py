"""The true value of policies on the contexts of a log that slategym wrote, by simulating the run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent
from slategym.bench.execution.episodes import stagger
from slategym.bench.replay.logged import LoggedSteps
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.world import World

PASSES = 4  # slates that a policy draws for each shopper
CHANGED = "the run of the log cannot be simulated again: the log is from another version of slategym, or was edited"


def true_values(
    logged: LoggedSteps,
    policies: Mapping[str, Agent],
    begin: int,
    *,
    passes: int = PASSES,
    progress: Callable[[int], None] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """The exact expected objectives of policies for the shoppers of a log, in their states at the logged visits.

    The shoppers' states are determined by the seed of the run and the slates shown, so they are restored by simulating the
    logged slates again. Random policies draw several slates for each shopper.

    Args:
        logged: a log that slategym wrote.
        policies: the policies by name; they do not learn.
        begin: number of the first step that counts.
        passes: the number of slates that a policy draws for each shopper.
        progress: called after each step with the number of slates processed so far.

    Returns:
        By name (passes, M), the mean expected objectives per slate of each pass.

    Raises:
        ValueError: the log was not written by slategym, its slates are shortened, or its run cannot be simulated again.
    """
    log, world = logged.log, logged.world
    if log is None or world is None:
        raise ValueError("they are known only for logs that slategym wrote")
    if logged.problem.slate_size != world.slate_size:
        raise ValueError("they are known only for whole slates, without --ranks")
    config = log.config
    if not isinstance(config.get("seed"), int):
        raise ValueError("the log does not contain the seed of its shoppers")
    start = np.flatnonzero(np.diff(log["step"], prepend=-1))
    env = _beginning(world, int(config["seed"]), int(log["row"].max()) + 1, log["observation"][: np.append(start, len(log))[1]])
    total = {name: np.zeros((passes, len(world.objective_names))) for name in policies}
    slates = 0
    for number, (observation, decision, _) in enumerate(logged.steps):
        seen = env.simulation.observe()
        if seen.shape != observation.shape or not np.array_equal(seen, observation):
            if number == len(logged.steps) - 1 and len(observation) < len(seen):
                break  # in an incomplete last step, the slates of the other rows are not known
            raise ValueError(CHANGED)
        if number >= begin:
            slates += len(observation)
            for name, policy in policies.items():
                for each in range(passes):
                    mask = {} if decision.allowed is None else {"allowed": decision.allowed}
                    slate = policy.act(observation, **mask).slate
                    total[name][each] += env.simulation.world.expected(env.simulation.shoppers, slate).sum(axis=0)
        env.step(decision.slate)
        if progress:
            progress((number + 1) * len(observation))
    return {name: each / max(slates, 1) for name, each in total.items()}


def _beginning(world: World, seed: int, rows: int, first: NDArray[np.float32]) -> SlateVectorEnv:
    """The environment of a run before its first step, with or without staggered episodes, whichever matches the log."""
    for staggered in (True, False):
        env = SlateVectorEnv(world, num_envs=rows, weights=tuple(world.weights))
        env.begin(seed)
        if staggered:
            stagger(env.simulation.shoppers, world.visits)
        if np.array_equal(env.simulation.observe()[: len(first)], first):
            return env
    raise ValueError(CHANGED)
