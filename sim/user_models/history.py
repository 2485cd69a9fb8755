"""The history of a shopper that the recommender sees: decayed counts of impressions by category, clicks and conversions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.shoppers import Array, Shoppers
from slategym.sim.slate import Items, check_items, first_shown

# The share of the history that remains after a visit: a memory of about five visits.
HISTORY_DECAY = 0.8


def remember(
    shoppers: Shoppers, catalog: Catalog, slate: Items, clicks: NDArray[np.bool_], converted: NDArray[np.bool_], delay: Array
) -> None:
    """Add a visit to the history that the recommender sees, in place.

    Args:
        shoppers: n shoppers.
        catalog: the items.
        slate: (n, k) the items shown.
        clicks: (n, k).
        converted: (n, k).
        delay: (n, k) the number of visits until a conversion becomes known and enters the history.
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
    """Add the pending conversions of departing shoppers, given by a mask (n,), to the history, in place."""
    pending_conversions, engagement = shoppers.state["pending_conversions"], shoppers.state["engagement"]
    engagement[gone, 1] += pending_conversions[gone].sum(axis=1)
    pending_conversions[gone] = 0
