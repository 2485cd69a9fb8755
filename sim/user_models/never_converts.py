"""User models of shoppers who click but never convert, as in most other simulators."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from slategym.sim.catalog import Catalog
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_models.base import Floats, UserModel


def same_for_all(value: float, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
    """Return the same number for each item: (n, k) for a slate, (n, m) for every item.

    Args:
        value: the number.
        shoppers: n shoppers.
        catalog: the items.
        slate: (n, k) items, or None for every item.
    """
    slate = catalog.check(slate, len(shoppers))
    return np.full((len(shoppers), catalog.size if slate is None else slate.shape[1]), value)


class NeverConverts(UserModel):
    """The base of user models whose shoppers never convert: `conversion` is 0."""

    @override
    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        return same_for_all(0.0, shoppers, catalog, slate)
