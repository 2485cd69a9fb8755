"""The features made from columns: numbers stay as they are, other types follow documented rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slategym.sim.files.table import Table, is_missing
from slategym.utils.standardize import standardised

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Text = Literal["refuse", "one-hot", "leave-out"]
Missing = Literal["refuse", "fill"]
HeavyTails = Literal["tame", "keep"]
LEVELS = 10  # texts of a column that get a feature of their own
FAR = 5.0  # standard deviations from the mean; a column with a value beyond has a heavy tail
LIMIT = 4.0  # standard deviations from the mean to which a tamed column is limited
WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
OTHER_DATE = r"^[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?$"


class Feature(NamedTuple):
    """A feature of the items.

    Attributes:
        name: the name of its column, or "column=level", or "column missing".
        values: (m,) float64.
    """

    name: str
    values: Floats


def features_of(table: Table, column: str, text: Text, missing: Missing) -> list[Feature]:
    """Make the features of a column; faults are noted in the table.

    Args:
        table: the table of the column.
        column: its name.
        text: how to treat text.
        missing: how to treat empty cells.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = table.columns[column].type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return _filled(table, column, _days(table.columns[column]), missing)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)):
        return _filled(table, column, table.numbers(column, missing=True), missing)
    if table.share_of_numbers(column) >= 0.5:
        return _filled(table, column, table.numbers(column, missing=True), missing)
    cells = table.text_of(column)
    held = pc.drop_null(pc.if_else(pc.equal(cells, ""), None, cells))
    if len(held) == 0:
        table.fault(f"has nothing in column {column!r}: leave it out")
        return []
    lower = pc.utf8_lower(held)
    if pc.all(pc.is_in(lower, pa.array(list(WORDS)))).as_py():
        numbered = pc.utf8_lower(cells).to_numpy(zero_copy_only=False)
        levels = {word: value for word, value in WORDS.items() if word in set(pc.unique(lower).to_pylist())}
        values = np.full(table.rows, np.nan)
        for word, value in levels.items():
            values[numbered == word] = value
        return _filled(table, column, values, missing)
    if pc.all(pc.match_substring_regex(held, DATE)).as_py():
        return _filled(table, column, _days_of_text(table, column, cells), missing)
    if pc.all(pc.match_substring_regex(held, OTHER_DATE)).as_py():
        table.fault(f"has dates such as {held[0].as_py()!r} in column {column!r}: write them as 2026-11-26, or leave them out")
        return []
    if text == "one-hot":
        return _one_hot(table, column, cells, missing)
    if text == "refuse":
        example = held[0].as_py()
        table.fault(
            f"has text in column {column!r}, such as {example!r}: leave it out with features=[...] or text='leave-out', "
            "or read it with text='one-hot'; name texts that customers read title and description, with columns={...}"
        )
    return []


def tamed(values: Floats) -> Floats:
    """(m,) a standardised column; a column with a heavy tail is transformed and limited first.

    A column has a heavy tail if a value is more than `FAR` standard deviations from the mean, as is common for prices, weights or
    counts. Its values are replaced by asinh((x - median) / scale), a logarithm of large deviations on both sides, where the scale
    is the median absolute deviation (the standard deviation if that is 0). The result is standardised and limited to `LIMIT`
    deviations.

    Args:
        values: (m,) float64.
    """
    plain = standardised(values)
    if np.abs(plain).max() <= FAR:
        return plain
    from_median = values - np.median(values)
    scale = np.median(np.abs(from_median)) or values.std()
    return np.clip(standardised(np.arcsinh(from_median / scale)), -LIMIT, LIMIT)


def _filled(table: Table, column: str, values: Floats, missing: Missing) -> list[Feature]:
    """Return a feature; if there are empty cells, they get the mean, and a second feature marks them."""
    import pyarrow as pa

    array = table.columns[column]
    is_text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_dictionary(array.type)
    empty = is_missing(table.text_of(column)) if is_text and np.isnan(values).any() else np.isnan(values)
    if not empty.any():
        return [Feature(column, values)]
    if missing == "refuse":
        table.faults_in(column, empty, "is empty: expected a value, or missing='fill'")
        return []
    if empty.all():
        table.fault(f"has nothing in column {column!r}: leave it out")
        return []
    mean = np.nanmean(values) if np.isfinite(values).any() else 0.0
    return [Feature(column, np.where(empty, mean, values)), Feature(f"{column} missing", empty.astype(np.float64))]


def _one_hot(table: Table, column: str, cells: pa.Array, missing: Missing) -> list[Feature]:
    """Return a feature for each of the most frequent texts, and one for all other texts."""
    import pyarrow.compute as pc

    empty = is_missing(cells)
    if empty.any() and missing == "refuse":
        table.faults_in(column, empty, "is empty: expected a value, or missing='fill'")
        return []
    held = pc.filter(cells, ~empty)
    counted = pc.value_counts(held).to_pylist()
    if len(counted) > max(LEVELS, len(held) / 2):
        table.fault(f"has {len(counted):,} texts in the {len(held):,} rows of column {column!r}, mostly different: leave it out")
        return []
    frequent = [each["values"] for each in sorted(counted, key=lambda each: (-each["counts"], each["values"]))]
    made = []
    for level in frequent[:LEVELS]:
        made.append(
            Feature(f"{column}={level}", pc.fill_null(pc.equal(cells, level), False).to_numpy(zero_copy_only=False) * 1.0)
        )
    known = np.sum([feature.values for feature in made], axis=0)
    if len(frequent) > LEVELS:
        made.append(Feature(f"{column}=other", ((known == 0) & ~empty).astype(np.float64)))
    if empty.any():
        made.append(Feature(f"{column} missing", empty.astype(np.float64)))
    return made


def _days(array: pa.Array) -> Floats:
    """Convert dates to days since 1970."""
    import pyarrow as pa
    import pyarrow.compute as pc

    seconds = pc.cast(pc.cast(array, pa.timestamp("s"), safe=False), pa.int64())
    return np.asarray(seconds.cast(pa.float64()).to_numpy(zero_copy_only=False) / 86_400)


def _days_of_text(table: Table, column: str, cells: pa.Array) -> Floats:
    """Convert dates such as 2026-11-26 to days since 1970; faults are noted."""
    import pyarrow.compute as pc

    day = pc.utf8_slice_codeunits(cells, 0, 10)
    stamps = pc.strptime(day, "%Y-%m-%d", "s", error_is_null=True)
    same = pc.fill_null(pc.equal(pc.strftime(stamps, "%Y-%m-%d"), day), False)  # 2024-02-30 would become 1 March
    wrong = ~same.to_numpy(zero_copy_only=False) & ~is_missing(cells)
    table.faults_in(column, wrong, "is {!r}: expected a date such as 2026-11-26")
    return _days(stamps)
