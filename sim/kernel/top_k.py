"""The k best of each row, compiled: the highest score of each stretch of the row, then k times the best stretch."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numba.extending import overload

STRETCH = 32  # number of scores
_SIGN, _BELOW_SIGN = np.int32(31), np.int32(0x7FFFFFFF)


@nb.njit(cache=True)
def _highest_float32(scores: Any) -> Any:
    """Compare as whole numbers in the same order: the compiler turns their maximum into vector instructions."""
    largest = np.int32(-(2**31))
    for column in range(len(scores)):
        bits = np.float32(scores[column]).view(np.int32)
        largest = max(largest, bits ^ ((bits >> _SIGN) & _BELOW_SIGN))
    return np.int32(largest ^ ((largest >> _SIGN) & _BELOW_SIGN)).view(np.float32)


@nb.njit(cache=True, fastmath={"nnan", "nsz"})
def _highest_of_others(scores: Any) -> Any:
    result = scores[0]
    for column in range(1, len(scores)):
        score = scores[column]
        result = score if score > result else result
    return result


def highest(scores: Any) -> Any:
    """The highest of some scores, none of them NaN. Compiled code calls `_highest`; this is for code that is not compiled."""
    return scores.max()


@overload(highest, strict=False)
def _highest(scores: Any) -> Any:
    if scores.dtype == nb.float32:
        return lambda scores: _highest_float32(scores)
    return lambda scores: _highest_of_others(scores)


@nb.njit(cache=True, fastmath={"nnan", "nsz"})
def highest_below(scores: Any, bar: Any, lowest: Any) -> Any:
    """The highest of the scores below a bar; `lowest` if there is none."""
    result = lowest
    for column in range(len(scores)):
        score = scores[column]
        below = score if score < bar else lowest
        result = below if below > result else result
    return result


@nb.njit(cache=True)
def following(scores: Any, score: Any, column: int, lowest: Any) -> Any:
    """The score after the score at a column, in descending order; equal scores are ordered from left to right."""
    again = 0
    for other in range(column + 1, len(scores)):
        again |= scores[other] == score
    return score if again else highest_below(scores, score, lowest)


@nb.njit(cache=True)
def holds_nan(scores: Any) -> Any:
    """Whether a score is NaN."""
    found = 0
    for column in range(len(scores)):
        found |= scores[column] != scores[column]
    return found > 0


@nb.njit(cache=True, nogil=True)
def best(scores: Any, columns: Any) -> int:
    """Write the columns (n, k) of the highest scores (n, m), best first; ties: lowest column first.

    Returns the first row that holds a NaN, or -1.
    """
    n, m = scores.shape
    lowest = scores.dtype.type(-np.inf)
    stretches = (m + STRETCH - 1) // STRETCH
    top = np.empty(stretches, scores.dtype)  # the highest remaining score of each stretch
    left = np.empty(stretches, np.int64)  # the number of remaining scores of each stretch
    for row in range(n):
        line = scores[row]
        if holds_nan(line):
            return row
        for stretch in range(stretches):
            start = stretch * STRETCH
            end = min(start + STRETCH, m)
            top[stretch], left[stretch] = highest(line[start:end]), end - start
        for rank in range(columns.shape[1]):
            where = -1
            for stretch in range(stretches):
                if left[stretch] > 0 and (where < 0 or top[stretch] > top[where]):
                    where = stretch
            start, score = where * STRETCH, top[where]
            end = min(start + STRETCH, m)
            # Equal scores are taken from left to right: if the last one taken is equal, the search begins after it.
            column = start
            if rank > 0 and start <= columns[row, rank - 1] < end and line[columns[row, rank - 1]] == score:
                column = columns[row, rank - 1] + 1
            while line[column] != score:
                column += 1
            columns[row, rank] = column
            left[where] -= 1
            if left[where] > 0:
                top[where] = following(line[start:end], score, column - start, lowest)
    return -1
