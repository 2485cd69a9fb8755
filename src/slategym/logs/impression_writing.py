"""Writing logs of impressions to tables, data frames and files."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.logs.impressions import ImpressionLog
from slategym.utils.lookup import choose
from slategym.utils.optional import require
from slategym.utils.storage.files import write_bytes

if TYPE_CHECKING:
    import pyarrow as pa

EVENTS = ("click", "conversion")  # columns without the prefix "event:"


def to_table(log: ImpressionLog) -> pa.Table:
    """Convert a log to an Arrow table with its original ids; `read_impressions` reads it back unchanged.

    Args:
        log: the log. The names of the columns are those of `slategym.logs.roles.ROLES`, and "event:like", "context:age" or
            "feature:price".
    """
    import pyarrow as pa

    when = "step" if log.time_unit == "steps" else "time"
    columns: dict[str, Any] = {"slate": log.slate, "rank": log.rank, "item": log.ids["item"][log.item]}
    for name in ("shopper", "session"):
        number = getattr(log, name)
        if number is not None:
            columns[name] = log.ids[name][number] if name in log.ids else number
    optional = {when: log.time, "propensity": log.propensity, "joint_propensity": log.joint_propensity, "revenue": log.revenue}
    columns |= {name: values for name, values in optional.items() if values is not None}
    columns |= {name if name in EVENTS else f"event:{name}": event.astype(np.int8) for name, event in log.events.items()}
    if log.delay is not None:
        columns["delay"] = pa.array(log.delay, mask=np.isnan(log.delay))
    columns |= {f"context:{name}": _told(log, name, values) for name, values in log.context.items()}
    columns |= {f"feature:{name}": _told(log, name, values[log.item]) for name, values in log.features.items()}
    if log.candidates is not None:
        offsets, items = log.candidates
        lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(log.ids["item"][items]))
        columns["candidates"] = lists.take(pa.array(log.slate))
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def to_frame(log: ImpressionLog, library: str = "pandas") -> Any:
    """Convert a log to a data frame.

    Args:
        log: see `to_table`.
        library: "pandas", "polars", "duckdb" (a relation) or "pyarrow".

    Raises:
        ValueError: there is no such library.
        ImportError: the library is not installed; the message says how to install it.
    """
    table = to_table(log)
    convert = {
        "pandas": lambda: table.to_pandas(),
        "polars": lambda: require("polars", "frames").from_arrow(table),
        "duckdb": lambda: require("duckdb", "frames").from_arrow(table),
        "pyarrow": lambda: table,
    }
    return choose("library", library, convert)()


def write_impressions(log: ImpressionLog, path: str | Path) -> Path:
    """Write a log to a file; `read_impressions` reads it back unchanged.

    Args:
        log: the log.
        path: path of the file; the format follows from the suffix .parquet, .csv or .csv.gz.

    Returns:
        The path.

    Raises:
        ValueError: the suffix is another one.
        WriteError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv, parquet

    path = Path(path)
    table = to_table(log)
    if path.suffix not in (".parquet", ".csv") and path.suffixes[-2:] != [".csv", ".gz"]:
        raise ValueError(f"{path} ends in {path.suffix!r}: expected .parquet, .csv or .csv.gz")
    content = io.BytesIO()
    if path.suffix == ".parquet":
        parquet.write_table(table, content)
    else:
        if "candidates" in table.column_names:
            lists = table["candidates"].combine_chunks()
            texts = pc.binary_join(lists.cast(pa.list_(pa.string())), "|")
            table = table.set_column(table.column_names.index("candidates"), "candidates", texts)
        csv.write_csv(table, content)
    packed = content.getvalue()
    write_bytes(path, gzip.compress(packed, mtime=0) if path.suffix == ".gz" else packed)
    return path


def _told(log: ImpressionLog, name: str, values: NDArray[Any]) -> Any:
    """Values as in the source: texts instead of their numbers in `ids`, and null where a value was missing."""
    import pyarrow as pa

    if name in log.ids and values.dtype.kind == "i":
        return pa.array(log.ids[name][values], mask=values < 0)
    return pa.array(values, mask=np.isnan(values))
