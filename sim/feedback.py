"""The feedback of a batch of shoppers to a batch of slates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.arrays import check_finite, check_numbers, check_shape
from slategym.utils.short_repr import Brief

MOST = 2**62  # of items and steps, where nothing says how many there are


@dataclass(frozen=True, repr=False)
class DelayedConversions(Brief):
    """Conversions that arrive at this step for impressions of earlier steps; one entry each.

    Attributes:
        row: (l,) int64, the row of the batch that converted.
        age: (l,) int64, how many steps ago the item was shown in that row, 1 or more.
        rank: (l,) int64, the rank (from 0) at which it was shown.
        item: (l,) int64, the item.
        revenue: (l,) float32, what was paid.
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
        """No delayed conversion."""
        empty = np.zeros(0, np.int64)
        return DelayedConversions(empty, empty, empty, empty, np.zeros(0, np.float32))

    def __len__(self) -> int:
        return len(self.row)

    def take(self, entries: NDArray[np.int64] | slice) -> DelayedConversions:
        """Some of them.

        Args:
            entries: (e,) int64, which ones, or a slice.
        """
        row, age, rank, item = (array[entries] for array in (self.row, self.age, self.rank, self.item))
        return DelayedConversions(row, age, rank, item, self.revenue[entries])


@dataclass(frozen=True, repr=False)
class Feedback(Brief):
    """The answer of n shoppers to slates of k items.

    Attributes:
        clicks: (n, k) bool.
        conversions: (n, k) bool, conversions that arrived at once; the others come in `delayed` of a later step.
        revenue: (n, k) float32, what was paid for `conversions`.
        objectives: (n, M) float32, what this step earned, delayed arrivals included, in the order of `world.objective_names`.
        terminated: (n,) bool, the shopper left and will not come back.
        truncated: (n,) bool, the last visit of the simulated span; never with `terminated`.
        delayed: conversions of earlier impressions that arrived now.
        next_observation: (n, o) float32, what the recommender sees of the same shoppers after this visit.
        behaviours: (n, k) float32 by name, what shoppers did besides clicking and converting (`UserModel.behaviours`).
        days_away: (n,) int64, the days until the next visit; None where the world does not count days.

    `Feedback.of` makes one of clicks alone, and of whatever else there is.
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
        """Feedback from arrays, or lists of them, of which only the clicks must be given.

        Args:
            clicks: (n, k), true or false.
            conversions: (n, k), true or false, true only where there is a click; none by default.
            revenue: (n, k), what was paid; 0 by default.
            objectives: (n, M), what the step earned; by default clicks and conversions, delayed ones included.
            terminated: (n,), true or false, who left; nobody by default.
            truncated: (n,), true or false, whose last visit it was; never with `terminated`; nobody by default.
            delayed: conversions of earlier impressions; none by default.
            next_observation: (n, o); of no fields by default.
            behaviours: (n, k) by name; none by default.
            days_away: (n,) whole numbers from 0; not counted by default.

        Raises:
            ValueError: a shape or number that does not belong; the message names the first.
        """
        clicked = _flags("clicks", clicks, None)
        n, k = shape = clicked.shape
        converted = np.zeros(shape, np.bool_) if conversions is None else _flags("conversions", conversions, shape)
        _refuse("conversions", converted & ~clicked, "is without a click: expected conversions of what was clicked")
        arrived = DelayedConversions.none() if delayed is None else delayed
        check_delayed(arrived, n, k, MOST)
        gone, over = (
            np.zeros(n, np.bool_) if flags is None else _flags(name, flags, (n,))
            for name, flags in (("terminated", terminated), ("truncated", truncated))
        )
        _refuse("truncated", gone & over, "holds of a shopper who has left: expected one of them")
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
    """Refuse delayed conversions that belong to no impression, before their numbers become indices.

    Args:
        delayed: l of them.
        rows: n, of the batch at which they arrive.
        slate_size: k.
        items: m.
        longest_delay: the most steps by which one can be delayed; any number of them if it is None.

    Raises:
        ValueError: columns of different lengths, or an entry out of its range; names the column, the entry and the range.
    """
    if not isinstance(delayed, DelayedConversions):
        raise ValueError(
            f"feedback.delayed is a {type(delayed).__name__}: expected DelayedConversions (.none() where nothing is delayed)"
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
            raise ValueError(f"feedback.delayed.{name} {came}: expected an array of one entry a conversion")
    if len(delayed.row) == 0:
        return
    check_numbers(delayed.row, rows, "feedback.delayed.row", "a row")
    check_numbers(delayed.rank, slate_size, "feedback.delayed.rank", "a rank")
    check_numbers(delayed.item, items, "feedback.delayed.item")
    most = MOST if longest_delay is None else longest_delay
    age = check_numbers(delayed.age, most + 1, "feedback.delayed.age", "an age in steps")
    if age.min() < 1:
        raise ValueError(f"feedback.delayed.age[{age.argmin()}] = 0 is not an age in steps: they run 1..{most}")
    check_finite(delayed.revenue, delayed.row.shape, "feedback.delayed.revenue")
