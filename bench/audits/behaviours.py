"""Behaviours of shoppers other than clicks and conversions, and how long they are away, under given policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.rollouts import LONGEST, Policy
from slategym.bench.statistics import Estimate
from slategym.sim.simulation import Simulation
from slategym.sim.world import World


def behaviour_rates(world: World, policies: Mapping[str, Policy], seed: int, count: int) -> dict[str, dict[str, Any]]:
    """Measure the amount of each behaviour per slate, and the mean number of days between two visits.

    Args:
        world: the world of the shoppers.
        policies: the policies by name.
        seed: the seed of the shoppers.
        count: the number of shoppers; each is followed for at most the first `LONGEST` visits.

    Returns:
        For each policy: `per_slate`, an estimate of each behaviour by name, and `days_away`, an estimate, or None if the world
        does not count days.
    """
    return {name: _rates(world, policy, seed, count) for name, policy in policies.items()}


def _rates(world: World, policy: Policy, seed: int, count: int) -> dict[str, Any]:
    names = [behaviour.name for behaviour in world.user_model.behaviours]
    if not (names or world.user_model.longest_absence):
        return {"per_slate": {}, "days_away": None}
    simulation, here = Simulation(world, seed, count), np.ones(count, np.bool_)
    totals: dict[str, NDArray[np.float64]] = {name: np.zeros(count) for name in names}
    slates, away = np.zeros(count), np.zeros(count)
    for _ in range(min(world.visits, LONGEST)):
        feedback = simulation.show(policy(simulation.shoppers))
        for name in names:
            totals[name] += feedback.behaviours[name].sum(axis=1) * here
        slates += here
        if feedback.days_away is not None:
            away += feedback.days_away * here
        here &= ~(feedback.terminated | feedback.truncated)
        if not here.any():
            break
    return {
        "per_slate": {name: Estimate.from_ratio(total, slates) for name, total in totals.items()},
        "days_away": Estimate.from_ratio(away, slates) if world.user_model.longest_absence else None,
    }
