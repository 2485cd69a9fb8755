"""Small shops for tasks: items with given probabilities of clicks and conversions, and shoppers who are all alike."""

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
NEVER = 1e-18  # a probability that is as good as none, whose logit is finite

# An item's appeal is the logit of its click, its quality that of its conversion, and shoppers differ in nothing.
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
    """Shoppers of the shop who never change: no satiation, season, delay, drift or leaving.

    Args:
        segments: kinds of shoppers; one by default.
        parameters: the coefficients.
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
    """The logits of probabilities above 0 and below 1."""
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
        name: of the world.
        click: (m,) the probability that an item is clicked when shown.
        conversion: (m,) that it then converts; by default never.
        shoppers: how they answer; by default `plain_shoppers`.
        features: (m, d) what agents see of the items; by default nothing that differs.
        category: (m,) by default the same for all.
        visits: of each shopper.
        objectives: what is earned.
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
