"""What the fields of the flat observation mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.utils.short_repr import Brief


@dataclass(frozen=True)
class Field:
    """One stretch of the observation: `width` float32 numbers within `[low, high]`."""

    name: str
    width: int
    low: float
    high: float
    meaning: str


class Layout(Brief):
    """The observation, field by field, in order."""

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
        """A table of the fields, a line each."""
        rows = []
        for field in self.fields:
            where = self._slices[field.name]
            rows.append(
                f"{where.start:4d}..{where.stop - 1:<4d} {field.name:12s} [{field.low:g}, {field.high:g}]  {field.meaning}"
            )
        return "\n".join(rows)
