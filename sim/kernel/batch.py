"""Small work on the rows of a batch, compiled."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def weighted(values: Any, weights: Any, sums: Any) -> None:
    """Write values (n, M) times weights (M,) into sums (n,), added up in order: to the last bit the same whatever the batch."""
    sums[:] = 0
    for column in range(len(weights)):
        for row in range(len(values)):
            sums[row] += values[row, column] * weights[column]


@nb.njit(cache=True, nogil=True)
def copy_rows(rows: Any, values: Any, out: Any) -> None:
    """Copy some rows (r,) of values (n, c) to where they stand in `out` (n, c)."""
    for row in rows:
        for column in range(values.shape[1]):
            out[row, column] = values[row, column]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def not_an_item(values: Any, start: int, stop: int, below: int) -> int:
    """Where the first of the columns from `start` up to `stop` of float32 values (n, o) stands that is no item: or -1.

    Items are whole numbers 0..below - 1, fewer than 2**24; it is counted row by row, among those columns.
    """
    lowest, highest = np.float32(0), np.float32(below - 1)
    for row in range(values.shape[0]):
        line, wrong = values[row, start:stop], 0
        for column in range(len(line)):  # without a way out, so in vector instructions; a NaN is equal to nothing
            value = min(max(line[column], lowest), highest)
            wrong |= np.float32(np.int32(value)) != line[column]
        if wrong:
            for column in range(len(line)):
                value = min(max(line[column], lowest), highest)
                if np.float32(np.int32(value)) != line[column]:
                    return row * len(line) + column
    return -1
