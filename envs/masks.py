"""Masks of actions that repeat no item, for algorithms that take action masks (sb3-contrib's MaskablePPO)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import Items

Mask = NDArray[np.bool_]


def rank_masks(
    slate_size: int, category: NDArray[np.int64], candidates: int | None = None, available: Items | None = None
) -> Mask:
    """Divide the items among the ranks, so that no slate repeats an item.

    The heads of `MultiDiscrete` choose independently, so the mask of one rank cannot depend on other ranks: only disjoint sets
    of items prevent repeats. The items of each category are assigned to the ranks in turn; positions, whose items change from
    visit to visit, are assigned by their number.

    Args:
        slate_size: k, the number of ranks.
        category: (m,) int64, of the items.
        candidates: C, the number of candidates, if slates hold positions among candidates; None if they hold items.
        available: (a,) int64, the items that can be shown; None if all can. Other items are allowed at no rank.

    Returns:
        (k, m) bool, the items allowed at each rank; (k, C), the positions, if there are candidates.
    """
    if candidates is not None:
        order, count = np.arange(candidates), candidates
    else:
        items, count = np.arange(len(category)) if available is None else available, len(category)
        order = items[np.argsort(category[items], kind="stable")]
    rank_of = np.full(count, -1)
    rank_of[order] = np.arange(len(order)) % slate_size
    mask: Mask = rank_of == np.arange(slate_size)[:, None]
    return mask


def without_repeats(slates: Items) -> Mask:
    """(a,) bool, True for each of the slates (a, k) that repeats no item."""
    ordered = np.sort(slates, axis=1)
    mask: Mask = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)
    return mask
