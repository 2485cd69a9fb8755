"""A good slate where the best one is out of reach: improve one rank at a time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from slategym.sim.choice.choice import Choice, Floats, Items
from slategym.sim.top_k import top_k

SWEEPS = 10


def coordinate_ascent(
    choice: Choice,
    attraction: Floats,
    gain: Floats,
    slate_size: int,
    start: Items | None = None,
    beside: Callable[[Items, int], Floats] | None = None,
) -> Items:
    """(n, k) a slate that neither another item at a rank nor an exchange of two ranks improves.

    For models whose expected gain is affine in the attraction of each rank: with the other ranks fixed, an item at rank r adds
    a (g * examined + after), where `examined` is the examination of rank r and `after` what a click there does to the ranks
    below. Ends when a sweep changes nothing, after ten sweeps at the latest.

    Args:
        choice: how attraction becomes clicks.
        attraction, gain: (n, m), as for `Choice.best_slate`.
        slate_size: k.
        start: (n, k) where it starts; by default from the items of highest a * g.
        beside: what else each item adds at a rank of slates (n, k), as (n, m); the order of the ranks makes no difference to it.
    """
    attraction, gain = np.asarray(attraction, np.float64), np.asarray(gain, np.float64)
    slate = top_k(attraction * gain, slate_size) if start is None else start.copy()
    for _ in range(SWEEPS):
        before = slate.copy()
        for rank in range(slate_size):
            _best_item(choice, attraction, gain, slate, rank, 0.0 if beside is None else beside(slate, rank))
        for one, other in combinations(range(slate_size), 2):
            _exchange(choice, attraction, gain, slate, one, other)
        if (slate == before).all():
            break
    return slate


def _best_item(choice: Choice, attraction: Floats, gain: Floats, slate: Items, rank: int, beside: Floats | float) -> None:
    """Put the best item at one rank, the others as they are; in place. What items add `beside` is (n, m)."""
    shown, worth = np.take_along_axis(attraction, slate, axis=1), np.take_along_axis(gain, slate, axis=1)
    worth[:, rank] = 0
    shown[:, rank] = 0
    unclicked = choice.value(shown, worth)
    shown[:, rank] = 1
    examined = choice.click_probability(shown)[:, rank]
    after = choice.value(shown, worth) - unclicked
    score = attraction * (gain * examined[:, None] + after[:, None]) + beside
    np.put_along_axis(score, np.delete(slate, rank, axis=1), -np.inf, axis=1)
    slate[:, rank] = score.argmax(axis=1)


def _exchange(choice: Choice, attraction: Floats, gain: Floats, slate: Items, one: int, other: int) -> None:
    """Exchange two ranks where that earns more; in place."""
    exchanged = slate.copy()
    exchanged[:, [one, other]] = slate[:, [other, one]]
    before, after = (
        choice.value(np.take_along_axis(attraction, each, axis=1), np.take_along_axis(gain, each, axis=1))
        for each in (slate, exchanged)
    )
    better = after > before * (1 + 1e-12 * np.sign(before))
    slate[better] = exchanged[better]
