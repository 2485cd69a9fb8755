"""Objectives that depend on the slate as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import Floats, Mask, Objective, Value
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.utils.arrays import check_numbers

if TYPE_CHECKING:
    from slategym.sim.world import World


class Diversity(Objective):
    """The share of the slate's pairs of ranks with different categories: 0 to 1, and 0 if the slate has one rank.

    This is intra-list diversity with distance 0 within a category and 1 between categories (Ziegler, McNee, Konstan, Lausen,
    WWW 2005). A repeated item makes a pair of one category. The oracle improves the best slate for the other objectives one rank
    at a time; `World.bound` limits how far it may be from the optimum.
    """

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        return 0.0, self.most(world)

    def most(self, world: World) -> float:
        """The largest diversity: ranks as even over the categories as k allows (a small category may repeat its items)."""
        k, g = world.slate_size, len(np.unique(world.catalog.category))
        if k < 2:
            return 0.0
        each, more = divmod(k, g)
        same = g * each * (each - 1) + 2 * more * each  # ordered pairs of one category
        return float(1 - same / (k * (k - 1)))

    @override
    def before(self, world: World, shoppers: Shoppers, items: Items) -> Floats:
        return self.of(world, items)

    def of(self, world: World, items: Items) -> Floats:
        """(n,) the diversity of slates of items (n, k)."""
        items = check_items(items, world.catalog.size, "items")
        n, k = items.shape
        if k < 2:
            return np.zeros(n)
        category = np.sort(world.catalog.category[items], axis=1)
        same = np.zeros(n)
        for apart in range(1, k):  # sorted, so items of one category are adjacent
            same += (category[:, apart:] == category[:, :-apart]).sum(axis=1)
        return np.asarray(1 - 2 * same / (k * (k - 1)))

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        return np.asarray(before)

    @override
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        return self.of(world, check_items(items, world.catalog.size, "items", click.shape))

    @override
    def marginal(self, world: World, shoppers: Shoppers, slate: Items, rank: int, items: Items | None) -> Value:
        slate = check_items(slate, world.catalog.size, shape=(len(shoppers), None))
        items = world.catalog.check(items, len(shoppers), "items")
        rank = int(check_numbers(rank, slate.shape[1], "rank", "a rank", ()))
        n, k = slate.shape
        if k < 2:
            return 0.0
        category, g = world.catalog.category, world.catalog.categories
        others = category[np.delete(slate, rank, axis=1)] + g * np.arange(n)[:, None]
        taken = np.bincount(others.ravel(), minlength=n * g).reshape(n, g)
        same = taken[:, category] if items is None else np.take_along_axis(taken, category[items], axis=1)
        return np.asarray(-2 * same / (k * (k - 1)))
