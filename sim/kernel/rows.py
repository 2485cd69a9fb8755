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
def not_an_item(values: Any, below: int) -> int:
    """Where the first of values (n, c) stands, row by row, that is no whole number 0..below - 1; or -1."""
    for row in range(values.shape[0]):
        line, wrong = values[row], False
        for column in range(len(line)):  # without a way out, so in vector instructions
            value = line[column]
            wrong |= not ((value >= 0) & (value < below) & (np.floor(value) == value))  # a NaN is neither
        if wrong:
            for column in range(len(line)):
                value = line[column]
                if not ((value >= 0) & (value < below) & (np.floor(value) == value)):
                    return row * len(line) + column
    return -1
