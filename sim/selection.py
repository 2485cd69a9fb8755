"""The k best columns of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import leave_out
from slategym.utils.arrays import as_numbers, check_shape


def top_k(scores: NDArray[Any], count: int) -> NDArray[np.int64]:
    """(n, count) int64, the columns of the highest scores of each row, best first; ties: lowest column.

    Args:
        scores: (n, m).
        count: the number of columns to return.

    Raises:
        ValueError: there are fewer than `count` columns, or a score is NaN.
    """
    scores = as_numbers(scores, "scores")
    check_shape(scores, (None, None), "scores", "one number per item")
    from slategym.sim.kernel.top_k import best  # compiled: imported on first use

    if count > scores.shape[1]:
        raise ValueError(f"cannot take the best {count} of {scores.shape[1]} items: the slate is larger than the catalogue")
    columns = np.empty((len(scores), count), np.int64)
    # The same memory layout always, so that one kernel is compiled for float32 and one for float64.
    rows = np.ascontiguousarray(scores, scores.dtype if scores.dtype in (np.float32, np.float64) else np.float64)
    bad = best(rows, columns)
    if bad >= 0:
        raise ValueError(f"scores[{bad}, {int(np.isnan(rows[bad]).argmax())}] is NaN: every item needs a finite score")
    return columns


def best_by_value(value: NDArray[Any], count: int) -> NDArray[np.int64]:
    """(n, count) slates of the items with the highest value (n, m), best first; `leave_out` removes negative values."""
    best = top_k(value, count)
    return leave_out(best, np.take_along_axis(value, best, axis=1) < 0)
