"""A table whose faults are all told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.files.source import Source, read_source
from slategym.utils.lookup import nearest
from slategym.utils.standardize import within

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
TOLD, TOLD_OF_COLUMN = 20, 5  # faults in a message at most, and of one kind in one column
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:nan|inf|infinity)$"
COMMA = r"^[+-]?[0-9]+,[0-9]+$"


class Table:
    """The columns of a file or a data frame by name, and what is wrong with them.

    Args:
        source: see `read_source`.
        roles: the names that mean something; one of them has to be there at least, if there is a header line.
        columns: by names that mean something, the names that they have in the source.
        encoding: see `read_source`.
        nameless: pass over columns without a name, as pandas writes its index, instead of noting a fault.

    Raises:
        ValueError: the source cannot be read, or has no header line.
    """

    def __init__(
        self,
        source: Any,
        roles: Sequence[str],
        columns: Mapping[str, str] | None = None,
        encoding: str | None = None,
        nameless: bool = False,
    ) -> None:
        self.source: Source = read_source(source, encoding)
        self.name, self.rows = self.source.name, self.source.rows
        self.faults: list[tuple[float, str]] = [(_line(place), f"{place} {said}") for place, said in self.source.faults]
        names = self._mapped(dict(columns or {}))
        self.columns: dict[str, pa.Array] = {}
        self._texts: dict[str, pa.Array] = {}
        self._numbers: dict[str, tuple[Floats, Mask, Mask]] = {}
        for name, column in zip(names, self.source.columns, strict=True):
            if _is_nameless(name) and nameless:
                continue
            if _is_nameless(name):
                shown = f"the name {name!r}" if name else "no name"
                self.fault(
                    f"has a column with {shown}, as pandas writes its index: write the file with index=False, or in a data frame "
                    "call reset_index(drop=True)"
                )
            elif name in self.columns:
                self.fault(f"has the column {name!r} twice: expected each once, also up to blanks")
            else:
                self.columns[name] = column
        if not set(roles) & set(self.columns) and any(_looks_like_a_value(name) for name in names):
            raise ValueError(
                f"{self.name} has no header line: it begins with {', '.join(names)[:60]!r}. "
                f"Expected the names of the columns first, such as {', '.join(roles[:4])}"
            )

    def _mapped(self, columns: dict[str, str]) -> list[str]:
        """The names of the columns, with those of `columns` in place of the source's own."""
        names = list(self.source.names)
        for meant, theirs in columns.items():
            if theirs not in names:
                self.fault(f"has no column {theirs!r}, which is to be {meant!r}.{nearest(theirs, names)}")
            elif meant in names and theirs != meant:
                self.fault(f"has a column {meant!r} already: {theirs!r} cannot be {meant!r} too")
            else:
                names[names.index(theirs)] = meant
        return names

    def fault(self, said: str) -> None:
        """Note what is wrong with the whole."""
        self.faults.append((-1, said))

    def faults_in(self, column: str, rows: Mask, said: str) -> None:
        """Note what is wrong with cells of a column.

        Args:
            column: its name.
            rows: (r,) bool, where.
            said: what is wrong; "{}" stands for the cell.
        """
        self.faults_at(column, np.flatnonzero(rows), lambda row: said.format(self.cell(column, row)))

    def faults_at(self, column: str, rows: NDArray[np.int64], said: Callable[[int], str]) -> None:
        """Note what is wrong with cells of a column.

        Args:
            column: its name.
            rows: (f,) int64, where.
            said: what is wrong with the cell of a row.
        """
        for row in rows[:TOLD_OF_COLUMN].tolist():
            place = self.source.place(row)
            self.faults.append((_line(place), f"{place}, column {column!r} {said(row)}"))
        self.faults += [(np.inf, "")] * max(len(rows) - TOLD_OF_COLUMN, 0)

    def cell(self, column: str, row: int) -> str:
        """A cell, as text."""
        return str(self.columns[column][row].as_py()).strip()

    def refuse(self) -> None:
        """Raise an error that tells all faults, if there are some."""
        if not self.faults:
            return
        told = [said for _, said in sorted(self.faults, key=lambda fault: fault[0]) if said][:TOLD]
        if len(self.faults) == 1:
            joint = ", " if told[0].startswith(("line ", "row ")) else " "
            raise ValueError(f"{self.name}{joint}{told[0]}")
        more = len(self.faults) - len(told)
        lines = [*told, f"and {more:,} more"] if more else told
        raise ValueError(f"{self.name} has {len(self.faults):,} faults:\n" + "\n".join(f"  {line}" for line in lines))

    def has(self, column: str) -> bool:
        """Whether there is such a column; notes a fault if there is none."""
        if column in self.columns:
            return True
        self.fault(f"has no column {column!r}.{nearest(column, self.columns)} It has: {', '.join(self.columns)}")
        return False

    def texts(self, column: str) -> pa.Array:
        """A column as text; every cell must hold some."""
        text = self.text_of(column)
        missing = is_missing(text)
        self.faults_in(column, missing, "is empty: expected a value")
        return text

    def text_of(self, column: str) -> pa.Array:
        """A column as text without blanks around it; nulls stay."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if column in self._texts:
            return self._texts[column]
        array = self.columns[column]
        if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
            try:
                array = array.cast(pa.string())
            except pa.ArrowException:
                array = pa.array([None if cell is None else str(cell) for cell in array.to_pylist()], pa.string())
        self._texts[column] = pc.utf8_trim_whitespace(array)
        return self._texts[column]

    def numbers(
        self, column: str, low: float = -np.inf, high: float = np.inf, above: float = -np.inf, missing: bool = False
    ) -> Floats:
        """A column as float64 within [low, high] and above `above`, also once it is kept in float32.

        Args:
            column: its name.
            low: the least number.
            high: the greatest number.
            above: what every number must exceed.
            missing: whether cells may be empty, which are NaN then.
        """
        number, valid, empty = self._read(column)
        if not missing:
            self.faults_in(column, empty, "is empty: expected a value")
        sign = ", with a decimal comma and no other sign, as numbers of this file have" if self._decimal_comma else ""
        self.faults_in(column, ~valid & ~empty, f"is {{!r}}: expected a number{sign}")
        most = f" and at most {high:g}" if high < np.inf else ""
        span = f"above {above:g}{most}" if above > -np.inf else f"from {low:g} to {high:g}" if most else "that is finite"
        inside = np.isfinite(number) & (number >= low) & (number <= high) & (number > above)
        self.faults_in(column, valid & ~inside, f"is {{}}: expected a number {span}")
        with np.errstate(over="ignore", under="ignore"):
            kept = number.astype(np.float32)
        lost = valid & inside & ~(np.isfinite(kept) & (kept > above))
        self.faults_in(column, lost, f"is {{}}: expected {within(above >= 0)}")
        return np.where(valid & inside & ~lost, number, np.nan)

    def _read(self, column: str) -> tuple[Floats, Mask, Mask]:
        """A column as numbers, where it holds some, and where it is empty."""
        if column not in self._numbers:
            self._numbers[column] = self._as_numbers(column)
        return self._numbers[column]

    @cached_property
    def _decimal_comma(self) -> bool:
        """Whether numbers have decimal commas: some cell does, and another sign separates the cells."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.source.separator in ("", ","):
            return False
        texts = (column for column in self.columns.values() if pa.types.is_string(column.type))
        return any(pc.any(pc.match_substring_regex(pc.utf8_trim_whitespace(column), COMMA)).as_py() for column in texts)

    def _as_numbers(self, column: str) -> tuple[Floats, Mask, Mask]:
        import pyarrow as pa
        import pyarrow.compute as pc

        array = self.columns[column]
        if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_boolean(array.type):
            number = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            empty = np.isnan(number)
            return number, ~empty, empty
        if not self._decimal_comma:
            with suppress(pa.ArrowException):  # most columns are numbers throughout, without blanks around them
                number = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
                empty = array.is_null().to_numpy(zero_copy_only=False)
                return number, ~empty, empty
        text = self.text_of(column)
        empty = is_missing(text)
        if self._decimal_comma:  # a point may then separate thousands: what holds one is no number
            pointed = pc.replace_substring(pc.replace_substring(text, ".", "?"), ",", ".")
            text = pc.if_else(pc.match_substring_regex(text, r"[.,]"), pointed, text)
        valid = pc.fill_null(pc.match_substring_regex(text, NUMBER), False)
        number = pc.if_else(valid, pc.utf8_ltrim(text, "+"), None).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return number, valid.to_numpy(zero_copy_only=False), empty

    def share_of_numbers(self, column: str) -> float:
        """The share of a column's cells, but for empty ones, that are numbers."""
        _, valid, empty = self._read(column)
        return float(valid.sum() / max((~empty).sum(), 1))


def is_missing(array: pa.Array) -> Mask:
    """(r,) bool, where cells are null or empty.

    Args:
        array: of text.
    """
    import pyarrow.compute as pc

    missing: Mask = pc.fill_null(pc.equal(array, ""), True).to_numpy(zero_copy_only=False)
    return missing


def refuse_unknown(table: Table, known: Iterable[str]) -> None:
    """Note columns that mean nothing: they are mistakes, not comments.

    Args:
        table: whose columns.
        known: those that mean something.
    """
    names = list(known)
    for name in table.columns:
        if name not in names:
            table.fault(f"has a column {name!r} that nothing reads.{nearest(name, names)} Known: {', '.join(names)}")


def _is_nameless(name: str) -> bool:
    return name == "" or name.startswith(("Unnamed: ", "__index_level_"))


def _looks_like_a_value(name: str) -> bool:
    try:
        float(name.replace(",", "."))
    except ValueError:
        return False
    return True


def _line(place: str) -> float:
    """The number of a place, to sort faults by."""
    digits = place.rpartition(" ")[2]
    return float(digits) if digits.isdigit() else -1.0
