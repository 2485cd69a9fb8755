"""Which actions show no item twice, for algorithms that take action masks (sb3-contrib's MaskablePPO)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import Items
from slategym.sim.world import World

Mask = NDArray[np.bool_]


def rank_masks(world: World) -> Mask:
    """(k, m) the items that each rank may show, or (k, C) the positions: every one at one rank, so that no slate repeats any.

    The heads of `MultiDiscrete` choose independently, so a mask cannot say "not chosen at another rank already"; only shares
    that do not overlap rule a repeat out. The items of a category are dealt to the ranks by turns; positions, whose items change
    with the visit, by their number.
    """
    number = np.arange(world.choices)
    order = number if world.candidates is not None else np.argsort(world.catalog.category, kind="stable")
    rank_of = np.empty(world.choices, np.int64)
    rank_of[order] = number % world.slate_size
    mask: Mask = rank_of == np.arange(world.slate_size)[:, None]
    return mask


def without_repeats(slates: Items) -> Mask:
    """(a,) which of some slates (a, k) hold every item once."""
    ordered = np.sort(slates, axis=1)
    mask: Mask = (ordered[:, 1:] != ordered[:, :-1]).all(axis=1)
    return mask
