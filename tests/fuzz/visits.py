"""Visits and lessons in tiny worlds, through all that is compiled: `python -m tests.fuzz.visits FILE [PART ...]`.

Children of `test_kernels.py` run it with Numba's bounds checks on, and with nothing compiled at all; the results go to an
npz file.
"""

import sys
import warnings
from typing import Any

import numpy as np
from tests.every_world import QUICK

from slategym.agents.linear.statistics import LinearSums, Shopper
from slategym.agents.policy_gradient.plackett_luce import gradient, log_propensity
from slategym.agents.registry import make_agent
from slategym.sim.click_models import CLICK_MODELS
from slategym.sim.selection import top_k
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

N, STEPS = 4, 3
SHOP = {"items": 12, "categories": 3, "slate_size": 3, "visits": 3}
AGENTS = {"lin-ts": {}, "lin-ucb": {}, "policy-gradient": {"batch_size": 4, "hidden": 4, "width": 4}, "popularity": {}}


Arrays = dict[str, Any]


def worlds() -> Arrays:
    """What of every world there is, of its click models, objectives and candidates."""
    found = {}
    for name in QUICK:
        found |= visits(name, name, SHOP if name == "Shop-v0" else {})
    for click_model in CLICK_MODELS:
        found |= visits(click_model, "Shop-v0", {**SHOP, "click_model": click_model})
    found |= visits("candidates", "Shop-v0", {**SHOP, "candidates": 6})
    found |= visits("late", "Shop-v0", {**SHOP, "visits": 10}, rows=40, steps=12)
    return found | visits("objectives", "Shop-v0", {**SHOP, "objectives": ("click", "profit", "diversity", "novelty")})


def agents() -> Arrays:
    """What each agent shows while it learns, with and without candidates."""
    found: Arrays = {}
    for name, options in AGENTS.items():
        for candidates in (None, 6):
            simulation = Simulation(make_world("Shop-v0", **SHOP, candidates=candidates), 0, N)
            agent = make_agent(name, simulation, 0, **options)
            for step in range(STEPS):
                observation = simulation.observe()
                decision = agent.act(observation)
                agent.update(observation, decision, simulation.step(decision.slate)[0])
                found[f"{name} {candidates} {step}"] = decision.slate
            found[f"{name} {candidates} best"] = agent.best(simulation.observe())
    return found


def kernels() -> Arrays:
    """Kernels that are soon compiled, those of agents, on arrays of a few rows."""
    random = np.random.default_rng(0)
    score = random.normal(size=(N, 12)).astype(np.float32)
    slate = random.permuted(np.tile(np.arange(12), (N, 1)), axis=1)[:, :3].copy()
    sums = LinearSums(score.T.copy(), 3, 2, True, 2, 0)
    context = random.normal(size=(N, 2)).astype(np.float32)
    shopper = Shopper(context, score[:, :3].copy(), np.arange(12) % 3)
    sums.add(shopper, slate, random.random((N, 3, 2)).astype(np.float32))
    return {
        "top k": top_k(score, 3),
        "log propensity": log_propensity(score, slate),
        "gradient": gradient(score, slate, np.ones((N, 3), np.float32), 0.1),
        "gram": sums.gram,
        "item sums": sums.item_sum,
    }


def visits(label: str, name: str, options: Arrays, rows: int = N, steps: int = STEPS) -> Arrays:
    """What some shoppers do in a world, and the oracle's slates for them."""
    world = make_world(name, **options)
    simulation = Simulation(world, 1, rows)
    random, found = np.random.default_rng(0), {f"{label} observation": simulation.observe()}
    for step in range(steps):
        slate = random.integers(0, world.choices, (rows, world.slate_size))
        found[f"{label} best {step}"] = world.best_slate(simulation.shoppers, np.ones(len(world.objective_names)))
        feedback, found[f"{label} observation {step}"] = simulation.step(slate)
        for what in ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated"):
            found[f"{label} {what} {step}"] = getattr(feedback, what)
        found[f"{label} delayed {step}"] = feedback.delayed.item
    return found


if __name__ == "__main__":
    warnings.simplefilter("error")
    path, *parts = sys.argv[1:]
    np.savez(path, **{name: array for part in parts for name, array in globals()[part]().items()})
