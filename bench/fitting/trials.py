"""Trials and successes by item, segment and place: the data that the model of rates needs from a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slategym.utils.short_repr import Brief

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def first_columns(sizes: Sequence[int]) -> Ints:
    """(V,) the column of each variable's first level, in a row of the levels of all variables.

    Args:
        sizes: (V,) the number of levels of each variable.
    """
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)[: len(sizes)]


@dataclass(frozen=True, repr=False)
class Trials(Brief):
    """Trials in g groups; each group has one item, one level of every variable, one place and one known factor of examination.

    Attributes:
        item: (g,) the item, 0..m - 1.
        level: (g, V) the level of each of V variables, 0..sizes[variable] - 1.
        place: (g,) the place, on which the examination depends (a rank, or a rank and a distance), 0..places - 1.
        trials: (g,) the number of trials.
        successes: (g,) the number of successes.
        examined: (g,) a known factor of the probability of success.
        items: m.
        sizes: (V,) the number of levels of each variable.
        places: the number of places.
    """

    item: Ints
    level: Ints
    place: Ints
    trials: Floats
    successes: Floats
    examined: Floats
    items: int
    sizes: tuple[int, ...]
    places: int = 1

    @cached_property
    def columns(self) -> Ints:
        """(g, V) the column of each level, in a row of the levels of all variables."""
        return self.level + first_columns(self.sizes)

    @property
    def levels(self) -> int:
        """v, the number of levels of all variables."""
        return int(sum(self.sizes))

    @staticmethod
    def of(
        item: Ints,
        cell: Ints,
        cells: Ints,
        success: NDArray[np.bool_],
        sizes: Sequence[int],
        items: int,
        place: Ints | None = None,
        places: int = 1,
        examined: Floats | None = None,
    ) -> Trials:
        """Group rows of a log, each of which is a trial; rows with a factor other than 1 are not grouped.

        Args:
            item: (r,) the items.
            cell: (r,) the segments, as rows of `cells`.
            cells: (x, V) the level of each variable in each segment.
            success: (r,) bool, whether the trial succeeded.
            sizes: (V,) the number of levels of each variable.
            items: m.
            place: (r,) the places; one place for all by default.
            places: the number of places.
            examined: (r,) known factors of the probability of success; 1 by default.
        """
        r = len(item)
        place = np.zeros(r, np.int64) if place is None else place
        if examined is None:
            examined = np.ones(r)
        alike = examined == 1
        key = (item[alike] * places + place[alike]) * len(cells) + cell[alike]
        kept, group = np.unique(key, return_inverse=True)
        rest = ~alike
        rows = kept // len(cells)

        def joined(of_groups: NDArray[np.float64] | Ints, of_rows: NDArray[np.float64] | Ints) -> NDArray[np.float64]:
            return np.concatenate([of_groups, of_rows])

        return Trials(
            item=joined(rows // places, item[rest]).astype(np.int64),
            level=cells[joined(kept % len(cells), cell[rest]).astype(np.int64)],
            place=joined(rows % places, place[rest]).astype(np.int64),
            trials=joined(np.bincount(group, minlength=len(kept)).astype(np.float64), np.ones(rest.sum())),
            successes=joined(
                np.bincount(group, success[alike].astype(np.float64), minlength=len(kept)), success[rest].astype(np.float64)
            ),
            examined=joined(np.ones(len(kept)), examined[rest]),
            items=items,
            sizes=tuple(int(size) for size in sizes),
            places=places,
        )

    def of_successes(self, successes: Floats) -> Trials:
        """The same trials with other successes.

        Args:
            successes: (g,) the numbers of successes.
        """
        return replace(self, successes=successes)
