"""The columns of a CSV or Parquet file or a data frame, with the position of each row."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.utils.short_repr import Brief

if TYPE_CHECKING:
    import pyarrow as pa

GZIP, PARQUET, ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
SEPARATORS = ",;\t|"
LONGEST_HEADER = 1_000_000  # characters from the start of the file to the end of the header
FORMS = "Expected CSV or Parquet, also as .gz, or a data frame"


@dataclass(repr=False)
class Source(Brief):
    """Columns as they were read.

    Attributes:
        name: the name of the file, for messages.
        names: the names of the columns, without surrounding blanks, in order; they may repeat.
        columns: the arrays, one per name; text if they come from a CSV file.
        place: returns the position of a row, given its number from 0, in words: "line 3".
        faults: faults found so far, each with its position and a description.
        separator: the separator of the cells of a line; empty if there are no lines.
    """

    name: str
    names: list[str]
    columns: list[pa.Array]
    place: Callable[[int], str]
    faults: list[tuple[str, str]] = field(default_factory=list)
    separator: str = ""

    def _told(self) -> Iterator[str]:
        yield self.name
        yield " ".join(self.names)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0]) if self.columns else 0


def read_source(source: Any, encoding: str | None = None) -> Source:
    """Read the columns of a file or a data frame.

    Args:
        source: the path of a CSV or Parquet file, with or without gzip compression, with any file extension; or a data frame of
            pandas, polars, pyarrow or another library with `__arrow_c_stream__`.
        encoding: the encoding of a CSV file that is neither in UTF-8 nor in UTF-16.

    Raises:
        ValueError: there is no such file, it has no rows, or it cannot be read.
    """
    if not isinstance(source, str | Path):
        return _from_frame(source)
    path = Path(source)
    if not path.is_file():
        raise ValueError(f"there is no file {path}: the current folder is {Path.cwd()}")
    content = path.read_bytes()
    if content.startswith(GZIP):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} cannot be read: {error}. It begins like a gzip file but is damaged") from error
    if content.startswith(ZIP):
        raise ValueError(f"{path} is a zip file, as Excel's .xlsx is: save the table as CSV in UTF-8. {FORMS}")
    found = _from_parquet(path, content) if content.startswith(PARQUET) else _from_csv(path, content, encoding)
    if found.rows == 0 and not found.faults:
        raise ValueError(f"{path} has no rows: expected at least one line below the header")
    return found


def _from_frame(frame: Any) -> Source:
    import pyarrow as pa

    if not hasattr(frame, "__arrow_c_stream__"):
        raise ValueError(f"the table is a {type(frame).__name__}: expected the path of a file, or a data frame")
    try:
        # pandas: an index with more than row numbers becomes a column; if it has no name, that is a fault.
        table = pa.Table.from_pandas(frame) if type(frame).__module__.startswith("pandas") else pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise ValueError(f"the data frame cannot be read: {error}") from error
    if table.num_rows == 0:
        raise ValueError("the data frame has no rows")
    return _from_table("the data frame", table)


def _from_parquet(path: Path, content: bytes) -> Source:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return _from_table(str(path), parquet.read_table(pa.BufferReader(content)))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} cannot be read: {error}. It begins like a Parquet file but is damaged") from error


def _from_table(name: str, table: pa.Table) -> Source:
    columns = [column.combine_chunks() for column in table.columns]
    return Source(name, [str(each).strip() for each in table.column_names], columns, lambda row: f"row {row + 1}")


def _from_csv(path: Path, content: bytes, encoding: str | None) -> Source:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    text = _decoded(path, content, encoding)
    plain = encoding is None and not content.startswith(tuple(mark for mark, _ in MARKS))
    separator, names, above = _header(path, text)
    wrong: list[Any] = []

    def note(row: Any) -> str:
        wrong.append(row)
        return "skip"

    keys = [str(number) for number in range(len(names))]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content if plain else text.encode("utf-8")),
            read_options=arrow_csv.ReadOptions(skip_rows=above, column_names=keys, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=note),
            # As text, so that our own messages name the cells that are no numbers.
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            raise ValueError(f"{path} has no rows: expected at least one line below the header") from None
        raise ValueError(f"{path} cannot be read: {error}. {FORMS}") from error
    lines = _Lines(text, separator, len(names))
    kept, names, columns = _without_blanks(names, [column.combine_chunks() for column in table.columns])
    found = Source(str(path), names, columns, lambda row: lines.place(int(kept[row])), separator=separator)
    if wrong:
        found.faults = [(f"line {line}", f"has {cells} cells: expected {lines.width}") for line, cells in lines.misshapen()]
    return found


def _without_blanks(names: list[str], columns: list[pa.Array]) -> tuple[NDArray[np.int64], list[str], list[pa.Array]]:
    """The rows that are not blank, and the columns without those that a separator at the end of every line creates."""
    import pyarrow.compute as pc

    if not columns:
        return np.zeros(0, np.int64), names, columns
    some = np.zeros(len(columns[0]), np.bool_)
    for column in columns:
        if some.all():
            break
        some |= pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(column), ""), False).to_numpy(zero_copy_only=False)
    kept = np.flatnonzero(some)
    if len(kept) < len(some):
        columns = [column.filter(some) for column in columns]
    while names and not names[-1] and columns[-1].null_count == len(columns[-1]):
        names, columns = names[:-1], columns[:-1]
    return kept, names, columns


def _decoded(path: Path, content: bytes, encoding: str | None) -> str:
    """Decode the text of a CSV file."""
    if encoding is None and b"\0" in content[:1000] and not content.startswith(tuple(mark for mark, _ in MARKS)):
        raise ValueError(
            f"{path} cannot be read: it contains zero bytes, as UTF-16 without a byte order mark does: "
            f"save it as UTF-8, or set encoding='utf-16-le'. {FORMS}"
        )
    named = encoding or next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(named)
    except LookupError:
        raise ValueError(f"encoding is {encoding!r}: expected the name of an encoding, such as 'latin-1' or 'cp1252'") from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        remedy = (
            "save it as UTF-8, or set encoding='latin-1', 'cp1252' or another" if encoding is None else "set another encoding"
        )
        raise ValueError(f"{path} cannot be read: line {line} is not in {named.upper()}: {remedy}. {FORMS}") from error
    return text


def _header(path: Path, text: str) -> tuple[str, list[str], int]:
    """Find the separator, the names of the columns, and the number of lines to the end of the header."""
    head = text[:LONGEST_HEADER]
    first = next((line for line in io.StringIO(head) if line.strip()), "")
    if not first:
        raise ValueError(f"{path} is empty. {FORMS}, with a header line")
    separator = max(SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    try:
        cells = next((cells for cells in reader if any(cell.strip() for cell in cells)), None)
    except csv.Error as error:
        raise ValueError(f"{path} cannot be read: {error}. {FORMS}") from error
    if cells is None:
        raise ValueError(f"{path} has no header line. {FORMS}, with a header line")
    return separator, [cell.strip() for cell in cells], reader.line_num


class _Lines:
    """The positions of the rows of a CSV text; searched only when a message needs them."""

    def __init__(self, text: str, separator: str, width: int) -> None:
        self.text, self.separator, self.width = text, separator, width
        self._starts: list[int] = []

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the cells of each record below the header."""
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.separator)
        above, header = 0, True
        try:
            for cells in reader:
                start, above = above + 1, reader.line_num
                if header and any(cell.strip() for cell in cells):
                    header = False
                elif cells and not header:
                    yield start, cells
        except csv.Error:  # the rest cannot be divided into records
            return

    def misshapen(self) -> Iterator[tuple[int, int]]:
        """Return the line and the number of cells of each record that has too few or too many."""
        return ((line, len(cells)) for line, cells in self._records() if len(cells) != self.width and any(map(str.strip, cells)))

    def place(self, row: int) -> str:
        """Return the position of a row that has the right number of cells, in words."""
        if not self._starts:
            self._starts = [line for line, cells in self._records() if len(cells) == self.width]
        return f"line {self._starts[row]}" if row < len(self._starts) else f"row {row + 1}"
