"""Small shops for tasks: items with given probabilities of clicks and conversions, and shoppers who are all equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.objectives import DEFAULT_OBJECTIVES, Objective, make_objectives
from slategym.sim.world import World
from slategym.sim.worlds.shop.model import Segments, ShopModel
from slategym.sim.worlds.shop.parameters import ShopParameters

CLICKS = make_objectives("click")
NEVER = 1e-18  # practically 0, but with a finite logit

# An item's appeal is the logit of its click probability, its quality that of its conversion probability; all shoppers are equal.
ALIKE = ShopParameters(
    attraction_price=0,
    attraction_appeal=1,
    attraction_quality=0,
    attraction_intercept=0,
    conversion_price=0,
    conversion_appeal=0,
    conversion_quality=1,
    conversion_intercept=0,
    segment_taste_spread=0,
    taste_spread=0,
    blur_spread=0,
    price_sensitivity_spread=0,
    patience_spread=0,
)
EVERYBODY = Segments([1.0], np.zeros((1, 1)), [1.0])


def plain_shoppers(segments: Segments = EVERYBODY, parameters: ShopParameters = ALIKE) -> ShopModel:
    """Shoppers of `Shop-v0` who never change: without satiation, season, delay, drift or leaving.

    Args:
        segments: segments of shoppers; by default a single one.
        parameters: coefficients of the user model.
    """
    return ShopModel(
        segments=segments,
        parameters=parameters,
        satiation=False,
        season=False,
        delay_conversions=False,
        drift=False,
        leave=False,
    )


def logit(probability: ArrayLike) -> NDArray[np.float64]:
    """The logits of probabilities between 0 and 1."""
    given = np.asarray(probability, np.float64)
    return np.asarray(np.log(given) - np.log1p(-given))


def small_shop(
    name: str,
    click: Sequence[float] | NDArray[np.float64],
    conversion: Sequence[float] | NDArray[np.float64] | None = None,
    *,
    shoppers: ShopModel | None = None,
    features: ArrayLike | None = None,
    category: ArrayLike | None = None,
    visits: int = 10,
    objectives: Sequence[Objective] = DEFAULT_OBJECTIVES,
) -> World:
    """A shop that shows one item at a time.

    Args:
        name: name of the world.
        click: (m,) probability that an item is clicked when shown.
        conversion: (m,) probability that a click converts; by default 0.
        shoppers: the user model; by default `plain_shoppers`.
        features: (m, d) observed features of the items; by default they are the same for all items.
        category: (m,) categories; by default all items have the same one.
        visits: number of visits of each shopper.
        objectives: the objectives.
    """
    items = len(click)
    catalog = Catalog.of(
        np.zeros((items, 1)) if features is None else np.asarray(features),
        np.zeros(items, np.int64) if category is None else category,
        taste=np.zeros((items, 1)),
        appeal=logit(click),
        quality=logit(np.full(items, NEVER) if conversion is None else conversion),
    )
    world = World(name, catalog, plain_shoppers() if shoppers is None else shoppers, 1, visits)
    return replace(world, objectives=tuple(objectives))
