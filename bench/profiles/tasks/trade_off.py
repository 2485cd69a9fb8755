"""Trade-off: two objectives that pull apart, and a goal that wants both."""

from __future__ import annotations

import numpy as np

from slategym.bench.profiles.by_utility import UtilityLevel
from slategym.bench.profiles.small_shop import small_shop
from slategym.bench.profiles.task import Task

LOW, HIGH = np.array([0.3, 0.05]), np.array([0.7, 0.25])  # clicks and conversions of an impression
POOR = (0.3, 0.2, 0.1, 0.0)  # of the way from low to high, of items that are good at nothing


def level(balanced: float) -> UtilityLevel:
    """A shop with an item for clicks, one for conversions, a balanced one, and poor ones.

    Args:
        balanced: how far the balanced item is from low to high in both objectives. Below one half a mixture of the other two is
            better.
    """
    points = [(HIGH[0], LOW[1]), (LOW[0], HIGH[1]), *(LOW + share * (HIGH - LOW) for share in (balanced, *POOR))]
    click, conversion = np.array(points).T
    world = small_shop(f"profile-trade-off-{balanced:g}", click, conversion / click)
    return UtilityLevel(dial=balanced, world=world, scalarizer="chebyshev")


TASK = Task(
    "trade-off",
    "Serve clicks and conversions at once: the goal is the one that is further from its best (chebyshev).",
    "quality of the balanced item",
    (0.8, 0.6, 0.4),
    level,
    "The agent maximises a fixed sum, and so shows what is best for one objective alone: it should ask its scalarizer for the "
    "weights at each step, and learn a model of each objective rather than of the sum.",
)
