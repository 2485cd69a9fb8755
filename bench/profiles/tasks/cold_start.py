"""Cold start: new items, the best of which is better than all before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import CLICKS, logit, small_shop
from slategym.bench.profiles.task import Task
from slategym.sim.draws import Draws
from slategym.sim.schedule import Launch
from slategym.sim.streams import Stream

AT_FIRST = 10  # items
LAUNCHES, FIRST, EVERY = 5, 30, 14  # how many, the step of the first, and steps between them
LEAST, MOST = 0.05, 0.15  # click rates of all items but the best of each launch
BEST, BETTER = 0.2, 0.06  # click rate of the best of the first launch, and by how much those of later ones are better
BLUR = 0.4  # standard deviation of what features tell, in logits


def level(new: float) -> SlateLevel:
    """A shop that launches items five times; one of each launch is better than all that there were.

    Args:
        new: items of a launch. A feature tells their appeal, blurred; another one tells nothing.
    """
    count = int(new)
    items = np.arange(AT_FIRST + LAUNCHES * count)
    draws = Draws(0, items, np.zeros_like(items))  # a function of the item alone
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
    "Find the good ones among new items. Counted from the first launch on.",
    "items of a launch",
    (2, 6, 20),
    level,
    "The agent leaves new items unseen, or tries each of them as if it knew nothing of them: it should expect of a new item what "
    "its features say, and try it a few times all the same.",
)
