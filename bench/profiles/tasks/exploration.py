"""Exploration: find the items with the most clicks, which only trying them can reveal."""

from __future__ import annotations

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import CLICKS, small_shop
from slategym.bench.profiles.task import Task

LEAST, MOST = 0.1, 0.3  # click rates
FEW = 3  # exponent of the click rates; the higher, the fewer good items


def level(items: float) -> SlateLevel:
    """A shop whose items all look the same.

    Args:
        items: m; their click rates rise from 0.1, slowly at first and then steeply, to 0.3, in an uninformative order.
    """
    count = int(items)
    rate = LEAST + (MOST - LEAST) * np.linspace(0, 1, count) ** FEW
    mixed = rate[np.arange(count) * 7 % count]  # a permutation, because 7 divides no setting of the dial
    return SlateLevel(dial=items, world=small_shop(f"profile-exploration-{count}", mixed, objectives=CLICKS))


TASK = Task(
    "exploration",
    "Find the items with the most clicks, when only trying them can reveal it.",
    "items",
    (10, 30, 100),
    level,
    "The agent settles on an item after too few trials, or continues to try items that it knows to be poor. The amount of "
    "exploration (alpha, epsilon, a prior) affects this score most.",
)
