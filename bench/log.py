"""The log of a run: one row a slate, in Parquet, with the configuration that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slategym.agents.agent import Decision
from slategym.sim.feedback import Feedback
from slategym.sim.world import World

Array = NDArray[Any]
KEY = b"slategym"
STATUS = "slategym.status"
# Big enough to compress and skip well, small enough that a group of wide slates stays in tens of megabytes.
ROWS_PER_GROUP = 65_536


def schema(world: World, config: Mapping[str, Any], observations: bool = False) -> pa.Schema:
    """The columns of a log: k entries a rank, M an objective, o an observation, and as many late arrivals as there were."""

    def fixed(kind: pa.DataType, width: int) -> pa.DataType:
        return pa.list_(pa.field("element", kind, nullable=False), width)

    def late(kind: pa.DataType) -> pa.DataType:
        return pa.list_(pa.field("element", kind, nullable=False))

    k = world.slate_size
    columns = {
        "step": pa.int64(),
        "row": pa.int64(),
        "shopper": pa.int64(),
        "visit": pa.int32(),
        **({"observation": fixed(pa.float32(), world.layout.size)} if observations else {}),
        "slate": fixed(pa.int32(), k),
        "propensity": fixed(pa.float32(), k),
        "clicks": fixed(pa.bool_(), k),
        "conversions": fixed(pa.bool_(), k),
        "revenue": fixed(pa.float32(), k),
        "objectives": fixed(pa.float32(), len(world.objectives)),
        "late_age": late(pa.int32()),
        "late_rank": late(pa.int32()),
        "late_item": late(pa.int32()),
        "late_revenue": late(pa.float32()),
    }
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
    return pa.schema(fields, metadata={KEY: json.dumps(config, sort_keys=True)})


class LogWriter:
    """Writes a log as it comes, in constant memory; the same run gives the same bytes.

    The rows go to `PATH.partial`, which takes its name when it is closed: what stands at `path` can always be read. Leaving the
    `with` block by an error closes it too, with the status "interrupted".

    Args:
        path: of the file.
        world: whose slates they are.
        config: anything JSON; it is kept in the file's metadata.
        observations: keep what the agent saw too, which whoever learns from the log needs and which makes most of its size.
    """

    def __init__(self, path: str | Path, world: World, config: Mapping[str, Any], *, observations: bool = False) -> None:
        self.path = Path(path)
        self._partial = self.path.with_name(self.path.name + ".partial")
        self._schema = schema(world, config, observations)
        self._writer = pq.ParquetWriter(self._partial, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(
        self,
        step: int,
        identity: NDArray[np.int64],
        visit: NDArray[np.int64],
        observation: NDArray[np.float32],
        decision: Decision,
        feedback: Feedback,
        count: int,
    ) -> None:
        """The first `count` rows of a step; `identity`, `visit` and `observation` as they were when the slates were shown."""
        late = feedback.late
        order = np.argsort(late.row, kind="stable")
        order = order[late.row[order] < count]
        ends = np.concatenate([[0], np.cumsum(np.bincount(late.row[order], minlength=count))]).astype(np.int32)
        columns: dict[str, Array] = {
            "step": np.full(count, step),
            "row": np.arange(count),
            "shopper": identity,
            "visit": visit,
            "observation": observation,
            "slate": decision.slate,
            "propensity": decision.propensity,
            "clicks": feedback.clicks,
            "conversions": feedback.conversions,
            "revenue": feedback.revenue,
            "objectives": feedback.objectives,
        }
        lists: dict[str, Array] = {
            "late_age": late.age,
            "late_rank": late.rank,
            "late_item": late.item,
            "late_revenue": late.revenue,
        }
        arrays = [
            *(_column(columns[name][:count], self._schema.field(name).type) for name in self._schema.names if name in columns),
            *(_lists(values[order], ends, self._schema.field(name).type) for name, values in lists.items()),
        ]
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        self._rows += count
        if self._rows >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema)
            self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            self._waiting, self._rows = [], 0

    def close(self, status: str = "finished") -> None:
        """Write what waits and give the file its name; `status` goes into its metadata."""
        if not self._writer.is_open:
            return
        self._flush()
        self._writer.add_key_value_metadata({STATUS: status})
        self._writer.close()
        self._partial.replace(self.path)

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close("finished" if kind is None else "interrupted")


def _column(values: Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_list(kind):
        inner = pa.array(values.ravel().astype(kind.value_type.to_pandas_dtype(), copy=False))
        return pa.FixedSizeListArray.from_arrays(inner, type=kind)
    return pa.array(values.astype(kind.to_pandas_dtype(), copy=False))


def _lists(values: Array, ends: NDArray[np.int32], kind: pa.DataType) -> pa.Array:
    inner = pa.array(values.astype(kind.value_type.to_pandas_dtype(), copy=False))
    return pa.ListArray.from_arrays(pa.array(ends), inner, type=kind)


@dataclass(frozen=True)
class Log:
    """A log in memory.

    Attributes:
        config: the configuration that made it.
        status: "finished", or "interrupted" where the run ended early.
        columns: arrays by name, of r rows: (r,) for `step`, `row`, `shopper`, `visit`; (r, k) for `slate`, `propensity`,
            `clicks`, `conversions`, `revenue`; (r, M) for `objectives`; (r, o) for `observation`, if it was kept. `late_age`,
            `late_rank`, `late_item` and `late_revenue` hold one entry a late conversion, and `late_row` the row of the log at
            which it arrived.
    """

    config: dict[str, Any]
    status: str
    columns: dict[str, Array]

    def __len__(self) -> int:
        return len(self.columns["step"])

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]


def read_log(path: str | Path) -> Log:
    """Read a log that `LogWriter` wrote.

    Raises:
        ValueError: a Parquet file that is not such a log.
    """
    file = pq.ParquetFile(path)
    metadata = file.metadata.metadata or {}
    if KEY not in metadata:
        raise ValueError(f"{path} is not a log of slategym: expected a file that `slategym simulate` wrote")
    table = file.read()
    columns: dict[str, Array] = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            columns[name] = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size)
        elif pa.types.is_list(column.type):
            columns[name] = column.flatten().to_numpy(zero_copy_only=False)
            lengths = column.value_lengths().to_numpy(zero_copy_only=False)
            columns["late_row"] = np.repeat(np.arange(len(column)), lengths)
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return Log(json.loads(metadata[KEY]), metadata[STATUS.encode()].decode(), columns)
