"""Cold start: new items are launched, and the best of them is better than all older items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import CLICKS, logit, small_shop
from slategym.bench.profiles.task import Task
from slategym.sim.draws import Draws
from slategym.sim.schedule import Launch
from slategym.sim.streams import Stream

AT_FIRST = 10  # number of items at the start
LAUNCHES, FIRST, EVERY = 5, 30, 14  # number of launches, the step of the first one, and steps between them
LEAST, MOST = 0.05, 0.15  # click rates of all items except the best item of each launch
BEST, BETTER = 0.2, 0.06  # click rate of the best item of the first launch, and its increase from launch to launch
BLUR = 0.4  # standard deviation of the noise in the features, in logits


def level(new: float) -> SlateLevel:
    """A shop that launches items five times; one item of each launch is better than all older items.

    Args:
        new: items per launch. One feature is their appeal with noise, the other is only noise.
    """
    count = int(new)
    items = np.arange(AT_FIRST + LAUNCHES * count)
    draws = Draws(0, items, np.zeros_like(items))  # depends only on the item
    rate = LEAST + (MOST - LEAST) * draws.uniform(Stream.CUSTOM)
    launched = [AT_FIRST + count * number + np.arange(count) for number in range(LAUNCHES)]
    for number, those in enumerate(launched):
        rate[those[number % count]] = BEST + BETTER * number
    noise = draws.normal(Stream.CUSTOM + 2, 2)
    features = np.stack([logit(rate) + BLUR * noise[:, 0], noise[:, 1]], axis=1)
    schedule = tuple(Launch(FIRST + EVERY * number, those.tolist()) for number, those in enumerate(launched))
    world = small_shop(f"profile-cold-start-{count}", rate, features=features, objectives=CLICKS)
    return SlateLevel(dial=new, world=replace(world, schedule=schedule), since=FIRST)


TASK = Task(
    "cold-start",
    "Find the good items among new items. The score is measured from the first launch on.",
    "items per launch",
    (2, 6, 20),
    level,
    "The agent does not show new items, or explores each of them without using their features. It should predict a new item's "
    "value from its features, and still try it a few times.",
)
