"""The history of a shopper that the recommender sees: impressions by category, clicks and conversions, decayed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.shoppers import Array, Shoppers
from slategym.sim.slate import Items, check_items, first_shown

# What a visit leaves of earlier visits in the history that the recommender sees: about five visits of memory.
HISTORY_DECAY = 0.8


def remember(
    shoppers: Shoppers, catalog: Catalog, slate: Items, clicks: NDArray[np.bool_], converted: NDArray[np.bool_], delay: Array
) -> None:
    """Write a visit into the history that the recommender sees, in place.

    Args:
        shoppers: n of them.
        catalog: the items.
        slate: (n, k) what was shown.
        clicks: (n, k).
        converted: (n, k).
        delay: (n, k) how many visits later a conversion becomes known and enters the history.
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
    engagement[:, 1] += (converted & (delay == 0)).sum(axis=1)
    pending_conversions = shoppers.state["pending_conversions"]
    if pending_conversions.shape[1]:
        now = (np.arange(n), shoppers.visit % pending_conversions.shape[1])
        engagement[:, 1] += pending_conversions[now]
        pending_conversions[now] = 0
        row, rank = np.nonzero(converted & (delay > 0))
        np.add.at(pending_conversions, (row, (shoppers.visit[row] + delay[row, rank]) % pending_conversions.shape[1]), 1)


def flush_pending(shoppers: Shoppers, gone: NDArray[np.bool_]) -> None:
    """Flush the pending conversions of departing shoppers, by a mask (n,), into the history, in place."""
    pending_conversions, engagement = shoppers.state["pending_conversions"], shoppers.state["engagement"]
    engagement[gone, 1] += pending_conversions[gone].sum(axis=1)
    pending_conversions[gone] = 0
