"""Large catalogue: there are too many items to try them all, but their features are informative."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import ALIKE, CLICKS, plain_shoppers
from slategym.bench.profiles.task import Task
from slategym.sim.world import World
from slategym.sim.worlds.shop.model import Segments
from slategym.sim.worlds.shop.parameters import ShopParameters
from slategym.sim.worlds.shop.world import shop_catalog

CATEGORIES, LATENT, SLATE_SIZE, VISITS = 20, 4, 5, 10
TASTES = ((1, 1, 0, 0), (-1, 0, 1, 0), (0, -1, -1, 1), (0, 0, 0, -1.5))  # of the segments
SPREADS = {name: getattr(ALIKE, name) for name in vars(ALIKE) if name.endswith("_spread")}
PARAMETERS = replace(ShopParameters(), **SPREADS, attraction_taste=1.5, attraction_intercept=-2.5)


def level(items: float) -> SlateLevel:
    """The items of Shop-v0, and four segments of shoppers, which the context identifies.

    Args:
        items: m, the number of items.
    """
    count = int(items)
    catalog = shop_catalog(count, CATEGORIES, 0, LATENT)
    segments = Segments(np.ones(len(TASTES)), np.array(TASTES, np.float64), np.ones(len(TASTES)))
    world = World(f"profile-large-catalogue-{count}", catalog, plain_shoppers(segments, PARAMETERS), SLATE_SIZE, VISITS)
    return SlateLevel(dial=items, world=replace(world, objectives=CLICKS))


TASK = Task(
    "large-catalogue",
    "Choose among more items than can be tried, using their features and the context.",
    "items",
    (100, 400, 1600),
    level,
    "The agent learns about each item separately, or shows all shoppers the same items. It should use a model of item features "
    "and context, so that it can generalise from one item to others.",
)
