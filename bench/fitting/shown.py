"""The rows of a log in the form that the fits need: segment, item, rank, click, and the clicks above."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slategym.bench.fitting.trials import Ints
from slategym.logs.impressions import ImpressionLog
from slategym.logs.segments import Segments
from slategym.utils.short_repr import Brief

Mask = NDArray[np.bool_]


@dataclass(frozen=True, repr=False)
class Shown(Brief):
    """The impressions of a log, by slate and rank.

    Attributes:
        slate: (r,) ascending.
        rank: (r,) from 0, ascending within a slate.
        item: (r,) the item.
        cell: (r,) the segment of the shopper, a row of `cells`.
        click: (r,) whether it was clicked.
        cells: (x, V) the level of each variable in each segment.
        sizes: (V,) the number of levels of each variable.
        items: m.
        ranks: k.
    """

    slate: Ints
    rank: Ints
    item: Ints
    cell: Ints
    click: Mask
    cells: Ints
    sizes: tuple[int, ...]
    items: int
    ranks: int

    @staticmethod
    def of(log: ImpressionLog, segments: Segments) -> Shown:
        """The impressions of a log with clicks.

        Args:
            log: a log with an event "click".
            segments: the segments of its shoppers.

        Raises:
            ValueError: the log has no clicks, or lacks a column of the segments.
        """
        sizes = tuple(len(levels) for levels in segments.levels.values())
        cells = np.stack(np.unravel_index(np.arange(segments.cells), sizes), axis=1) if sizes else np.zeros((1, 0), np.int64)
        return Shown(log.slate, log.rank, log.item, segments.cell(log)[log.slate], log.click, cells, sizes, log.items, log.ranks)

    @property
    def slates(self) -> int:
        """The number of slates."""
        return int(self.slate[-1]) + 1 if len(self.slate) else 0

    @property
    def single(self) -> bool:
        """Whether each row is a separate slate, so that the rows above it are not known."""
        return self.slates == len(self.slate)

    @property
    def last_click(self) -> Ints:
        """(r,) the rank of the last click above in the same slate; -1 if there is none."""
        wide = self.ranks + 1
        latest = np.maximum.accumulate(self.slate * wide + np.where(self.click, self.rank + 1, 0))
        before = np.concatenate([[0], latest[:-1]])
        return np.maximum(before - self.slate * wide, 0) - 1

    def rows(self, some: Mask) -> Shown:
        """Some of the rows, without renumbering slates.

        Args:
            some: (r,) bool, the rows to keep.
        """
        return replace(
            self,
            slate=self.slate[some],
            rank=self.rank[some],
            item=self.item[some],
            cell=self.cell[some],
            click=self.click[some],
        )

    def of_slates(self, some: Mask) -> Shown:
        """Some of the slates, renumbered from 0.

        Args:
            some: (s,) bool, the slates to keep.
        """
        number = np.cumsum(some) - 1
        chosen = self.rows(some[self.slate])
        return replace(chosen, slate=number[chosen.slate])
