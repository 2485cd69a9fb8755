"""Drift: the click rates of items change without notice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import CLICKS, logit, small_shop
from slategym.bench.profiles.task import Task
from slategym.sim.schedule import ItemChange

ITEMS = 10
LEAST, MOST = 0.05, 0.4  # click rates
FIRST, STEPS = 30, 100  # the step of the first change, and the number of steps


def level(changes: float) -> SlateLevel:
    """A shop whose items exchange their click rates several times, at regular intervals after the first change.

    Args:
        changes: number of changes.
    """
    rate, count = np.linspace(LEAST, MOST, ITEMS), int(changes)
    schedule = tuple(
        # Each change reverses the order and shifts it, so that the best item becomes one of the worst.
        ItemChange(FIRST + (STEPS - FIRST) * number // count, appeal=logit(np.roll(rate[:: 1 if number % 2 else -1], number)))
        for number in range(count)
    )
    world = small_shop(f"profile-drift-{count}", rate, objectives=CLICKS)
    return SlateLevel(dial=changes, world=replace(world, schedule=schedule), since=FIRST)


TASK = Task(
    "drift",
    "Detect that click rates have changed, and learn the new ones. The score is measured from the first change on.",
    "changes",
    (1, 3, 6),
    level,
    "The agent gives old and new data the same weight. It should forget old data (options halflife, window), or restart when the "
    "feedback no longer fits its predictions (restarts).",
)
