"""Exploration by random items."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.choice import Choice, highest
from slategym.sim.slate import check_items


def draw_left(random: np.random.Generator, taken: NDArray[np.int64], items: int) -> NDArray[np.int64]:
    """Draw one item for each row, uniformly from the items that are not taken.

    Args:
        random: the generator.
        taken: (n, r) int64, different items in each row.
        items: m, the number of items.

    Returns:
        (n,) int64.
    """
    taken = check_items(taken, items, "taken")
    drawn = random.integers(0, items - taken.shape[1], len(taken))
    # Adding 1 for each taken item, in ascending order, turns a position among the remaining items into an item.
    for item in np.sort(taken, axis=1).T:
        drawn += drawn >= item
    return drawn


def draw_slates(random: np.random.Generator, shoppers: int, slate_size: int, items: int) -> NDArray[np.int64]:
    """Draw slates uniformly.

    Args:
        random: the generator.
        shoppers: n.
        slate_size: k.
        items: m, the number of items.

    Returns:
        (n, k) int64, different items in each row.
    """
    from slategym.agents.choosing.kernel import place_left  # compiled, so not on import

    slate = np.empty((shoppers, slate_size), np.int64)
    for rank in range(slate_size):
        slate[:, rank] = random.integers(0, items - rank, shoppers)
    place_left(slate)
    return slate


def explore(
    random: np.random.Generator, ranked: NDArray[np.int64], epsilon: float, items: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Choose at each rank the best remaining item, or with probability `epsilon` a random remaining item.

    Args:
        random: the generator.
        ranked: (n, k) int64, the k best items of each row, best first.
        epsilon: probability of a random item at each rank, 0 to 1.
        items: m, the number of items.

    Returns:
        Slates (n, k) int64, and the propensity (n, k) float32 of each choice, which includes both ways to choose the item.
    """
    ranked = check_items(ranked, items, "ranked")
    n, k = ranked.shape
    slate = np.empty((n, k), np.int64)
    propensity = np.empty((n, k), np.float32)
    exploring = random.random((n, k)) < epsilon
    for rank in range(k):
        taken = slate[:, :rank]
        best = best_left(ranked, taken)
        slate[:, rank] = np.where(exploring[:, rank], draw_left(random, taken, items), best)
        propensity[:, rank] = epsilon / (items - rank) + (1 - epsilon) * (slate[:, rank] == best)
    return slate, propensity


def best_left(ranked: NDArray[np.int64], taken: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the first item of each row of `ranked` that is not taken.

    Args:
        ranked: (n, k) items, best first.
        taken: (n, r) items, from `ranked` or others; r is less than k.
    """
    free = ~(ranked[:, :, None] == taken[:, None, :]).any(axis=2)
    return np.asarray(ranked[np.arange(len(ranked)), free.argmax(axis=1)])


def explore_among(
    random: np.random.Generator, scores: NDArray[np.floating], epsilon: float, choice: Choice
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`explore` under a mask and rules: the eligible item with the highest score, or a random eligible item, at each rank.

    Args:
        random: the generator.
        scores: (n, m), or (n, C) for candidates.
        epsilon: probability of a random item at each rank, 0 to 1.
        choice: the items that may be shown; chosen items are taken from it.

    Returns:
        Slates (n, k) int64, and the propensity (n, k) float32 of each choice, which includes both ways to choose the item.
    """
    n, k = len(scores), choice.slate_size
    slate, propensity = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    exploring = random.random((n, k)) < epsilon
    for rank in range(k):
        eligible = choice.eligible()
        best = highest(scores, eligible)
        drawn = highest(random.random(scores.shape), eligible)
        slate[:, rank] = np.where(exploring[:, rank], drawn, best)
        propensity[:, rank] = epsilon / eligible.sum(axis=1) + (1 - epsilon) * (slate[:, rank] == best)
        choice.take(slate[:, rank])
    return slate, propensity
