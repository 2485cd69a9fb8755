"""Compiled operations on the rows of a batch: weighted sums, copies, checks, pending conversions."""

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


@nb.njit(cache=True, nogil=True)
def settle(step: int, place: Any, visit: Any, answer: Any, pending: Any, waiting: Any, arrived: Any) -> Any:
    """Take out of a step's conversions those that stay open, and bring in those of earlier steps that become known now.

    The pending conversions of departing shoppers become known.

    Args:
        step: the number of this step.
        place: (s,) where in `converted` this step's conversions stand, row by row.
        visit: items, delay, terminated and truncated, as in `VisitOutcome`; only read.
        answer: converted, revenue and objectives; what stays open is taken out, and what becomes known counts in the objectives.
        pending: (p,) the open conversions of earlier steps, a record of `slategym.sim.simulation.PENDING` each.
        waiting: (p + s,) takes the conversions that are open now.
        arrived: (p,) row, age, rank, item and revenue, which take the conversions that become known now.

    Returns:
        How many are open now, and how many become known.
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
