"""Objectives that add up item by item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import Floats, ItemObjective, Mask, Value, most_arrivals
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.utils.arrays import check_numbers

if TYPE_CHECKING:
    from slategym.sim.world import World


class Click(ItemObjective):
    """Clicks: 0 to k."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, float(world.slate_size)

    @override
    def click_value(self, world: World, shoppers: Shoppers, items: Items | None) -> Value:
        return 1.0


class Conversion(ItemObjective):
    """Conversions, at the step at which the shop learns of them."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, float(most_arrivals(world))

    @override
    def conversion_value(self, world: World, items: Items | None, paid: Value) -> Value:
        return 1.0


class Revenue(ItemObjective):
    """Revenue: the amount paid, at the step at which the shop learns of the conversion."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, np.inf

    @override
    def conversion_value(self, world: World, items: Items | None, paid: Value) -> Value:
        return paid

    @override
    def values(self, world: World, shoppers: Shoppers, items: Items | None) -> tuple[Value, Value]:
        paid = np.asarray(world.user_model.mean_spend(shoppers, world.catalog, items), np.float64)
        return 0.0, self.conversion_value(world, items, paid)

    @override
    def exact(self, world: World) -> bool:
        return world.user_model.spend_is_exact


class Profit(Revenue):
    """The margin of the amount paid; it is negative for items that are sold at a loss."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return (-np.inf if (world.catalog.margin < 0).any() else 0.0), np.inf

    @override
    def conversion_value(self, world: World, items: Items | None, paid: Value) -> Value:
        return np.asarray(paid * world.catalog.margin[_items(world, items)])


class AdRevenue(ItemObjective):
    """The amount that advertisers pay for clicks on their items: `Catalog.bid`."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, float(world.slate_size * world.catalog.bid.max())

    @override
    def click_value(self, world: World, shoppers: Shoppers, items: Items | None) -> Value:
        return np.asarray(world.catalog.bid[_items(world, items)], np.float64)


class Satisfaction(ItemObjective):
    """The effect of the visit on the shopper's satisfaction (`UserModel.satisfaction`); delayed conversions count at once."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        click, conversion = np.asarray(world.user_model.satisfaction(world.catalog), np.float64)
        either = np.stack([click, click + conversion])
        k = world.slate_size
        return k * min(float(either.min()), 0.0), k * max(float(either.max()), 0.0)

    @override
    def click_value(self, world: World, shoppers: Shoppers, items: Items | None) -> Value:
        return np.asarray(world.user_model.satisfaction(world.catalog)[0][_items(world, items)], np.float64)

    @override
    def conversion_value(self, world: World, items: Items | None, paid: Value) -> Value:
        return np.asarray(world.user_model.satisfaction(world.catalog)[1][_items(world, items)], np.float64)

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        items = check_items(items, world.catalog.size, "items", feedback.clicks.shape)
        return np.asarray((feedback.clicks * before + converted * self.conversion_value(world, items, 1.0)).sum(axis=1))


class Novelty(ItemObjective):
    """Clicks, each counted as 1 / (1 + exposure): a click counts most if the item's category was not shown recently."""

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, float(world.slate_size)

    @override
    def click_value(self, world: World, shoppers: Shoppers, items: Items | None) -> Value:
        exposure, category = np.asarray(shoppers.exposure, np.float64), world.catalog.category
        items = world.catalog.check(items, len(shoppers), "items")
        seen = exposure[:, category] if items is None else np.take_along_axis(exposure, category[items], axis=1)
        return np.asarray(1 / (1 + seen))


def _items(world: World, items: Items | None) -> Items | None:
    """Items of any shape, checked against the catalogue; None, for all of them, stays None."""
    return None if items is None else check_numbers(items, world.catalog.size, "items")
