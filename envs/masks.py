"""Which actions show no item twice, for algorithms that take action masks (sb3-contrib's MaskablePPO)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import Items

Mask = NDArray[np.bool_]


def rank_masks(slate_size: int, category: NDArray[np.int64], candidates: int | None = None) -> Mask:
    """(k, m) the items that each rank may show, or (k, C) the positions: every one at one rank, so that no slate repeats any.

    The heads of `MultiDiscrete` choose independently, so a mask cannot say "not chosen at another rank already"; only shares
    that do not overlap rule a repeat out. The items of a category are dealt to the ranks in turn; positions, whose items change
    with the visit, by their number.

    Args:
        slate_size: k.
        category: (m,) of the items.
        candidates: C, where a slate holds positions among so many; None where it holds items.
    """
    order = np.argsort(category, kind="stable") if candidates is None else np.arange(candidates)
    rank_of = np.empty(len(order), np.int64)
    rank_of[order] = np.arange(len(order)) % slate_size
    mask: Mask = rank_of == np.arange(slate_size)[:, None]
    return mask


def without_repeats(slates: Items) -> Mask:
    """(a,) which of some slates (a, k) hold every item once."""
    ordered = np.sort(slates, axis=1)
    mask: Mask = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)
    return mask
