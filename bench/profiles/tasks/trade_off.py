"""Trade-off: two objectives that conflict, and a goal that requires both."""

from __future__ import annotations

import numpy as np

from slategym.bench.profiles.by_utility import UtilityLevel
from slategym.bench.profiles.small_shop import small_shop
from slategym.bench.profiles.task import Task

LOW, HIGH = np.array([0.3, 0.05]), np.array([0.7, 0.25])  # clicks and conversions per impression
POOR = (0.3, 0.2, 0.1, 0.0)  # position of the poor items between low (0) and high (1)


def level(balanced: float) -> UtilityLevel:
    """A shop with an item for clicks, an item for conversions, a balanced item, and poor items.

    Args:
        balanced: position of the balanced item between low (0) and high (1) in both objectives. Below 0.5, a mixture of the other
            two items is better.
    """
    points = [(HIGH[0], LOW[1]), (LOW[0], HIGH[1]), *(LOW + share * (HIGH - LOW) for share in (balanced, *POOR))]
    click, conversion = np.array(points).T
    world = small_shop(f"profile-trade-off-{balanced:g}", click, conversion / click)
    return UtilityLevel(dial=balanced, world=world, scalarizer="chebyshev")


TASK = Task(
    "trade-off",
    "Optimise clicks and conversions together: the objective that is further from its best value counts (chebyshev).",
    "quality of the balanced item",
    (0.8, 0.6, 0.4),
    level,
    "The agent maximises a fixed weighted sum, and so shows the best item for only one of the objectives. It should get the "
    "weights from its scalarizer at each step, and learn a model of each objective instead of the sum.",
)
