"""A survey of the columns of a table: how each is read, or what it could be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from slategym.logs import cells
from slategym.logs.roles import Given, assign, given_columns
from slategym.sim.files.table import Table, is_missing

EXAMPLES = 3
LONGEST = 24  # characters of an example


@dataclass(frozen=True)
class ColumnSurvey:
    """A column of a table.

    Attributes:
        name: name of the column.
        read_as: its meaning, from its name or as given; "" if unknown.
        might_be: the meanings that its values would fit; "" for a column with a meaning.
        different: number of different values.
        empty: number of empty cells.
        examples: some values.
    """

    name: str
    read_as: str
    might_be: str
    different: int
    empty: int
    examples: tuple[str, ...]


def survey(source: Any, columns: Given = None, *, encoding: str | None = None) -> list[ColumnSurvey]:
    """Describe the columns of a file or data frame, which need not be a log yet.

    Args:
        source: see `read_impressions`, but not a log of slategym or bandit feedback.
        columns: see `read_impressions`.
        encoding: see `read_impressions`.

    Raises:
        ValueError: the file cannot be read, or `columns` names a column that is not in it.
    """
    given = given_columns(columns)
    table = cells.table_of(source, encoding)
    roles, _ = assign(list(table.columns), given)
    meaning = {name: role for role in sorted(roles, key=lambda role: role != "slate") for name in roles[role]}
    return [_column(table, name, meaning.get(name, "")) for name in table.columns]


def _column(table: Table, name: str, read_as: str) -> ColumnSurvey:
    import pyarrow.compute as pc

    text = table.text_of(name)
    empty = is_missing(text)
    counts = pc.value_counts(text.filter(~empty))
    values, times = counts.field("values"), counts.field("counts")
    examples = tuple(str(value)[:LONGEST] for value in values[:EXAMPLES].to_pylist())
    might_be = "" if read_as else _might_be(table, name, len(values), int(pc.max(times).as_py() or 0))
    return ColumnSurvey(name, read_as, might_be, len(values), int(empty.sum()), examples)


def _might_be(table: Table, name: str, different: int, most_often: int) -> str:
    """The meanings that the values of a column would fit."""
    rows = table.rows
    if table.share_of_numbers(name) == 1.0:
        numbers = table.numbers(name, missing=True)
        known = numbers[~np.isnan(numbers)]
        if np.isin(known, (0, 1)).all():
            return "click, conversion or event"
        if len(known) and known.min() > 0 and known.max() <= 1:
            return "propensity, or context"
        if (known == np.round(known)).all() and len(known):
            if 0 <= known.min() <= 1 and known.max() <= 20 and different == known.max() - known.min() + 1:
                return "rank, or context"
            return "slate" if most_often == 1 and rows > 1 else "item, shopper, slate or context"
        return "revenue, or context"
    if different <= 2 and set(map(str.lower, _some(table, name))) <= {*cells.TRUE, *cells.FALSE}:
        return "click, conversion or event"
    if table.share_of_numbers(name) == 0.0 and not np.isnan(cells.times(_copy(table), name, missing=True)[0]).all():
        return "time"
    return "slate" if most_often == 1 and rows > 1 else "item, shopper or context"


def _some(table: Table, name: str) -> list[str]:
    return [str(value) for value in table.text_of(name).unique().to_pylist() if value]


def _copy(table: Table) -> Table:
    """A copy of the table whose faults are not reported."""
    other = object.__new__(Table)
    other.__dict__.update(table.__dict__)
    other.faults = []
    return other
