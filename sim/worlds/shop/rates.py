"""A shop with given rates of clicks and conversions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from slategym.sim.objectives import DEFAULT_OBJECTIVES
from slategym.sim.world import World
from slategym.sim.worlds.shop.parameters import ShopParameters

if TYPE_CHECKING:
    from slategym.sim.worlds.shop.model import ShopModel

SHOPPERS = 4000  # new shoppers over whom means are taken
SEED = 0x7A7E5  # of these shoppers and their slates; part of the definition of the options
BOUNDS = (-30.0, 30.0)  # of an intercept; beyond them the logistic function is 0 or 1
STEPS = 50  # halvings of the interval


def with_rates(world: World, click_rate: float | None = None, conversion_rate: float | None = None) -> World:
    """Return a shop with given base rates, such as those of a real shop.

    The rates are those of new shoppers who are shown random slates at their first visit, computed exactly over a fixed sample of
    4,000 shoppers. First the attraction's intercept is chosen for the click rate, then the conversion's for the conversion rate.
    Another click model chooses both again.

    Args:
        world: a world whose user model is a `ShopModel`.
        click_rate: clicks per impression, that is, per item shown; None keeps the world's rate.
        conversion_rate: conversions per click; None keeps the world's rate.

    Raises:
        ValueError: the user model is another one, or no intercept leads to such a rate.

    Example:
        >>> shop = with_rates(World("Bookshop", read_catalog("books.csv"), ShopModel(), 4, 20), click_rate=0.03)
    """
    if click_rate is None and conversion_rate is None:
        return world
    if not isinstance(getattr(world.user_model, "parameters", None), ShopParameters):
        raise ValueError(f"the user model is a {type(world.user_model).__name__}: rates are options of a ShopModel")
    plain = replace(world, objectives=DEFAULT_OBJECTIVES, candidates=None)
    shoppers = plain.shoppers(SEED, np.arange(SHOPPERS))
    random = np.random.Generator(np.random.Philox(SEED))
    # Successive items of a random order: no slate repeats an item, and all items are equally likely.
    start, order = random.integers(world.catalog.size, size=SHOPPERS), random.permutation(world.catalog.size)
    slates = order[(start[:, None] + np.arange(world.slate_size)) % world.catalog.size]

    def model(**intercept: float) -> ShopModel:
        return replace(fitted, parameters=replace(fitted.parameters, **intercept))

    def means(intercept: str, value: float) -> tuple[float, float]:
        """Return clicks per impression, and conversions per click."""
        expected = replace(plain, user_model=model(**{intercept: value})).expected(shoppers, slates)
        clicks, conversions = expected.sum(axis=0)
        return clicks / slates.size, conversions / max(clicks, np.finfo(np.float64).tiny)

    fitted = cast("ShopModel", world.user_model)
    if click_rate is not None:
        found = _solve("click_rate", click_rate, lambda value: means("attraction_intercept", value)[0])
        fitted = model(attraction_intercept=found)
    if conversion_rate is not None:
        found = _solve("conversion_rate", conversion_rate, lambda value: means("conversion_intercept", value)[1])
        fitted = model(conversion_intercept=found)
    clicks, conversions = fitted.base_rates
    given = (clicks if click_rate is None else click_rate, conversions if conversion_rate is None else conversion_rate)
    return replace(world, user_model=replace(fitted, base_rates=given))


def _solve(name: str, rate: float, rate_at: Callable[[float], float]) -> float:
    """Find the intercept for a given rate by bisection: rates increase with the intercept."""
    low, high = BOUNDS
    least, most = rate_at(low), rate_at(high)
    if not least < rate < most:
        raise ValueError(f"{name} is {rate}: expected a rate above 0 and below {most:.3g}, the largest that this shop can have")
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if rate_at(middle) < rate else (low, middle)
    return (low + high) / 2
