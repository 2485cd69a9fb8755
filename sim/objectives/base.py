"""The bases of objectives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.feedback import Feedback, check_delayed
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.utils.lookup import check_name

if TYPE_CHECKING:
    from slategym.sim.world import World

Floats = NDArray[np.floating]
Mask = NDArray[np.bool_]
Value = Floats | float  # of items (n, c), or one number for all

# The event that leads to an objective's reward; the reward is as rare and as uncertain as the event.
CLICK, CONVERSION, IMPRESSION = "click", "conversion", "impression"
CAUSES = (CLICK, CONVERSION, IMPRESSION)


@dataclass(frozen=True)
class Objective(ABC):
    """The base of objectives: one reward of a slate, with its name, unit and default weight.

    `ItemObjective` is the base of those that add up over clicked and converted items; `custom` makes one from a function.

    Attributes:
        name: as in `World.objective_names`; letters of any script, digits, ".", "_" and "-".
        unit: the unit of the reward.
        meaning: a description in one line.
        weight: the default weight; that of a click is 1.
        plural: the name of several of them, such as "clicks"; empty: the name.
        cause: the event that leads to the reward: "click", "conversion" or "impression". Learners give the credit to the items
            that were clicked, that converted, or to all that were shown. Empty: the default of the class (`usual_cause`).

    Raises:
        ValueError: the name contains other characters, or there is no such cause.
    """

    name: str
    unit: str
    meaning: str
    weight: float = 1.0
    plural: str = ""
    cause: str = ""

    def __post_init__(self) -> None:
        check_name("an objective", self.name)
        object.__setattr__(self, "plural", self.plural or self.name)
        object.__setattr__(self, "cause", self.cause or self.usual_cause)
        if self.cause not in CAUSES:
            raise ValueError(f"the objective {self.name!r} has the cause {self.cause!r}: expected one of {', '.join(CAUSES)}")

    @property
    def usual_cause(self) -> str:
        """The default cause of objectives of this class: the impression."""
        return IMPRESSION

    @abstractmethod
    def bounds(self, world: World) -> tuple[float, float]:
        """The smallest and the largest reward of a step; infinite if there is no limit.

        Args:
            world: the world of the step.
        """

    def before(self, world: World, shoppers: Shoppers, items: Items) -> Any:
        """The data that `reward` needs about the shoppers before the visit; None by default.

        Args:
            world: the world of the visit.
            shoppers: n shoppers, before the visit.
            items: (n, k) the items shown.
        """
        return None

    @abstractmethod
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        """(n,) the reward of a step.

        Args:
            world: the world of the step.
            before: the result of `before`.
            items: (n, k) the items shown.
            converted: (n, k) the conversions, whether or not the shop knows about them yet.
            feedback: the feedback; its objectives are not computed yet.
        """

    @abstractmethod
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        """(n,) the expected reward of slates; delayed conversions count in full.

        Args:
            world: the world of the slates.
            shoppers: n shoppers, before the visit.
            items: (n, k) the items shown.
            click: (n, k) the probability of a click.
            conversion: (n, k) the probability of a click with a conversion.
        """

    def values(self, world: World, shoppers: Shoppers, items: Items | None) -> tuple[Value, Value]:
        """The values of a click on an item and of a conversion, as the oracle uses them.

        Args:
            world: the world of the items.
            shoppers: n shoppers, before the visit.
            items: (n, c), or None for every item.

        Returns:
            Two arrays (n, c), or (n, m) for every item; or numbers that apply to all.
        """
        return 0.0, 0.0

    def marginal(self, world: World, shoppers: Shoppers, slate: Items, rank: int, items: Items | None) -> Value:
        """The value that each item would add at a rank of a slate regardless of clicks, up to a constant common to all items.

        Args:
            world: the world of the slate.
            shoppers: n shoppers, before the visit.
            slate: (n, k) the items; those at the other ranks count.
            rank: the rank.
            items: (n, c), or None for every item.
        """
        return 0.0

    @property
    def of_slate(self) -> bool:
        """Whether the reward depends on the slate as a whole, through `marginal`."""
        return type(self).marginal is not Objective.marginal

    def exact(self, world: World) -> bool:
        """Whether `expected` is exact, and not an estimate by simulation.

        Args:
            world: the world of the slates.
        """
        return True

    def oracle_exact(self, world: World) -> bool:
        """Whether `values` describes an item completely, so that the oracle's slate is optimal.

        Args:
            world: the world of the slates.
        """
        return False


class ItemObjective(Objective):
    """The base of objectives that add up over clicked and converted items. The oracle is exact if it is exact for clicks.

    Override `click_value`, which may depend on the shopper, or `conversion_value`; and `bounds`.
    """

    @property
    def usual_cause(self) -> str:
        """The click, if `click_value` is overridden; otherwise the conversion."""
        return CONVERSION if type(self).click_value is ItemObjective.click_value else CLICK

    def click_value(self, world: World, shoppers: Shoppers, items: Items | None) -> Value:
        """The reward of a click on items; 0 by default.

        Args:
            world: the world of the items.
            shoppers: n shoppers, before the visit.
            items: (n, c), or None for every item of the catalogue.

        Returns:
            (n, c); for every item (n, m), or (1, m) if it is the same for all shoppers.
        """
        return 0.0

    def conversion_value(self, world: World, items: Items | None, paid: Value) -> Value:
        """The reward of a conversion of items, in addition to that of the click; 0 by default.

        Args:
            world: the world of the items.
            items: (n, c), or None for every item.
            paid: the amount paid for each, in the shape of `items`, or a number that applies to all.

        Returns:
            An array in the shape of `paid`.
        """
        return 0.0

    @override
    def before(self, world: World, shoppers: Shoppers, items: Items) -> Value:
        return self.click_value(world, shoppers, check_items(items, world.catalog.size, "items", (len(shoppers), None)))

    @override
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        delayed, items = feedback.delayed, check_items(items, world.catalog.size, "items", (len(feedback.terminated), None))
        check_delayed(delayed, len(items), items.shape[1], world.catalog.size)
        conversion = self.conversion_value(world, items, feedback.revenue)
        total = (feedback.clicks * before + feedback.conversions * np.asarray(conversion)).sum(axis=1)
        if len(delayed):
            arrived = self.conversion_value(world, delayed.item, delayed.revenue)
            total += np.bincount(delayed.row, np.broadcast_to(arrived, delayed.row.shape), len(items))
        return np.asarray(total)

    @override
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        items = check_items(items, world.catalog.size, "items", (len(shoppers), None))
        click_value, conversion_value = self.values(world, shoppers, items)
        total: Value = 0.0
        for probability, values in ((click, click_value), (conversion, conversion_value)):
            if not (isinstance(values, float) and values == 0):
                total = total + probability * values
        return np.asarray(np.asarray(total).sum(axis=1))

    @override
    def values(self, world: World, shoppers: Shoppers, items: Items | None) -> tuple[Value, Value]:
        items = world.catalog.check(items, len(shoppers), "items")
        return self.click_value(world, shoppers, items), self.conversion_value(world, items, 1.0)

    @override
    def oracle_exact(self, world: World) -> bool:
        return self.exact(world)


def most_arrivals(world: World) -> int:
    """The largest number of conversions that can become known in one step."""
    return world.slate_size * (1 + world.user_model.longest_delay)
