"""A good slate for click models whose best slate cannot be computed: improve one rank at a time."""

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
    """(n, k) a slate that no other item at a rank, no item shown above it, and no exchange of two ranks improves.

    For models whose expected gain is affine in the attraction of each rank: with the other ranks fixed, an item at rank r adds
    a (g * examined + after), where `examined` is the examination of rank r, and `after` is the effect of a click at rank r on the
    ranks below. An item that is shown above earns nothing at rank r, which is then as good as empty. The ascent ends when a sweep
    changes nothing, after at most ten sweeps.

    Args:
        click_model: how attraction becomes clicks.
        attraction: (n, m), of every item.
        gain: (n, m), the expected value of a click on each.
        slate_size: k.
        start: (n, k) the initial slates; default: the items with the highest a * g.
        beside: a function of slates (n, k) and a rank that returns (n, m), what each item adds at the rank in addition to its
            gain; it must not depend on the order of the ranks, and a repeated item counts each time.
        fits: a function of slates (n, k) and a rank that returns (n, m) bool, the items that the rank may show, given the other
            ranks; slates then repeat no item, and `start` must fit.
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
    """Put the best item at one rank, in place, given the other ranks. `beside`, what items add, is (n, m), and so is `fitting`.

    Lower ranks that repeat the replaced item repeat the new item instead, except if `beside` is given: then they keep their item.
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
    # An item of another rank would earn nothing, here or there. An item that a lower rank repeats may stay.
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
    """(n, k) bool, where an item is shown for the first time, if one rank is considered empty."""
    others = slate.copy()
    others[:, rank] = -1
    return first_shown(others)


def _exchange(model: ClickModel, attraction: Floats, gain: Floats, slate: Items, value: Floats, one: int, other: int) -> None:
    """Exchange two ranks of slates, and update their `value` (n,), in rows where the exchange earns more; in place."""
    exchanged = slate.copy()
    exchanged[:, [one, other]] = slate[:, [other, one]]
    after = model.value_of(attraction, gain, exchanged)
    better = after > value * (1 + 1e-12 * np.sign(value))
    slate[better], value[better] = exchanged[better], after[better]
