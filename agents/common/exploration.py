"""Items drawn uniformly from those that are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import check_items


def draw_left(random: np.random.Generator, taken: NDArray[np.int64], items: int) -> NDArray[np.int64]:
    """(n,) one item for each row, uniform over 0..items - 1 without the row's `taken` items (n, r), which must differ."""
    taken = check_items(taken, items, "taken")
    drawn = random.integers(0, items - taken.shape[1], len(taken))
    # Counting up past each taken item, in order, turns a position among those left into an item.
    for item in np.sort(taken, axis=1).T:
        drawn += drawn >= item
    return drawn


def draw_slates(random: np.random.Generator, shoppers: int, slate_size: int, items: int) -> NDArray[np.int64]:
    """(n, k) different items in each row, every slate as likely as any other."""
    slate = np.empty((shoppers, slate_size), np.int64)
    for rank in range(slate_size):
        slate[:, rank] = draw_left(random, slate[:, :rank], items)
    return slate


def explore(
    random: np.random.Generator, ranked: NDArray[np.int64], epsilon: float, items: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Show at each rank the best item left, or with probability `epsilon` one drawn uniformly from those left.

    Args:
        random: decides where to explore, and what is shown there.
        ranked: (n, k) the best items of each row, best first. However many of them are taken by exploring, the best one left is
            among these.
        epsilon: 0 to 1.
        items: m.

    Returns:
        Slates (n, k), and the propensity (n, k) of each choice, which counts both ways to the same item.
    """
    ranked = check_items(ranked, items, "ranked")
    n, k = ranked.shape
    slate = np.empty((n, k), np.int64)
    propensity = np.empty((n, k), np.float32)
    exploring = random.random((n, k)) < epsilon
    for rank in range(k):
        taken = slate[:, :rank]
        free = ~(ranked[:, :, None] == taken[:, None, :]).any(axis=2)
        best_left = ranked[np.arange(n), free.argmax(axis=1)]
        slate[:, rank] = np.where(exploring[:, rank], draw_left(random, taken, items), best_left)
        propensity[:, rank] = epsilon / (items - rank) + (1 - epsilon) * (slate[:, rank] == best_left)
    return slate, propensity
