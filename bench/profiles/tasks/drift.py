"""Drift: which items are clicked changes without notice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import CLICKS, logit, small_shop
from slategym.bench.profiles.task import Task
from slategym.sim.schedule import ItemChange

ITEMS = 10
LEAST, MOST = 0.05, 0.4  # click rates
FIRST, STEPS = 30, 100  # the step of the first change, and all steps


def level(changes: float) -> SlateLevel:
    """A shop whose rates change places between items, evenly over the steps after the first change.

    Args:
        changes: how many.
    """
    rate, count = np.linspace(LEAST, MOST, ITEMS), int(changes)
    schedule = tuple(
        # Each change turns the order round, and shifts it: what was best is among the worst.
        ItemChange(FIRST + (STEPS - FIRST) * number // count, appeal=logit(np.roll(rate[:: 1 if number % 2 else -1], number)))
        for number in range(count)
    )
    world = small_shop(f"profile-drift-{count}", rate, objectives=CLICKS)
    return SlateLevel(dial=changes, world=replace(world, schedule=schedule), since=FIRST)


TASK = Task(
    "drift",
    "Notice that other items are clicked than before, and learn anew. Counted from the first change on.",
    "changes",
    (1, 3, 6),
    level,
    "The agent trusts all that it has ever seen alike: it should forget (halflife, window), or restart where what it sees is no "
    "longer what it expects (restarts).",
)
