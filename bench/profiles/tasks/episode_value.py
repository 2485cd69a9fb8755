"""Value of an episode: the items that earn most now drive shoppers away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_episode import EpisodeLevel
from slategym.bench.profiles.small_shop import ALIKE, CLICKS, logit, plain_shoppers, small_shop
from slategym.bench.profiles.task import Task

CLICK = np.array([0.6, 0.5, 0.45, 0.4, 0.35, 0.2])
BAIT = np.array([1, 1, 0, 0, 0, 1])
VISITS = 10
PARAMETERS = replace(ALIKE, staying_intercept=2.5, satisfaction_pace=0.3, conversion_quality=0, conversion_intercept=-45)


def level(harm: float) -> EpisodeLevel:
    """A shop with bait items, which get the most clicks but dissatisfy shoppers, and with honest items.

    Args:
        harm: loss of satisfaction through a click on bait, of which three tenths take effect immediately. A shopper with the
            satisfaction s leaves with a probability whose logit is -2.5 - s.
    """
    shoppers = replace(plain_shoppers(parameters=PARAMETERS), leave=True)
    world = small_shop(
        f"profile-episode-value-{harm:g}",
        CLICK,
        shoppers=shoppers,
        features=np.eye(2)[BAIT],
        category=BAIT,
        visits=VISITS,
        objectives=CLICKS,
    )
    quality = (logit(CLICK) - harm * BAIT).astype(np.float32)  # satisfaction is quality minus appeal
    return EpisodeLevel(dial=harm, world=replace(world, catalog=replace(world.catalog, quality=quality)), state=("satisfaction",))


TASK = Task(
    "episode-value",
    "Give up some clicks now so that shoppers come back: the items with the most clicks drive them away.",
    "loss of satisfaction through bait",
    (2, 4, 8),
    level,
    "The agent considers only the current slate, like the oracle, which is worse than random slates here. It should consider "
    "later visits (lookahead:NAME, a policy gradient with returns, an agent that learns long-term values).",
)
