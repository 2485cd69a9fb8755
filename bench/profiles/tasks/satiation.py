"""Satiation: categories that were shown recently get fewer clicks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_episode import EpisodeLevel
from slategym.bench.profiles.small_shop import ALIKE, CLICKS, plain_shoppers, small_shop
from slategym.bench.profiles.task import Task

CATEGORIES, VISITS = 4, 7
GOOD, POOR = np.linspace(0.5, 0.35, CATEGORIES), np.full(CATEGORIES, 0.1)  # click rates of the two items per category
EPISODES, SHOPPERS = 15, 100


def level(strength: float) -> EpisodeLevel:
    """A shop with a good and a poor item in each of four categories.

    Args:
        strength: reduction of the click logit of a category by each impression; a fifth of it disappears at each visit.
    """
    shoppers = replace(plain_shoppers(parameters=replace(ALIKE, satiation=strength)), satiation=True)
    world = small_shop(
        f"profile-satiation-{strength:g}",
        np.concatenate([GOOD, POOR]),
        shoppers=shoppers,
        features=np.repeat(np.eye(2), CATEGORIES, axis=0),
        category=np.tile(np.arange(CATEGORIES), 2),
        visits=VISITS,
        objectives=CLICKS,
    )
    return EpisodeLevel(dial=strength, world=world, slates=EPISODES * VISITS * SHOPPERS, shoppers=SHOPPERS, state=("exposure",))


TASK = Task(
    "satiation",
    "Alternate between categories, because categories that were shown recently get fewer clicks.",
    "loss of logit per impression",
    (0.1, 0.3, 0.8),
    level,
    "The agent shows the items that are best on average, although shoppers are tired of them. It should use the exposure of "
    "categories in the observation.",
)
