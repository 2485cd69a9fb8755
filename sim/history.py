"""What a shopper's history keeps: clicks and conversions by category, decayed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.shoppers import Array, Shoppers
from slategym.sim.slate import Items, check_items, first_shown

# What a visit leaves of earlier visits in the history that the recommender sees: about five visits of memory.
HISTORY_DECAY = 0.8


def remember(
    shoppers: Shoppers, catalog: Catalog, slate: Items, clicks: NDArray[np.bool_], bought: NDArray[np.bool_], late: Array
) -> None:
    """Write a visit into the history that the recommender sees, in place.

    Args:
        shoppers: n of them.
        catalog: the items.
        slate: (n, k) what was shown.
        clicks: (n, k).
        bought: (n, k).
        late: (n, k) how many visits later a purchase becomes known, and thereby part of the history.
    """
    n, g = len(shoppers), catalog.categories
    slate = check_items(slate, catalog.size, shape=(n, None))
    cell = np.arange(n)[:, None] * g + catalog.category[slate]
    shown = np.bincount(cell[first_shown(slate)], minlength=n * g).reshape(n, g)
    exposure, engagement = shoppers.state["exposure"], shoppers.state["engagement"]
    exposure *= np.float32(HISTORY_DECAY)
    exposure += shown.astype(np.float32)
    engagement *= np.float32(HISTORY_DECAY)
    engagement[:, 0] += clicks.sum(axis=1)
    engagement[:, 1] += (bought & (late == 0)).sum(axis=1)
    awaited = shoppers.state["awaited"]
    if awaited.shape[1]:
        now = (np.arange(n), shoppers.visit % awaited.shape[1])
        engagement[:, 1] += awaited[now]
        awaited[now] = 0
        row, rank = np.nonzero(bought & (late > 0))
        np.add.at(awaited, (row, (shoppers.visit[row] + late[row, rank]) % awaited.shape[1]), 1)


def flush_pending(shoppers: Shoppers, gone: NDArray[np.bool_]) -> None:
    """Whoever goes, by a mask (n,), takes no secret along: what is awaited of them becomes part of the history, in place."""
    awaited, engagement = shoppers.state["awaited"], shoppers.state["engagement"]
    engagement[gone, 1] += awaited[gone].sum(axis=1)
    awaited[gone] = 0
