"""Slates that try items which were hardly shown yet."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.choice import Choice, highest


def try_first(
    random: np.random.Generator, scores: NDArray[np.floating], on_trial: NDArray[np.bool_], epsilon: float, choice: Choice
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Take at each rank a random eligible item on trial, if there is none the best one, or with `epsilon` any eligible one.

    Args:
        random: the generator.
        scores: (n, m), or (n, C) of candidates.
        on_trial: (n, m) bool, or (n, C).
        epsilon: probability of a random item at each rank, 0 to 1.
        choice: what may be shown; it is taken from.

    Returns:
        Slates (n, k) int64, and the exact propensity (n, k) float32 of each choice.
    """
    n, k = len(scores), choice.slate_size
    rows, slate, propensity = np.arange(n), np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    exploring = random.random((n, k)) < epsilon
    # One order of the items serves all ranks: what is eligible only shrinks, and all that is left is as likely to be next.
    order, other = random.random(scores.shape), random.random(scores.shape)
    for rank in range(k):
        eligible = choice.eligible()
        tried = eligible & on_trial
        left = tried.sum(axis=1)
        first = np.where(left > 0, highest(order, np.where(left[:, None] > 0, tried, eligible)), highest(scores, eligible))
        chosen = np.where(exploring[:, rank], highest(other, eligible), first)
        certain = np.where(left > 0, tried[rows, chosen] / np.maximum(left, 1), chosen == first)
        propensity[:, rank] = epsilon / eligible.sum(axis=1) + (1 - epsilon) * certain
        slate[:, rank] = chosen
        choice.take(chosen)
    return slate, propensity
