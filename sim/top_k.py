"""The k best of each row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# One vectorised search for the highest score a rank beats a partition of the row up to about this many ranks.
_MOST_SEARCHES = 32


def top_k(scores: NDArray[Any], count: int) -> NDArray[np.int64]:
    """(n, count) columns of the highest scores (n, m) of each row, best first; of equals, the lowest column first.

    Raises:
        ValueError: fewer than `count` columns, or a NaN among the scores.
    """
    columns = scores.shape[1]
    if count > columns:
        raise ValueError(f"cannot take the best {count} of {columns} items: the slate is larger than the catalogue")
    if count <= _MOST_SEARCHES and scores.dtype.kind == "f":
        return _by_searches(scores, count)
    return _by_partition(scores, count)


def _by_searches(scores: NDArray[Any], count: int) -> NDArray[np.int64]:
    """The best of what is left, `count` times: a search runs at the speed of memory."""
    rows = np.arange(len(scores))
    left = scores.copy()
    best = np.empty((len(scores), count), np.int64)
    for rank in range(count):
        best[:, rank] = left.argmax(axis=1)
        found = left[rows, best[:, rank]]
        # A NaN counts as the highest; and of items at minus infinity the search cannot tell which are taken.
        if not (found > -np.inf).all():
            return _by_partition(scores, count)
        left[rows, best[:, rank]] = -np.inf
    return best


def _by_partition(scores: NDArray[Any], count: int) -> NDArray[np.int64]:
    columns = scores.shape[1]
    if np.isnan(scores).any():
        row, column = np.argwhere(np.isnan(scores))[0]
        raise ValueError(f"scores[{row}, {column}] is NaN: every item needs a finite score")
    if count < columns:
        threshold = np.partition(scores, columns - count, axis=1)[:, columns - count, None]
        above = scores > threshold
        # Of the items that tie at the threshold, the first ones fill what is left.
        tied = scores == threshold
        ties = tied.sum(axis=1)
        needed = count - above.sum(axis=1)
        if (ties > needed).any():
            tied &= np.cumsum(tied, axis=1) <= needed[:, None]
        chosen = np.nonzero(above | tied)[1].reshape(len(scores), count)
    else:
        chosen = np.broadcast_to(np.arange(columns), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1).astype(np.int64, copy=False)
