"""The feedback of a batch of shoppers to their slates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.arrays import check_finite, check_numbers, check_shape
from slategym.utils.short_repr import Brief

MOST = 2**62  # of items and steps, if their number is unknown


@dataclass(frozen=True, repr=False)
class DelayedConversions(Brief):
    """Conversions that arrive at this step, for impressions of earlier steps; one entry for each.

    Attributes:
        row: (l,) int64, the row of the batch whose shopper converted.
        age: (l,) int64, the number of steps since the item was shown in that row, 1 or more.
        rank: (l,) int64, the rank (from 0) at which it was shown.
        item: (l,) int64, the item.
        revenue: (l,) float32, the amount paid.
    """

    row: NDArray[np.int64]
    age: NDArray[np.int64]
    rank: NDArray[np.int64]
    item: NDArray[np.int64]
    revenue: NDArray[np.float32]

    def _told(self) -> Iterable[str]:
        yield f"{len(self):,} conversions"

    @staticmethod
    def none() -> DelayedConversions:
        """Return an empty object."""
        empty = np.zeros(0, np.int64)
        return DelayedConversions(empty, empty, empty, empty, np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.row)

    def take(self, entries: NDArray[np.int64] | slice) -> DelayedConversions:
        """Return some of the entries.

        Args:
            entries: (e,) int64, their numbers; or a slice.
        """
        row, age, rank, item = (array[entries] for array in (self.row, self.age, self.rank, self.item))
        return DelayedConversions(row, age, rank, item, self.revenue[entries])


@dataclass(frozen=True, repr=False)
class Feedback(Brief):
    """The feedback of n shoppers to slates of k items. `Feedback.of` makes one from clicks, and from other data if there are any.

    Attributes:
        clicks: (n, k) bool.
        conversions: (n, k) bool, conversions that arrived at once; others arrive in `delayed` of a later step.
        revenue: (n, k) float32, the amount paid for `conversions`.
        objectives: (n, M) float32, the objectives of this step, including delayed arrivals, in the order of
            `world.objective_names`.
        terminated: (n,) bool, the shopper left and will not come back.
        truncated: (n,) bool, it was the last visit of the simulated period; never true together with `terminated`.
        delayed: conversions of earlier impressions that arrived at this step.
        next_observation: (n, o) float32, what the recommender sees of the same shoppers after this visit.
        behaviours: (n, k) float32 by name, what shoppers did besides clicking and converting (`UserModel.behaviours`).
        days_away: (n,) int64, the days until the next visit; None if the world does not count days.
    """

    clicks: NDArray[np.bool_]
    conversions: NDArray[np.bool_]
    revenue: NDArray[np.float32]
    objectives: NDArray[np.float32]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    delayed: DelayedConversions
    next_observation: NDArray[np.float32]
    behaviours: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    days_away: NDArray[np.int64] | None = None

    @staticmethod
    def of(
        clicks: ArrayLike,
        conversions: ArrayLike | None = None,
        revenue: ArrayLike | None = None,
        *,
        objectives: ArrayLike | None = None,
        terminated: ArrayLike | None = None,
        truncated: ArrayLike | None = None,
        delayed: DelayedConversions | None = None,
        next_observation: ArrayLike | None = None,
        behaviours: Mapping[str, ArrayLike] | None = None,
        days_away: ArrayLike | None = None,
    ) -> Feedback:
        """Make feedback from arrays or lists; only the clicks are required.

        Args:
            clicks: (n, k), true or false.
            conversions: (n, k), true or false, true only where there is a click; default: none.
            revenue: (n, k), the amounts paid; default: 0.
            objectives: (n, M), the objectives of the step; default: clicks and conversions, including delayed ones.
            terminated: (n,), true if the shopper left; default: false.
            truncated: (n,), true if it was the last visit; never true together with `terminated`; default: false.
            delayed: conversions of earlier impressions; default: none.
            next_observation: (n, o); default: no fields.
            behaviours: (n, k) by name; default: none.
            days_away: (n,) whole numbers from 0; default: not counted.

        Raises:
            ValueError: a shape or number is wrong; the message names the first one.
        """
        clicked = _flags("clicks", clicks, None)
        n, k = shape = clicked.shape
        converted = np.zeros(shape, np.bool_) if conversions is None else _flags("conversions", conversions, shape)
        _refuse("conversions", converted & ~clicked, "is without a click: expected conversions only where there is a click")
        arrived = DelayedConversions.none() if delayed is None else delayed
        check_delayed(arrived, n, k, MOST)
        gone, over = (
            np.zeros(n, np.bool_) if flags is None else _flags(name, flags, (n,))
            for name, flags in (("terminated", terminated), ("truncated", truncated))
        )
        _refuse("truncated", gone & over, "is true, and so is terminated: expected at most one of them")
        if objectives is None:
            counts = converted.sum(axis=1) + np.bincount(arrived.row, minlength=n)
            objectives = np.stack([clicked.sum(axis=1), counts], axis=1)
        nothing = np.zeros((n, 0), np.float32)
        return Feedback(
            clicks=clicked,
            conversions=converted,
            revenue=np.zeros(shape, np.float32) if revenue is None else _numbers("revenue", revenue, shape),
            objectives=_numbers("objectives", objectives, (n, None)),
            terminated=gone,
            truncated=over,
            delayed=arrived,
            next_observation=nothing if next_observation is None else _numbers("next_observation", next_observation, (n, None)),
            behaviours={name: _numbers(f"behaviours[{name!r}]", values, shape) for name, values in (behaviours or {}).items()},
            days_away=None if days_away is None else check_numbers(days_away, MOST, "feedback.days_away", "a day", (n,)),
        )

    def _told(self) -> Iterable[str]:
        yield f"{len(self.clicks):,} shoppers"
        yield from (f"{np.sum(getattr(self, name)):,} {name}" for name in ("clicks", "conversions", "terminated", "truncated"))
        yield f"{len(self.delayed):,} delayed"


def _refuse(name: str, wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        place = ", ".join(str(index) for index in np.argwhere(wrong)[0])
        raise ValueError(f"feedback.{name}[{place}] {what}")


def _flags(name: str, values: ArrayLike, shape: tuple[int | None, ...] | None) -> NDArray[np.bool_]:
    array = np.asarray(values)
    check_shape(array, shape or (None, None), f"feedback.{name}", "" if shape else "shoppers by ranks")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"feedback.{name} has dtype {array.dtype}: expected true and false, or 1 and 0")
    _refuse(name, (array != 0) & (array != 1), "is neither true nor false, 1 nor 0")
    return array.astype(np.bool_)


def _numbers(name: str, values: ArrayLike, shape: tuple[int | None, ...]) -> NDArray[np.float32]:
    array = np.asarray(values, np.float32)
    check_shape(array, shape or (None, None), f"feedback.{name}", "" if shape else "shoppers by ranks")
    _refuse(name, ~np.isfinite(array), "is not a finite number")
    return array.copy()


def check_delayed(delayed: DelayedConversions, rows: int, slate_size: int, items: int, longest_delay: int | None = None) -> None:
    """Check that delayed conversions belong to impressions, before their numbers are used as indices.

    Args:
        delayed: l of them.
        rows: n, the number of rows of the batch.
        slate_size: k.
        items: m.
        longest_delay: the largest delay in steps; None for no limit.

    Raises:
        ValueError: the columns have different lengths, or an entry is out of range; names the column, the entry and the range.
    """
    if not isinstance(delayed, DelayedConversions):
        raise ValueError(
            f"feedback.delayed is a {type(delayed).__name__}: expected DelayedConversions (.none() if nothing is delayed)"
        )
    columns: dict[str, Any] = {
        "row": delayed.row,
        "age": delayed.age,
        "rank": delayed.rank,
        "item": delayed.item,
        "revenue": delayed.revenue,
    }
    for name, column in columns.items():
        if not isinstance(column, np.ndarray) or column.ndim != 1 or len(column) != len(delayed.row):
            came = f"has shape {column.shape}" if isinstance(column, np.ndarray) else f"is a {type(column).__name__}"
            raise ValueError(f"feedback.delayed.{name} {came}: expected an array with one entry per conversion")
    if len(delayed.row) == 0:
        return
    check_numbers(delayed.row, rows, "feedback.delayed.row", "a row")
    check_numbers(delayed.rank, slate_size, "feedback.delayed.rank", "a rank")
    check_numbers(delayed.item, items, "feedback.delayed.item")
    most = MOST if longest_delay is None else longest_delay
    age = check_numbers(delayed.age, most + 1, "feedback.delayed.age", "an age in steps")
    if age.min() < 1:
        raise ValueError(f"feedback.delayed.age[{age.argmin()}] = 0 is not an age in steps: expected 1..{most}")
    check_finite(delayed.revenue, delayed.row.shape, "feedback.delayed.revenue")
