"""Compares the order of agents in the fitted world with their order in the true world of the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from slategym.bench.execution.runner import run
from slategym.bench.fitting.trials import Floats
from slategym.bench.statistics import Estimate
from slategym.bench.tracking.tracker import Tracker
from slategym.sim.world import World
from slategym.utils.checked import checked
from slategym.utils.ranges import SeedCount, ShopperCount, SlateCount

AGENTS = ("random", "popularity", "epsilon-greedy", "lin-epsilon-greedy", "lin-ucb", "lin-ts", "logistic-ts")
RESAMPLES, SEED = 2000, 0


@checked
def order_of_agents(
    true: World,
    fitted: World,
    agents: Sequence[str] = AGENTS,
    *,
    slates: SlateCount = 10_000,
    seeds: SeedCount = 3,
    shoppers: ShopperCount = 200,
    progress: Callable[[str], None] | None = None,
    track: Callable[[str], Tracker] | None = None,
) -> dict[str, Any]:
    """Kendall's tau-b between the values of agents in two worlds, with a bootstrap interval over seeds.

    The value of an agent is the mean reward of its slates while it learns, for the objectives that both worlds have, with the
    weights of the true world.

    Args:
        true: the world that wrote the log.
        fitted: the world fitted to the log.
        agents: the names of at least two agents.
        slates: the number of slates of each run.
        seeds: the number of runs of each agent in each world.
        shoppers: the number of shoppers simulated together.
        progress: called with a description of each run before it begins.
        track: a callable that makes the tracker of each run from its name.

    Raises:
        ValueError: fewer than two agents, or worlds without a common objective.
    """
    if len(agents) < 2:
        raise ValueError(f"there are {len(agents)} agents: expected two or more, because their order is compared")
    common = [name for name in true.objective_names if name in fitted.objective_names]
    if not common:
        raise ValueError(f"{true.name} and the fitted world have no objective in common: expected at least one")
    values = {"true": np.zeros((len(agents), seeds)), "fitted": np.zeros((len(agents), seeds))}
    for name, world in (("true", true), ("fitted", fitted)):
        weights = [true.weights[true.objective_names.index(each)] if each in common else 0.0 for each in world.objective_names]
        for row, agent in enumerate(agents):
            if progress:
                progress(f"running {agent} in the {name} world")
            for seed in range(seeds):
                tracker = track(f"{name} world {agent} seed {seed}") if track else None
                trace = run(world, agent, slates, seed, shoppers=shoppers, weights=weights, exact="off", track=tracker)
                values[name][row, seed] = np.average(trace.objectives @ weights, weights=trace.slates)
    return {
        "agents": list(agents),
        "objectives": common,
        "slates": slates,
        "seeds": seeds,
        **{name: [Estimate.from_seeds(each).to_json() for each in values[name]] for name in values},
        "tau": tau_of(values["true"], values["fitted"]),
    }


def tau_of(true: Floats, fitted: Floats) -> dict[str, float | None]:
    """Kendall's tau-b of mean values, with a percentile interval over resampled seeds.

    Args:
        true: (agents, seeds) values in one world.
        fitted: (agents, seeds) values in the other world.
    """
    random, seeds = np.random.default_rng(SEED), true.shape[1]
    found = float(_tau(true.mean(axis=1), fitted.mean(axis=1)))
    ends = [np.nan, np.nan]
    if seeds > 1:
        one, other = random.integers(0, seeds, (2, RESAMPLES, seeds))
        taus = _tau(true.T[one].mean(axis=1), fitted.T[other].mean(axis=1))
        ends = list(np.nanquantile(taus, [0.025, 0.975])) if np.isfinite(taus).any() else ends
    return Estimate(*(None if np.isnan(value) else float(value) for value in (found, *ends))).to_json()


def _tau(one: Floats, other: Floats) -> Floats:
    """(...) Kendall's tau-b of values (..., a): the correlation of the signs of all differences; NaN if all values are equal."""
    first, second = (np.sign(each[..., :, None] - each[..., None, :]) for each in (one, other))
    common = np.sqrt((first**2).sum(axis=(-2, -1)) * (second**2).sum(axis=(-2, -1)))
    return np.asarray(np.divide((first * second).sum(axis=(-2, -1)), common, out=np.full(common.shape, np.nan), where=common > 0))
