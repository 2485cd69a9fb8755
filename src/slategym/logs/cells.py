"""The table that a log is read from, and its cells as ids, events, times and lists; faults are recorded in it by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.logs.roles import ROLES
from slategym.sim.files.table import Table, is_missing

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TRUE, FALSE = ("1", "1.0", "true", "yes", "t", "y"), ("0", "0.0", "false", "no", "f", "n")
# The unit of times since 1970, by their size: (above this value, units per second, name).
UNITS = ((1e17, 1e9, "nanoseconds"), (1e14, 1e6, "microseconds"), (1e11, 1e3, "milliseconds"))


def table_of(source: Any, encoding: str | None = None) -> Table:
    """Read a file, a data frame or a dictionary of columns as a table, without the columns that have no name.

    Args:
        source: the path of a file, a data frame, or columns by name.
        encoding: encoding of a CSV file, if it is neither UTF-8 nor UTF-16.

    Raises:
        ValueError: the source cannot be read, or its columns have different lengths.
    """
    import pyarrow as pa

    if isinstance(source, Mapping):
        try:
            source = pa.table({str(name): pa.array(values) for name, values in source.items()})
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise ValueError(f"the dictionary is not a table: {error}. Expected columns of equal length by name") from error
    return Table(source, tuple(ROLES), encoding=encoding, nameless=True)


def coded(table: Table, column: str) -> tuple[Ints, NDArray[Any]]:
    """Read a column of ids as numbers from 0, and the sorted ids: whole numbers if all ids are, otherwise texts.

    Args:
        table: the table; empty cells are recorded as faults.
        column: name of the column.
    """
    return encoded(table.texts(column))


def encoded(texts: pa.Array) -> tuple[Ints, NDArray[Any]]:
    """Convert texts to numbers from 0, and return the sorted ids; nulls become -1.

    Args:
        texts: the texts of the ids.
    """
    import pyarrow.compute as pc

    found = pc.dictionary_encode(texts)
    number = pc.fill_null(found.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    ids = _as_ids(np.array(found.dictionary.to_pylist(), dtype=np.str_))
    order = np.argsort(ids, kind="stable")
    place = np.append(np.argsort(order), -1)
    return place[number], ids[order]


def _as_ids(texts: NDArray[np.str_]) -> NDArray[Any]:
    """Convert ids to whole numbers, if all texts are whole numbers without leading zeros."""
    if len(texts) and np.char.isdigit(texts).all() and np.char.str_len(texts).max() <= 18:
        numbers = texts.astype(np.int64)
        if (numbers.astype(np.str_) == texts).all():
            return numbers
    return texts


def events(table: Table, column: str) -> Mask:
    """Read a column of 0 and 1, or of true and false.

    Args:
        table: the table; other cells are recorded as faults.
        column: name of the column.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = table.columns[column]
    if pa.types.is_boolean(array.type) and not array.null_count:
        return np.asarray(array.to_numpy(zero_copy_only=False), np.bool_)
    text = pc.utf8_lower(table.text_of(column))
    empty = is_missing(text)
    yes = pc.fill_null(pc.is_in(text, value_set=pa.array(TRUE)), False).to_numpy(zero_copy_only=False)
    no = pc.fill_null(pc.is_in(text, value_set=pa.array(FALSE)), False).to_numpy(zero_copy_only=False)
    table.faults_in(column, empty, "is empty: expected 0 or 1")
    table.faults_in(column, ~(yes | no | empty), "is {!r}: expected 0 or 1, or true or false")
    return np.asarray(yes, np.bool_)


def whole_numbers(table: Table, column: str) -> Ints:
    """Read a column of whole numbers of at least 0.

    Args:
        table: the table; other cells are recorded as faults.
        column: name of the column.
    """
    numbers = table.numbers(column, 0)
    known = np.nan_to_num(numbers)
    table.faults_in(column, known != np.round(known), "is {}: expected a whole number")
    return np.round(known).astype(np.int64)


def times(table: Table, column: str, missing: bool = False) -> tuple[Floats, str]:
    """Read a column of times in seconds, and return how they were read (such as "dates" or "milliseconds").

    Args:
        table: the table; other cells are recorded as faults.
        column: name of the column.
        missing: whether cells may be empty; these become NaN.
    """
    import pyarrow as pa

    array = table.columns[column]
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        empty = array.is_null().to_numpy(zero_copy_only=False)
        found, said = _seconds(array), "dates"
    elif table.share_of_numbers(column) > 0.5:
        found = table.numbers(column, missing=missing)
        high = np.nanmax(np.abs(found)) if len(found) and not np.isnan(found).all() else 0.0
        for least, per_second, unit in UNITS:
            if high > least:
                return found / per_second, unit
        return found, "seconds"
    else:
        found, empty, said = *_dates(table, column), "dates"
    if not missing:
        table.faults_in(column, empty, "is empty: expected a time")
    return found, said


def _seconds(array: pa.Array) -> Floats:
    import pyarrow as pa

    stamps = array.cast(pa.timestamp("us", getattr(array.type, "tz", None))).cast(pa.int64())
    return np.asarray(stamps.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64) / 1e6


def _dates(table: Table, column: str) -> tuple[Floats, Mask]:
    """Read dates and times in ISO 8601, with or without a time zone; without one they are taken as UTC."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = table.text_of(column)
    empty = is_missing(text)
    some = pc.if_else(empty, None, text)
    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            return _seconds(some.cast(kind)), empty
        except pa.ArrowInvalid:
            continue
    values = some.to_pylist()
    wrong = np.array([value is not None and not _is_date(value) for value in values], np.bool_)
    if not wrong.any():
        wrong[np.flatnonzero(~empty)[:1]] = True  # only some have a time zone
    table.faults_in(column, wrong, "is {!r}: expected seconds, or dates such as 2019-11-24 00:00:34, with time zones or without")
    return np.full(len(values), np.nan), empty


def _is_date(text: str) -> bool:
    import pyarrow as pa

    for kind in (pa.timestamp("us"), pa.timestamp("us", "UTC")):
        try:
            pa.array([text]).cast(kind)
        except pa.ArrowInvalid:
            continue
        return True
    return False


def lists(table: Table, column: str) -> tuple[Ints, pa.Array]:
    """Read a column of lists: the start of each row's list, (r + 1,), and the texts of all entries.

    Args:
        table: the table; empty lists are recorded as faults.
        column: a column of lists, or of texts whose entries are separated by |, commas or spaces, with or without brackets.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = table.columns[column]
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type) or pa.types.is_fixed_size_list(array.type)):
        text = pc.utf8_trim(table.text_of(column), " []()'\"")
        array = pc.split_pattern_regex(text, r"['\"\s]*[|,;\s]['\"\s]*")
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    table.faults_in(column, lengths == 0, "is empty: expected ids")
    entries = pc.list_flatten(array)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]), pc.utf8_trim_whitespace(entries.cast(pa.string()))
