"""Satiation: what was shown lately attracts less."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_episode import EpisodeLevel
from slategym.bench.profiles.small_shop import ALIKE, CLICKS, plain_shoppers, small_shop
from slategym.bench.profiles.task import Task

CATEGORIES, VISITS = 4, 7
GOOD, POOR = np.linspace(0.5, 0.35, CATEGORIES), np.full(CATEGORIES, 0.1)  # click rates, an item a category
EPISODES, SHOPPERS = 15, 100


def level(strength: float) -> EpisodeLevel:
    """A shop with a good and a poor item in each of four categories.

    Args:
        strength: what an impression takes from the logit of clicks of its category; a fifth of that is forgotten at each visit.
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
    "Take turns between categories, as what was shown lately attracts less.",
    "logits that an impression takes",
    (0.1, 0.3, 0.8),
    level,
    "The agent shows what is best on average until the shopper has had enough of it: it should read the exposure of categories "
    "in the observation.",
)
