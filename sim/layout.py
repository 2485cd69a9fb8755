"""The fields of the flat observation, with their meanings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.sim.user_models.history import HISTORY_DECAY
from slategym.utils.short_repr import Brief


@dataclass(frozen=True)
class Field:
    """One field of the observation: `width` float32 numbers within `[low, high]`.

    Attributes:
        name: the name, by which `Layout` finds the field.
        width: the number of columns.
        low: the smallest value.
        high: the largest value.
        meaning: a description in one line.
    """

    name: str
    width: int
    low: float
    high: float
    meaning: str


class Layout(Brief):
    """The fields of the flat observation, in order: `observation[:, layout["context"]]` reads one of them.

    Args:
        fields: the fields; those of width 0 are left out.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(field for field in fields if field.width > 0)
        self.size = sum(field.width for field in self.fields)
        self._slices: dict[str, slice] = {}
        start = 0
        for field in self.fields:
            self._slices[field.name] = slice(start, start + field.width)
            start += field.width

    def _told(self) -> Iterable[str]:
        return (f"{field.name} {field.width}" for field in self.fields)

    def __contains__(self, name: str) -> bool:
        return name in self._slices

    def __getitem__(self, name: str) -> slice:
        """The columns of a field: `observation[:, layout["context"]]`."""
        return self._slices[name]

    @property
    def low(self) -> NDArray[np.float32]:
        """(o,) lower bounds."""
        return np.concatenate([np.full(f.width, f.low, np.float32) for f in self.fields])

    @property
    def high(self) -> NDArray[np.float32]:
        """(o,) upper bounds."""
        return np.concatenate([np.full(f.width, f.high, np.float32) for f in self.fields])

    def describe(self) -> str:
        """Return a table of the fields, one line each."""
        rows = []
        for field in self.fields:
            where = self._slices[field.name]
            rows.append(
                f"{where.start:4d}..{where.stop - 1:<4d} {field.name:12s} [{field.low:g}, {field.high:g}]  {field.meaning}"
            )
        return "\n".join(rows)


def observation_layout(
    *, context: int, categories: int, items: int, slate_size: int, longest_delay: int, counts_days: bool, candidates: int
) -> Layout:
    """Make the layout of a world's observation.

    Args:
        context: the width of the observed context of a shopper.
        categories: g, the number of categories; 0 for a world of single visits, which has no history to show.
        items: m.
        slate_size: k.
        longest_delay: the longest delay of a conversion, in visits.
        counts_days: whether days pass between visits.
        candidates: C, or 0.
    """
    longest = 1.0 / (1.0 - HISTORY_DECAY)
    most = longest + longest_delay  # delayed conversions may all become known at once
    decayed = f"decayed by {HISTORY_DECAY:g} per visit"
    return Layout(
        [
            Field("context", context, -np.inf, np.inf, "observed features of the shopper"),
            Field("exposure", categories, 0.0, slate_size * longest, f"items shown per category, {decayed}"),
            Field("engagement", 2 if categories else 0, 0.0, slate_size * most, f"clicks and conversions, {decayed}"),
            Field("clock", 1, 0.0, 1.0, "visits so far, as a share of the maximum"),
            Field("day", int(counts_days), 0.0, np.inf, "days since the first visit"),
            Field("candidates", candidates, 0.0, items - 1.0, "items to choose from, in ascending order"),
        ]
    )
