"""A table that reports all its faults at once."""

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
TOLD, TOLD_OF_COLUMN = 20, 5  # largest number of faults in a message, and of one kind in one column
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$|^[+-]?(?i:nan|inf|infinity)$"
COMMA = r"^[+-]?[0-9]+,[0-9]+$"


class Table:
    """The columns of a file or a data frame by name, and their faults.

    Args:
        source: see `read_source`.
        roles: the names with a meaning; if there is a header line, at least one of them must be there.
        columns: the name in the source of each column with a meaning.
        encoding: see `read_source`.
        nameless: whether to ignore columns without a name, such as the index that pandas writes, instead of noting a fault.

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
                    f"has a column with {shown}, as pandas writes its index: write the file with index=False, or call "
                    "reset_index(drop=True) on a data frame"
                )
            elif name in self.columns:
                self.fault(f"has the column {name!r} twice: expected each name once (surrounding blanks do not count)")
            else:
                self.columns[name] = column
        if not set(roles) & set(self.columns) and any(_looks_like_a_value(name) for name in names):
            raise ValueError(
                f"{self.name} has no header line: it begins with {', '.join(names)[:60]!r}. "
                f"Expected the names of the columns first, such as {', '.join(roles[:4])}"
            )

    def _mapped(self, columns: dict[str, str]) -> list[str]:
        """The names of the columns, after the renaming that `columns` asks for."""
        names = list(self.source.names)
        for meant, theirs in columns.items():
            if theirs not in names:
                self.fault(f"has no column {theirs!r}, given for {meant!r}.{nearest(theirs, names)}")
            elif meant in names and theirs != meant:
                self.fault(f"has a column {meant!r} already: {theirs!r} cannot be used for it too")
            else:
                names[names.index(theirs)] = meant
        return names

    def fault(self, said: str) -> None:
        """Note a fault of the whole table."""
        self.faults.append((-1, said))

    def faults_in(self, column: str, rows: Mask, said: str) -> None:
        """Note a fault in some cells of a column.

        Args:
            column: its name.
            rows: (r,) bool, the rows of the cells.
            said: the fault; "{}" stands for the cell.
        """
        self.faults_at(column, np.flatnonzero(rows), lambda row: said.format(self.cell(column, row)))

    def faults_at(self, column: str, rows: NDArray[np.int64], said: Callable[[int], str]) -> None:
        """Note a fault in some cells of a column.

        Args:
            column: its name.
            rows: (f,) int64, the rows of the cells.
            said: describes the fault in the cell of a row.
        """
        for row in rows[:TOLD_OF_COLUMN].tolist():
            place = self.source.place(row)
            self.faults.append((_line(place), f"{place}, column {column!r} {said(row)}"))
        self.faults += [(np.inf, "")] * max(len(rows) - TOLD_OF_COLUMN, 0)

    def cell(self, column: str, row: int) -> str:
        """Return a cell as text."""
        return str(self.columns[column][row].as_py()).strip()

    def refuse(self) -> None:
        """Raise an error that lists all faults, if there are any."""
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
        """Return whether there is such a column; note a fault if there is none."""
        if column in self.columns:
            return True
        self.fault(f"has no column {column!r}.{nearest(column, self.columns)} It has: {', '.join(self.columns)}")
        return False

    def texts(self, column: str) -> pa.Array:
        """Return a column as text; every cell must have a value."""
        text = self.text_of(column)
        missing = is_missing(text)
        self.faults_in(column, missing, "is empty: expected a value")
        return text

    def text_of(self, column: str) -> pa.Array:
        """Return a column as text without surrounding blanks; nulls remain."""
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
        """Return a column as float64 within [low, high] and above `above`, both before and after conversion to float32.

        Args:
            column: its name.
            low: the smallest number.
            high: the largest number.
            above: a limit that every number must exceed.
            missing: whether cells may be empty; they become NaN.
        """
        number, valid, empty = self._read(column)
        if not missing:
            self.faults_in(column, empty, "is empty: expected a value")
        sign = ", with a decimal comma and no thousands separator, as in the rest of the file" if self._decimal_comma else ""
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
        """Return a column as numbers, a mask of the cells that are numbers, and a mask of the empty cells."""
        if column not in self._numbers:
            self._numbers[column] = self._as_numbers(column)
        return self._numbers[column]

    @cached_property
    def _decimal_comma(self) -> bool:
        """Whether numbers have decimal commas: some cell has one, and the separator is not the comma."""
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
            with suppress(pa.ArrowException):  # most columns hold only numbers, without surrounding blanks
                number = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
                empty = array.is_null().to_numpy(zero_copy_only=False)
                return number, ~empty, empty
        text = self.text_of(column)
        empty = is_missing(text)
        if self._decimal_comma:  # a point might separate thousands, so a cell with one is not a number
            pointed = pc.replace_substring(pc.replace_substring(text, ".", "?"), ",", ".")
            text = pc.if_else(pc.match_substring_regex(text, r"[.,]"), pointed, text)
        valid = pc.fill_null(pc.match_substring_regex(text, NUMBER), False)
        number = pc.if_else(valid, pc.utf8_ltrim(text, "+"), None).cast(pa.float64()).to_numpy(zero_copy_only=False)
        return number, valid.to_numpy(zero_copy_only=False), empty

    def share_of_numbers(self, column: str) -> float:
        """Return the share of numbers among a column's cells that are not empty."""
        _, valid, empty = self._read(column)
        return float(valid.sum() / max((~empty).sum(), 1))


def is_missing(array: pa.Array) -> Mask:
    """(r,) bool, which cells are null or empty.

    Args:
        array: an array of text.
    """
    import pyarrow.compute as pc

    missing: Mask = pc.fill_null(pc.equal(array, ""), True).to_numpy(zero_copy_only=False)
    return missing


def refuse_unknown(table: Table, known: Iterable[str]) -> None:
    """Note columns without a meaning: these are mistakes.

    Args:
        table: the table of the columns.
        known: the names with a meaning.
    """
    names = list(known)
    for name in table.columns:
        if name not in names:
            table.fault(f"has an unknown column {name!r}.{nearest(name, names)} Known: {', '.join(names)}")


def _is_nameless(name: str) -> bool:
    return name == "" or name.startswith(("Unnamed: ", "__index_level_"))


def _looks_like_a_value(name: str) -> bool:
    try:
        float(name.replace(",", "."))
    except ValueError:
        return False
    return True


def _line(place: str) -> float:
    """The number in a position, to sort faults by."""
    digits = place.rpartition(" ")[2]
    return float(digits) if digits.isdigit() else -1.0
