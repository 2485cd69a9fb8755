"""Reading logs of slates, whole or part by part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slategym.logs.log import Array, Log
from slategym.logs.schema import FORMAT, INDEX, KEY, PARTS, part_path
from slategym.utils.lookup import choose

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS = 65_536


def read_log(path: str | Path, columns: Sequence[str] | None = None) -> Log:
    """Read a whole log; `scan_log` reads a long one part by part.

    Args:
        path: the folder that `slategym simulate` wrote (its `log` in OUT, or OUT itself), or one of its parts.
        columns: names of the columns to read; by default all. Delayed columns are read together with `delayed_row`.

    Raises:
        ValueError: there is no log, a part is missing or damaged, or there is no such column.
    """
    parts = list(scan_log(path, columns))
    names = parts[0].columns
    joined = {name: np.concatenate([part.columns[name] for part in parts]) for name in names if name != "delayed_row"}
    if "delayed_row" in names:
        joined["delayed_row"] = np.concatenate([part.start + part.columns["delayed_row"] for part in parts])
    return replace(parts[0], columns=joined, rows=sum(map(len, parts)))


def scan_log(path: str | Path, columns: Sequence[str] | None = None, rows: int = ROWS) -> Iterator[Log]:
    """Read a log of any length part by part, in constant memory.

    Args:
        path: see `read_log`.
        columns: names of the columns to read; by default all. Delayed columns are read together with `delayed_row`.
        rows: largest number of rows read at a time.

    Yields:
        The rows of the log in order, as logs of up to `rows` rows; one log without rows if the log has none.

    Raises:
        ValueError: there is no log, a part is missing or damaged, or there is no such column.

    Example:
        >>> clicks = sum(int(part["clicks"].sum()) for part in scan_log("runs/first", ["clicks"]))
    """
    if rows < 1:
        raise ValueError(f"rows is {rows}: expected at least 1")
    about, status, files = _find(Path(path))
    start = 0
    for number, file in enumerate(files):
        with _open(file) as part:
            if {field.name: str(field.type) for field in part.schema_arrow} != about["columns"]:
                raise _damaged(file, "its columns are not those of the log")
            for name in columns or ():
                choose(f"column in {path}", name, dict.fromkeys(part.schema_arrow.names))
            wanted = None if columns is None else list(columns)
            batches = _batches(file, part, rows, wanted)
            if number == 0 and part.metadata.num_rows == 0:
                batches = iter([part.read(wanted)])
            for table in batches:
                yield Log(about, status, _arrays(table), len(table), start)
                start += len(table)


def read_index(folder: Path) -> dict[str, Any]:
    """Read the index of a log: the metadata (`describe`) and the `status`.

    Raises:
        ValueError: the file is not an index.
    """
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
        if index["format"] != FORMAT:
            raise ValueError(f"{folder / INDEX} has format {index['format']}: this version of slategym reads format {FORMAT}")
        return {"about": dict(index["about"]), "status": str(index["status"])}
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{folder / INDEX} is not the index of a log ({error!r}): expected one that slategym wrote") from error


def find_parts(folder: Path) -> list[Path]:
    """Return the parts of a log in order.

    Raises:
        ValueError: a part is missing between others.
    """
    found = sorted(folder.glob(PARTS))
    for number, file in enumerate(found):
        if file != part_path(folder, number):
            raise ValueError(
                f"{folder} lacks {part_path(folder, number).name}: restore it, or remove the parts from {file.name} on"
            )
    return found


def _find(path: Path) -> tuple[dict[str, Any], str, list[Path]]:
    """The metadata of a log, its status and its files."""
    expected = "expected a folder that `slategym simulate` wrote"
    if path.is_dir():
        folder = path if (path / INDEX).is_file() or not (path / "log").is_dir() else path / "log"
        if not (folder / INDEX).is_file():
            raise ValueError(f"{path} contains no log ({INDEX}): {expected}")
        index, files = read_index(folder), find_parts(folder)
        if not files:
            raise ValueError(f"{folder} contains no part of a log yet: the run ended before its first part was complete")
        return index["about"], index["status"], files
    if not path.exists():
        raise ValueError(f"there is no file or folder {path}: {expected}")
    with _open(path) as file:
        metadata = file.metadata.metadata or {}
        if KEY not in metadata:
            raise ValueError(f"{path} is not a log of slategym: {expected}")
        return json.loads(metadata[KEY]), "finished", [path]


def _open(path: Path) -> pq.ParquetFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path, page_checksum_verification=True)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from error


def _batches(path: Path, part: pq.ParquetFile, rows: int, columns: list[str] | None) -> Iterator[pa.Table]:
    import pyarrow as pa

    try:
        for batch in part.iter_batches(rows, columns=columns):
            yield pa.table(batch.columns, schema=batch.schema)
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception | str) -> ValueError:
    said = str(error).partition("\n")[0]
    return ValueError(f"{path} is damaged ({said}): remove it and the parts after it, and run the command again to rewrite them")


def _arrays(table: pa.Table) -> dict[str, Array]:
    import pyarrow as pa

    columns: dict[str, Array] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            columns[name] = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
        elif pa.types.is_list(column.type):
            columns[name] = column.flatten().to_numpy(zero_copy_only=False)
            lengths = column.value_lengths().to_numpy(zero_copy_only=False)
            columns["delayed_row"] = np.repeat(np.arange(len(column)), lengths)
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return columns
