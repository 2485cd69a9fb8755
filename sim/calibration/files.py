"""Reading log files, and writing fitted parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from pyarrow import csv

from slategym.utils.standardize import within

SIGNIFICANT_DIGITS = 10
_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64()}


def find(folder: Path, stem: str) -> Path:
    """Return the path of the file `stem.csv` or `stem.csv.gz` in a folder.

    Raises:
        FileNotFoundError: there is neither; the message names the expected path.
    """
    for name in (f"{stem}.csv", f"{stem}.csv.gz"):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"neither {folder / stem}.csv nor {stem}.csv.gz exists: is {folder} the right folder?")


def read_columns(path: Path, columns: Mapping[str, type]) -> dict[str, NDArray[Any]]:
    """Read some columns of a CSV file, compressed or not, by name. Every value must be present.

    Args:
        path: the file.
        columns: the type of each column: str, int or float.

    Raises:
        ValueError: a column or a value is missing, a value does not have the type of its column, or there are no rows.
    """
    try:
        with csv.open_csv(path) as reader:
            header = reader.schema.names
        missing = [name for name in columns if name not in header]
        if missing:
            raise ValueError(
                f"{path} has no column {missing[0]!r}: expected {', '.join(columns)}; it has {', '.join(header[:20])}"
            )
        options = csv.ConvertOptions(
            include_columns=list(columns),
            column_types={name: _TYPES[kind] for name, kind in columns.items()},
            strings_can_be_null=True,
        )
        table = csv.read_csv(path, convert_options=options)
    except pa.ArrowInvalid as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if table.num_rows == 0:
        raise ValueError(f"{path} has no rows below its header: expected at least one")
    values = {name: table[name].to_numpy(zero_copy_only=False) for name in columns}
    for name, kind in columns.items():
        absent = table[name].is_null().to_numpy(zero_copy_only=False)
        if absent.any():
            raise ValueError(f"{path} has no value for {name!r} in row {int(np.argmax(absent)) + 1}: expected {kind.__name__}")
        if kind is float:
            with np.errstate(over="ignore"):
                kept = values[name].astype(np.float32)
            require(path, name, values[name], np.isfinite(kept), within())
    return values


def require(path: Path, name: str, values: NDArray[Any], right: NDArray[np.bool_], expected: str) -> None:
    """Check a column, and name the first wrong value in the error; rows count from 1 below the header.

    Raises:
        ValueError: a value is wrong.
    """
    if not right.all():
        row = int(np.argmin(right))
        raise ValueError(f"{path} has {name} = {values[row]} in row {row + 1}: expected {expected}")


def rounded(values: ArrayLike) -> Any:
    """Numbers of any shape as floats (in nested lists) with ten significant digits."""
    array = np.asarray(values, np.float64)
    if array.ndim == 0:
        return float(f"{float(array):.{SIGNIFICANT_DIGITS}g}")
    return [rounded(value) for value in array]


def to_json(parameters: Mapping[str, Any]) -> str:
    """The parameters as JSON, with a line for each list of numbers or words."""
    text = json.dumps(parameters, indent=1, ensure_ascii=False, allow_nan=False)
    return re.sub(r"\[[^\[\]{}]*\]", lambda found: re.sub(r"\s*\n\s*", " ", found.group()), text) + "\n"
