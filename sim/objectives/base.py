"""What an objective is, and the two kinds that every other is made of."""

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

# What brings an objective about: it is as rare, and as uncertain, as that is.
CLICK, CONVERSION, IMPRESSION = "click", "conversion", "impression"
CAUSES = (CLICK, CONVERSION, IMPRESSION)


@dataclass(frozen=True)
class Objective(ABC):
    """One of the numbers that a slate earns, and all that is said of it elsewhere: weights, learners and reports read it here.

    Attributes:
        name: as in `World.objective_names`; letters of any script, digits, ".", "_" and "-".
        unit: of what a slate earns.
        meaning: in a line.
        weight: what one is worth beside a click where nobody says otherwise.
        plural: how it is called where many are counted, "clicks"; the name if empty.
        cause: what brings it about, "click", "conversion" or "impression": learners give the items that were clicked, or
            converted, or all that were shown the credit for it. If empty, what the kind of objective says (`usual_cause`).

    Raises:
        ValueError: a name of other characters, or there is no such cause.
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
        """What brings about objectives of this kind: they come with every impression."""
        return IMPRESSION

    @abstractmethod
    def bounds(self, world: World) -> tuple[float, float]:
        """The least and the most that a step can earn; infinite where there is no limit."""

    def before(self, world: World, shoppers: Shoppers, items: Items) -> Any:
        """What `reward` must know of the shoppers as they are before slates of items (n, k) are shown."""
        return None

    @abstractmethod
    def reward(self, world: World, before: Any, items: Items, converted: Mask, feedback: Feedback) -> Floats:
        """(n,) what a step earned.

        Args:
            world: where.
            before: what `before` gave.
            items: (n, k) what was shown.
            converted: (n, k) what converted, whether or not the shop knows of it yet.
            feedback: the answer; its objectives are not known yet.
        """

    @abstractmethod
    def expected(self, world: World, shoppers: Shoppers, items: Items, click: Floats, conversion: Floats) -> Floats:
        """(n,) the expectation of what slates of items earn; delayed arrivals count in full.

        Args:
            world: where.
            shoppers: n of them, as they are before.
            items: (n, k).
            click, conversion: (n, k) the probabilities of a click and of a conversion.
        """

    def values(self, world: World, shoppers: Shoppers, items: Items | None) -> tuple[Value, Value]:
        """What the oracle counts for a click on items (n, c) and for a conversion of them; of every item, (n, m), for None."""
        return 0.0, 0.0

    def marginal(self, world: World, shoppers: Shoppers, slate: Items, rank: int, items: Items | None) -> Value:
        """What each of items (n, c), or of all (n, m), would add at a rank of slates (n, k), whatever is clicked.

        Up to a number that is the same for all items of a row; in `slate` are items, not positions.
        """
        return 0.0

    @property
    def of_slate(self) -> bool:
        """Whether `marginal` has something to say."""
        return type(self).marginal is not Objective.marginal

    def exact(self, world: World) -> bool:
        """Whether `expected` is exact, not an estimate by simulation."""
        return True

    def oracle_exact(self, world: World) -> bool:
        """Whether `values` is all that there is to an item, so that the oracle's slate is the best."""
        return False


class ItemObjective(Objective):
    """Earned item by item, with clicks and conversions; the oracle is exact wherever it is for clicks.

    The base of objectives that depend on the shopper: override `click_value`, which is given them, or `conversion_value`, and
    `bounds`.
    """

    @property
    def usual_cause(self) -> str:
        """Clicks, if a click earns something; conversions otherwise."""
        return CONVERSION if type(self).click_value is ItemObjective.click_value else CLICK

    def click_value(self, world: World, shoppers: Shoppers, items: Items | None) -> Value:
        """What a click on items earns the shop.

        Args:
            world: where.
            shoppers: n of them, as they are before the slate is shown.
            items: (n, c), or None for every item of the catalogue.

        Returns:
            (n, c); of every item (n, m), or (1, m) if it is the same for all shoppers.
        """
        return 0.0

    def conversion_value(self, world: World, items: Items | None, paid: Value) -> Value:
        """What a conversion of items earns beside the click, if so much is paid; of the shape of `paid`."""
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
    """The most conversions that can become known in one step."""
    return world.slate_size * (1 + world.user_model.longest_delay)
