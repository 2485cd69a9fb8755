"""Exploration: which of many items is clicked most, where nothing but trying tells."""

from __future__ import annotations

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import CLICKS, small_shop
from slategym.bench.profiles.task import Task

LEAST, MOST = 0.1, 0.3  # click rates
FEW = 3  # power by which good items are few


def level(items: float) -> SlateLevel:
    """A shop whose items differ in nothing that can be seen.

    Args:
        items: m; their rates of clicks rise slowly from .1 and steeply to .3, in an order that says nothing.
    """
    count = int(items)
    rate = LEAST + (MOST - LEAST) * np.linspace(0, 1, count) ** FEW
    mixed = rate[np.arange(count) * 7 % count]  # 7 divides no setting of the dial
    return SlateLevel(dial=items, world=small_shop(f"profile-exploration-{count}", mixed, objectives=CLICKS))


TASK = Task(
    "exploration",
    "Find the items that are clicked most where nothing but trying them tells.",
    "items",
    (10, 30, 100),
    level,
    "The agent settles on an item that it has tried too little, or goes on trying what it knows to be poor: more or less "
    "exploration (alpha, epsilon, a prior) changes this score most.",
)
