"""Delay: the items that convert best have conversions that are reported later."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.bench.profiles.by_slate import SlateLevel
from slategym.bench.profiles.small_shop import plain_shoppers, small_shop
from slategym.bench.profiles.task import Task
from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.objectives import make_objectives
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items
from slategym.sim.worlds.shop.model import ShopModel

ITEMS = 10
CLICK = 0.5
AT_ONCE, LATER = 0.1, 0.25  # conversion rates of clicks for items that convert immediately, and for those that convert later
SPREAD = 0.05  # range of the differences between items of the same kind


@dataclass(frozen=True)
class LateShoppers(ShopModel):
    """Shoppers of `Shop-v0` with a fixed delay of conversions for each item.

    Attributes:
        late: (m,) number of visits after which a conversion of the item is reported.
    """

    late: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "longest_delay", max(self.late, default=0))

    @override
    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.int64]:
        return np.asarray(self.late)[check_items(slate, catalog.size, shape=(len(shoppers), None))]


def level(visits: float) -> SlateLevel:
    """A shop where every second item converts immediately, and the better items convert later.

    Args:
        visits: number of visits after which a conversion of a better item is reported.
    """
    kinds = np.arange(ITEMS) % 2
    conversion = np.where(kinds == 0, AT_ONCE, LATER) + SPREAD * np.linspace(0, 1, ITEMS)
    plain = plain_shoppers()
    given = {field.name: getattr(plain, field.name) for field in fields(plain)}
    world = small_shop(
        f"profile-delay-{visits:g}",
        np.full(ITEMS, CLICK),
        conversion,
        shoppers=LateShoppers(**given, late=tuple(int(visits) * int(kind) for kind in kinds)),
        visits=50,
        objectives=make_objectives("conversion"),
    )
    return SlateLevel(dial=visits, world=world)


TASK = Task(
    "delay",
    "Learn from conversions that are reported several visits after the click.",
    "visits until a conversion is reported",
    (2, 8, 20),
    level,
    "The agent treats a conversion that is not reported yet as no conversion, and prefers items that convert less but "
    "immediately. It should use feedback.delayed, or wait before it counts an impression.",
)
