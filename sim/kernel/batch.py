"""Compiled operations on the rows of a batch: weighted sums, copies, checks, pending conversions."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def weighted(values: Any, weights: Any, sums: Any) -> None:
    """Write values (n, M) times weights (M,) into sums (n,), added in order, so that no bit depends on the batch."""
    sums[:] = 0
    for column in range(len(weights)):
        for row in range(len(values)):
            sums[row] += values[row, column] * weights[column]


@nb.njit(cache=True, nogil=True)
def copy_rows(rows: Any, values: Any, out: Any) -> None:
    """Copy some rows (r,) of values (n, c) to the same rows of `out` (n, c)."""
    for row in rows:
        for column in range(values.shape[1]):
            out[row, column] = values[row, column]


@nb.njit(cache=True, nogil=True, error_model="numpy")
def not_an_item(values: Any, start: int, stop: int, below: int) -> int:
    """Find the first of the columns from `start` up to `stop` of float32 values (n, o) that is no item; -1 if there is none.

    Items are whole numbers 0..below - 1, fewer than 2**24. The result counts row by row, and only those columns.
    """
    lowest, highest = np.float32(0), np.float32(below - 1)
    for row in range(values.shape[0]):
        line, wrong = values[row, start:stop], 0
        for column in range(len(line)):  # without early exit, so in vector instructions; a NaN is equal to nothing
            value = min(max(line[column], lowest), highest)
            wrong |= np.float32(np.int32(value)) != line[column]
        if wrong:
            for column in range(len(line)):
                value = min(max(line[column], lowest), highest)
                if np.float32(np.int32(value)) != line[column]:
                    return row * len(line) + column
    return -1


@nb.njit(cache=True, nogil=True)
def settle(step: int, place: Any, visit: Any, answer: Any, pending: Any, waiting: Any, arrived: Any) -> Any:
    """Remove pending conversions from a step's conversions, and add those of earlier steps that become known now.

    The pending conversions of departing shoppers become known.

    Args:
        step: the number of this step.
        place: (s,) the positions in `converted` of this step's conversions, row by row.
        visit: items, delay, terminated and truncated, as in `VisitOutcome`; only read.
        answer: converted, revenue and objectives; pending conversions are removed, and known ones count in the objectives.
        pending: (p,) the pending conversions of earlier steps, each a record of `slategym.sim.simulation.PENDING`.
        waiting: (p + s,) receives the conversions that are pending now.
        arrived: (p,) row, age, rank, item and revenue, which receive the conversions that become known now.

    Returns:
        The number of conversions that are pending now, and the number that become known.
    """
    items, delay, terminated, truncated = visit
    converted, revenue, objectives = answer
    row, age, rank, item, paid = arrived
    open_, known = 0, 0
    for conversion in pending:
        if conversion["due"] <= step or terminated[conversion["row"]] or truncated[conversion["row"]]:
            objectives[conversion["row"], 1] += 1
            row[known], age[known], rank[known] = conversion["row"], step - conversion["shown"], conversion["rank"]
            item[known], paid[known] = conversion["item"], conversion["revenue"]
            known += 1
        else:
            waiting[open_] = conversion
            open_ += 1
    for each in place:
        at, of = divmod(each, converted.shape[1])
        if delay[at, of] > 0 and not (terminated[at] or truncated[at]):
            conversion = waiting[open_]
            conversion["row"], conversion["rank"], conversion["item"], conversion["revenue"] = (
                at,
                of,
                items[at, of],
                revenue[at, of],
            )
            conversion["shown"], conversion["due"] = step, step + delay[at, of]
            objectives[at, 1] -= 1
            converted[at, of], revenue[at, of] = False, 0
            open_ += 1
    return open_, known
