"""Sums over shards: what agents learn from, added up over all processes that simulate the shoppers of one world."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
SCALE = 2.0**32  # two thousand million rows fit into 63 bits


class Pool(Protocol):
    """What connects the copies of one agent. All of them ask it for the same sums, in the same order.

    Attributes:
        index: the number of this copy, from 0.
        count: S, how many copies there are.
    """

    index: int
    count: int

    def total(self, sums: Mapping[str, NDArray[Any]]) -> Arrays:
        """The sums of arrays over all copies, added up in the order of their numbers; the same ones for each."""
        ...


_pool: ContextVar[Pool | None] = ContextVar("pool", default=None)


@contextmanager
def pooled(pool: Pool) -> Iterator[None]:
    """Let agents that learn in this block add up over a pool.

    Args:
        pool: of the copies.
    """
    token = _pool.set(pool)
    try:
        yield
    finally:
        _pool.reset(token)


def is_pooled() -> bool:
    """Whether this is one of the copies of a pool, if only of one."""
    return _pool.get() is not None


def pooled_total(**sums: NDArray[Any]) -> Arrays:
    """Sums over all copies; without a pool the arrays themselves.

    Args:
        sums: of this copy, by name; of the same names and shapes in all.
    """
    pool = _pool.get()
    return dict(sums) if pool is None else pool.total(sums)


def gathered(**arrays: NDArray[Any]) -> Arrays:
    """(S, ...) small arrays of all copies, one above the other; without a pool S is 1.

    Args:
        arrays: of this copy, by name; of the same names and shapes in all.
    """
    pool = _pool.get()
    if pool is None:
        return {name: array[None] for name, array in arrays.items()}
    return pool.total({name: _in_row(array, pool.index, pool.count) for name, array in arrays.items()})


def mean(rows: NDArray[Any], **options: Any) -> tuple[NDArray[Any], int]:
    """(...) the mean over the rows (n, ...) of all copies, with a pool in float64; and how many rows they have.

    Args:
        rows: of this copy.
        options: of NumPy's `mean`, by which it is computed without a pool.
    """
    if not is_pooled():
        return np.asarray(rows.mean(axis=0, **options)), len(rows)
    sums = pooled_total(sum=rows.sum(axis=0, dtype=np.float64), count=np.array(len(rows)))
    count = int(sums["count"])
    return np.asarray(sums["sum"] / max(count, 1)), count


def total_of_shares(rows: NDArray[np.floating]) -> NDArray[np.float64]:
    """(...) the sum over the rows (n, ...) of all copies, for numbers from 0 to 1.

    With a pool each is rounded to a multiple of 2^-32, so that the sum is exact and does not depend on how the rows are divided.

    Args:
        rows: of this copy.
    """
    if not is_pooled():
        return np.asarray(rows.sum(axis=0))
    sums = pooled_total(sum=np.rint(rows * np.float64(SCALE)).astype(np.int64).sum(axis=0))
    return np.asarray(sums["sum"] / SCALE, np.float64)


def count(rows: int) -> int:
    """The number of rows of all copies.

    Args:
        rows: of this copy.
    """
    return int(pooled_total(count=np.array(rows))["count"])


class ManyRows:
    """Numbers for the rows of several parts in all copies: part by part, and in each the copies one after the other.

    So a row has the same number however the rows are divided among copies, if those of each part are in the order of shoppers.

    Args:
        parts: how many rows of each part this copy has; as many parts as the others.

    Attributes:
        count: of the rows of all.
    """

    def __init__(self, parts: Sequence[int]) -> None:
        counts = gathered(rows=np.array(parts, np.int64))["rows"]  # (S, parts)
        pool = _pool.get()
        index = 0 if pool is None else pool.index
        self.count = int(counts.sum())
        starts = np.cumsum(counts.sum(axis=0)) - counts.sum(axis=0) + counts[:index].sum(axis=0)
        self._mine = [np.arange(start, start + rows) for start, rows in zip(starts, parts, strict=True)]
        self._all_here = pool is None

    def here(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of those rows that this copy has, among its own, in the order of the numbers.

        Args:
            numbers: (b,) int64, different ones.
        """
        if self._all_here:
            return numbers
        mine = np.concatenate(self._mine)
        place = np.searchsorted(mine, numbers)
        there = np.append(mine, -1)[place] == numbers
        return np.asarray(place[there])


def _in_row(array: NDArray[Any], index: int, rows: int) -> NDArray[Any]:
    """(S, ...) zeros but for one row."""
    made = np.zeros((rows, *np.shape(array)), np.asarray(array).dtype)
    made[index] = array
    return made
