"""A good slate where the best one is out of reach: improve one rank at a time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.click_models.base import ClickModel, Floats, Items, check_gains
from slategym.sim.selection import best_by_value
from slategym.sim.slate import check_items, first_shown

SWEEPS = 10


def coordinate_ascent(
    click_model: ClickModel,
    attraction: Floats,
    gain: Floats,
    slate_size: int,
    start: Items | None = None,
    beside: Callable[[Items, int], Floats] | None = None,
    fits: Callable[[Items, int], NDArray[np.bool_]] | None = None,
) -> Items:
    """(n, k) a slate that neither another item at a rank, nor an item shown above it, nor an exchange of two ranks improves.

    For models whose expected gain is affine in the attraction of each rank: with the other ranks fixed, an item at rank r adds
    a (g * examined + after), where `examined` is the examination of rank r and `after` what a click there does to the ranks
    below. An item that is shown above earns nothing at rank r, which is then as good as empty. Ends when a sweep changes nothing,
    after ten sweeps at the latest.

    Args:
        click_model: how attraction becomes clicks.
        attraction: (n, m), of every item.
        gain: (n, m), the expected value of a click on each.
        slate_size: k.
        start: (n, k) where it starts; by default from the items of highest a * g.
        beside: what else each item adds at a rank of slates (n, k), as (n, m); the order of the ranks makes no difference to it,
            and a repeated item counts each time.
        fits: what a rank of slates (n, k) may show, the others as they are, as (n, m) bool; slates then repeat no item, and
            `start` has to fit.
    """
    attraction, gain = np.asarray(attraction, np.float64), np.asarray(gain, np.float64)
    check_gains(attraction, gain, slate_size)
    if start is None:
        slate = best_by_value(attraction * gain, slate_size)
    else:
        slate = check_items(start, attraction.shape[1], "start", (len(attraction), slate_size)).copy()
    for _ in range(SWEEPS):
        before = slate.copy()
        for rank in range(slate_size):
            added = None if beside is None else beside(slate, rank)
            _best_item(click_model, attraction, gain, slate, rank, added, None if fits is None else fits(slate, rank))
        value = click_model.value_of(attraction, gain, slate)
        for one, other in combinations(range(slate_size), 2):
            _exchange(click_model, attraction, gain, slate, value, one, other)
        if (slate == before).all():
            break
    return slate


def _best_item(
    click_model: ClickModel,
    attraction: Floats,
    gain: Floats,
    slate: Items,
    rank: int,
    beside: Floats | None,
    fitting: NDArray[np.bool_] | None,
) -> None:
    """Put the best item at one rank, the others as they are; in place. What items add `beside` is (n, m), and so is `fitting`.

    Ranks below that repeat the item which goes repeat the one which comes. Only where items add something beside they keep it.
    """
    here, above, below = slate[:, rank], slate[:, :rank], slate[:, rank + 1 :]
    again = below == here[:, None]
    shown_gain = np.take_along_axis(gain, slate, axis=1)
    first = first_shown(slate) if beside is None else _first_of_others(slate, rank)
    shown = np.where(first, np.take_along_axis(attraction, slate, axis=1), 0)
    shown_gain[:, rank] = 0
    shown[:, rank] = 0
    unclicked = click_model.value(shown, shown_gain)
    shown[:, rank] = 1
    examined = click_model.click_probability(shown)[:, rank]
    after = click_model.value(shown, shown_gain) - unclicked
    score = attraction * (gain * examined[:, None] + after[:, None])
    if beside is not None:
        score += beside
    if fitting is not None:
        slate[:, rank] = np.where(fitting, score, -np.inf).argmax(axis=1)
        return
    # An item of another rank earns nothing here, or would earn nothing there; one that is repeated below may stay.
    rows = np.flatnonzero(again.any(axis=1) & (above != here[:, None]).all(axis=1))
    staying = score[rows, here[rows]]
    if beside is not None and len(rows):
        staying = click_model.value_of(attraction[rows], gain[rows], slate[rows]) - unclicked[rows] + beside[rows, here[rows]]
    np.put_along_axis(score, np.delete(slate, rank, axis=1), -np.inf, axis=1)
    score[rows, here[rows]] = staying
    best = score.argmax(axis=1)
    if rank:
        repeated = np.zeros(above.shape) if beside is None else np.take_along_axis(beside, above, axis=1)
        empty = repeated.max(axis=1) > np.take_along_axis(score, best[:, None], axis=1)[:, 0]
        best[empty] = above[empty, repeated[empty].argmax(axis=1)]
    slate[:, rank] = best
    if beside is None:
        np.copyto(below, best[:, None], where=again)


def _first_of_others(slate: Items, rank: int) -> NDArray[np.bool_]:
    """(n, k) where an item stands for the first time, as if nothing stood at one rank."""
    others = slate.copy()
    others[:, rank] = -1
    return first_shown(others)


def _exchange(model: ClickModel, attraction: Floats, gain: Floats, slate: Items, value: Floats, one: int, other: int) -> None:
    """Exchange two ranks where that earns more than the slate's `value` (n,); both in place."""
    exchanged = slate.copy()
    exchanged[:, [one, other]] = slate[:, [other, one]]
    after = model.value_of(attraction, gain, exchanged)
    better = after > value * (1 + 1e-12 * np.sign(value))
    slate[better], value[better] = exchanged[better], after[better]
