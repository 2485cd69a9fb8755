"""Objectives that count the behaviours of a user model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import Floats, ItemObjective, Mask, Value
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items, first_shown
from slategym.sim.user_models.behaviours import Behaviour, find_behaviour
from slategym.utils.arrays import check_numbers

if TYPE_CHECKING:
    from slategym.sim.world import World


class BehaviourObjective(ItemObjective):
    """The number or amount of a `Behaviour` of the same name, over the items of the slate.

    If clicks or conversions lead to the behaviour, the oracle is exact if it is exact for clicks. If every impression does, the
    objective depends on the slate: the oracle improves the best slate for the other objectives rank by rank.
    """

    @staticmethod
    def of(behaviour: Behaviour) -> BehaviourObjective:
        """Make the objective of a behaviour.

        Args:
            behaviour: a behaviour of the world's user model.
        """
        b = behaviour
        return BehaviourObjective(b.name, b.unit, b.meaning, b.weight, b.plural, b.cause)

    @override
    def bounds(self, world: World) -> tuple[float, float]:
        _, behaviour = find_behaviour(world.user_model, self.name)
        k = world.slate_size
        return k * min(behaviour.lowest, 0.0), k * max(behaviour.highest, 0.0)

    @override
    def before(self, world: World, shoppers: Shoppers, items: Items) -> Value:
        return 0.0

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        check_items(items, world.catalog.size, "items", feedback.clicks.shape)
        if self.name not in feedback.behaviours:
            raise ValueError(f"the feedback has no behaviour {self.name!r}: expected one of {', '.join(feedback.behaviours)}")
        return np.asarray(feedback.behaviours[self.name].sum(axis=1, dtype=np.float64))

    @override
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        items = check_items(items, world.catalog.size, "items", (len(shoppers), None))
        if self.cause != "impression":
            return super().expected(world, shoppers, items, click, conversion)
        return np.asarray((self._mean(world, shoppers, items) * first_shown(items)).sum(axis=1))

    @override
    def values(self, world: World, shoppers: Shoppers, items: Items | None) -> tuple[Value, Value]:
        items = world.catalog.check(items, len(shoppers), "items")
        if self.cause == "impression":
            return 0.0, 0.0
        mean = self._mean(world, shoppers, items)
        return (mean, 0.0) if self.cause == "click" else (0.0, mean)

    @override
    def marginal(self, world: World, shoppers: Shoppers, slate: Items, rank: int, items: Items | None) -> Value:
        slate = check_items(slate, world.catalog.size, shape=(len(shoppers), None))
        items = world.catalog.check(items, len(shoppers), "items")
        rank = int(check_numbers(rank, slate.shape[1], "rank", "a rank", ()))
        if self.cause != "impression":
            return 0.0
        mean, others = self._mean(world, shoppers, items), np.delete(slate, rank, axis=1)
        every = np.arange(world.catalog.size)[None, :] if items is None else items
        repeated = (every[:, :, None] == others[:, None, :]).any(axis=2)
        return np.where(repeated, 0.0, mean)

    @property
    @override
    def of_slate(self) -> bool:
        return self.cause == "impression"

    @override
    def oracle_exact(self, world: World) -> bool:
        return self.cause != "impression"

    def _mean(self, world: World, shoppers: Shoppers, items: Items | None) -> Floats:
        """(n, c) the mean of each item, given the cause."""
        return np.asarray(world.user_model.behaviour(self.name, shoppers, world.catalog, items), np.float64)
