"""Slates drawn rank by rank, with propensities estimated by repeated draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from slategym.sim.choice import Choice, highest
from slategym.sim.selection import top_k


def draw_by_rank(
    draw: Callable[[], NDArray[np.float32]], slate_size: int, draws: int, choice: Choice | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Show at each rank the item that leads a draw of its own, among those left, and estimate how probable that was.

    One draw for the whole slate would make the choices of its ranks depend on each other, and their conditional probabilities
    could not be counted. With a draw for each rank, the propensity of an item given those above it is the probability that it
    leads a draw without them. It is estimated by (1 + leads) / (1 + draws), the choice itself being counted, so that it is never
    zero; its standard error is at most 1 / (2 sqrt(draws)).

    Args:
        draw: gives scores (n, m) of the items, drawn anew at each call.
        slate_size: k.
        draws: of which an item's leads are counted.

        choice: what may be shown; it is taken from. None: everything.

    Returns:
        Slates (n, k) int64 and propensities (n, k) float32.
    """
    if choice is not None:
        return _draw_among(draw, draws, choice)
    first = top_k(draw(), 1)
    slate = np.empty((len(first), slate_size), np.int64)
    slate[:, :1] = first
    for rank in range(1, slate_size):
        slate[:, rank] = _first_left(top_k(draw(), rank + 1), slate[:, :rank])
    leads = np.ones(slate.shape, np.float32)
    for _ in range(draws):
        order = top_k(draw(), slate_size)
        for rank in range(slate_size):
            leads[:, rank] += _first_left(order, slate[:, :rank]) == slate[:, rank]
    return slate, leads / np.float32(1 + draws)


def _draw_among(
    draw: Callable[[], NDArray[np.float32]], draws: int, choice: Choice
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """`draw_by_rank` under a mask and rules: the item leads a draw of its own among those that the rank may show."""
    slates, sets = [], []
    for _ in range(choice.slate_size):
        sets.append(choice.eligible().copy())
        slates.append(highest(draw(), sets[-1]))
        choice.take(slates[-1])
    slate = np.stack(slates, axis=1)
    leads = np.ones(slate.shape, np.float32)
    for _ in range(draws):
        scores = draw()
        for rank, among in enumerate(sets):
            leads[:, rank] += highest(scores, among) == slate[:, rank]
    return slate, leads / np.float32(1 + draws)


def _first_left(order: NDArray[np.int64], above: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the first item of each order (n, k) that is not among those above (n, r), r below k."""
    taken = (order[:, :, None] == above[:, None, :]).any(axis=2)
    return np.take_along_axis(order, taken.argmin(axis=1)[:, None], axis=1)[:, 0]
