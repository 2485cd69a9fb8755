"""The log of a run: one row per slate, in Parquet, with the configuration of the run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slategym.agents.base import Decision, Problem
from slategym.agents.common.inputs import check_decision, check_feedback, check_observation
from slategym.bench.execution.lock import Lock, WriteError
from slategym.bench.execution.output import partial_of, remove_partials
from slategym.sim.feedback import Feedback
from slategym.sim.world import World
from slategym.utils.arrays import check_numbers
from slategym.utils.lookup import choose
from slategym.utils.short_repr import Brief

Array = NDArray[Any]
KEY = b"slategym"
STATUS = "slategym.status"
# Big enough to compress and skip well, small enough that a group of wide slates stays in tens of megabytes.
ROWS_PER_GROUP = 65_536


def schema(world: World, config: Mapping[str, Any], observations: bool = False) -> pa.Schema:
    """The columns of a log.

    Args:
        world: whose slates are logged.
        config: anything JSON; kept in the metadata.
        observations: whether there is a column of observations.
    """

    def fixed(kind: pa.DataType, width: int) -> pa.DataType:
        return pa.list_(pa.field("element", kind, nullable=False), width)

    def delayed(kind: pa.DataType) -> pa.DataType:
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
        "objectives": fixed(pa.float32(), len(world.objective_names)),
        "delayed_age": delayed(pa.int32()),
        "delayed_rank": delayed(pa.int32()),
        "delayed_item": delayed(pa.int32()),
        "delayed_revenue": delayed(pa.float32()),
    }
    fields = [pa.field(name, kind, nullable=False) for name, kind in columns.items()]
    return pa.schema(fields, metadata={KEY: json.dumps(config, sort_keys=True)})


class LogWriter:
    """A writer of logs, step by step and in constant memory; the same run gives the same bytes.

    The rows go to a partial file beside it, which is renamed when it is closed: the file at `path` can always be read.
    Leaving the `with` block by an error closes it too, with the status "interrupted".

    Args:
        path: of the file.
        world: whose slates are logged.
        config: anything JSON; kept in the file's metadata.
        observations: whether to log observations too; needed to learn from the log, and most of its size.

    Raises:
        InUseError: another process, or another writer, writes to that path.
        WriteError: the disk refuses, here or later; the partial file is removed then.
    """

    def __init__(self, path: str | Path, world: World, config: Mapping[str, Any], *, observations: bool = False) -> None:
        self.path = Path(path)
        self._schema = schema(world, config, observations)
        self._problem = Problem.of(world)
        self._candidates = None if world.candidates is None else world.layout["candidates"]
        # Encoding takes longer than some agents: it runs in a thread, as Arrow releases the interpreter's lock.
        self._thread = ThreadPoolExecutor(1, "slategym-log")
        self._writing: Future[None] | None = None
        self._over = False
        self._lock = Lock(self.path)
        remove_partials(self.path)
        self._partial = partial_of(self.path)
        try:
            self._writer = pq.ParquetWriter(self._partial, self._schema, compression="zstd")
        except OSError as error:
            self._give_up()
            raise WriteError.of(self.path, error) from error
        self._waiting: list[dict[str, Array]] = []
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
        """Write the first `count` rows of a step.

        The arrays are read later: they must not be written to any more, except those of the decision.

        Args:
            step: number of the step.
            identity: (n,) of the shoppers.
            visit: (n,) of the shoppers, as the slates were shown.
            observation: (n, o), as the slates were shown.
            decision: what was shown.
            feedback: the answers.
            count: rows that are written, at most n.

        Raises:
            ValueError: arrays that do not belong together, or invalid items, ranks or rows; nothing is written then.
        """
        observation = check_observation(self._problem, observation)
        n = len(observation)
        if not 0 <= count <= n:
            raise ValueError(f"count is {count}: expected 0..{n}, of the rows of the step")
        shown, propensity = check_decision(self._problem, decision, n)
        check_feedback(self._problem, feedback, n)
        check_numbers(identity, 2**63, "identity", "a shopper", (n,))
        check_numbers(visit, 2**31, "visit", "a visit", (n,))
        slate = shown[:count]
        if self._candidates is not None:  # what was shown are items
            slate = np.take_along_axis(observation[:count, self._candidates].astype(np.int64), slate, axis=1)
        delayed, arrived = feedback.delayed, feedback.delayed.row < count
        order = np.flatnonzero(arrived)[np.argsort(delayed.row[arrived], kind="stable")]
        columns: dict[str, Array] = {
            "step": np.full(count, step),
            "row": np.arange(count),
            "shopper": identity[:count],
            "visit": visit[:count],
            "observation": observation[:count],
            "slate": slate.astype(np.int32),
            "propensity": propensity[:count].copy(),  # agents may use their arrays again
            "clicks": feedback.clicks[:count],
            "conversions": feedback.conversions[:count],
            "revenue": feedback.revenue[:count],
            "objectives": feedback.objectives[:count],
            "delayed_row": self._rows + delayed.row[order],
            "delayed_age": delayed.age[order],
            "delayed_rank": delayed.rank[order],
            "delayed_item": delayed.item[order],
            "delayed_revenue": delayed.revenue[order],
        }
        self._waiting.append({name: columns[name] for name in (*self._schema.names, "delayed_row")})
        self._rows += count
        if self._rows >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        """Hand the waiting rows to the writing thread once it is idle, so that at most two groups are in memory."""
        if self._waiting:
            self._settle()
            self._writing = self._thread.submit(self._write_group, self._waiting, self._rows)
            self._waiting, self._rows = [], 0

    def _settle(self) -> None:
        """Wait for the group that is being written.

        Raises:
            WriteError: it could not be written, such as on a full disk.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            try:
                writing.result()
            except OSError as error:
                self._give_up()
                raise WriteError.of(self.path, error) from error

    def _write_group(self, steps: list[dict[str, Array]], rows: int) -> None:
        columns = {name: np.concatenate([step[name] for step in steps]) for name in steps[0]}
        ends = np.concatenate([[0], np.cumsum(np.bincount(columns["delayed_row"], minlength=rows))]).astype(np.int32)
        arrays = []
        for field in self._schema:
            values = columns[field.name]
            arrays.append(_lists(values, ends, field.type) if pa.types.is_list(field.type) else _column(values, field.type))
        self._writer.write_table(pa.table(arrays, schema=self._schema), row_group_size=ROWS_PER_GROUP)

    def close(self, status: str = "finished") -> None:
        """Write the waiting rows and rename the file.

        Args:
            status: for the metadata, "finished" or "interrupted".

        Raises:
            WriteError: the disk refuses.
        """
        if self._over:
            return
        self._flush()
        self._settle()
        try:
            self._writer.add_key_value_metadata({STATUS: status})
            self._writer.close()
            self._partial.replace(self.path)
        except OSError as error:
            raise WriteError.of(self.path, error) from error
        finally:
            self._give_up()

    def _give_up(self) -> None:
        """Clean up: remove the partial file and release the lock."""
        self._over = True
        self._thread.shutdown()
        with suppress(AttributeError, OSError):  # there may be no writer yet, and what it could not write, it tries to again
            self._writer.close()
        with suppress(OSError):
            self._partial.unlink(missing_ok=True)
        self._lock.release()

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


@dataclass(frozen=True, repr=False)
class Log(Brief):
    """A log in memory, or a part of one.

    Attributes:
        config: configuration of the run.
        status: "finished", or "interrupted" where the run ended early.
        columns: arrays by name, of r rows: (r,) for `step`, `row`, `shopper`, `visit`; (r, k) for `slate` (always items),
            `propensity`, `clicks`, `conversions`, `revenue`; (r, M) for `objectives`; (r, o) for `observation`, if it was logged.
            `delayed_age`, `delayed_rank`, `delayed_item` and `delayed_revenue` have one entry per delayed conversion, and
            `delayed_row` the row of these columns at which it arrived.
        rows: r.
        start: number of the first row in the whole log.
    """

    config: dict[str, Any]
    status: str
    columns: dict[str, Array]
    rows: int
    start: int = 0

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]


def read_log(path: str | Path) -> Log:
    """Read a whole log written by `LogWriter`; `scan_log` reads a long one part by part.

    Args:
        path: of the file.

    Raises:
        ValueError: a Parquet file that is not such a log.
    """
    with _open(path) as file:
        return Log(*_about(file), _arrays(file.read()), file.metadata.num_rows)


def scan_log(path: str | Path, columns: Sequence[str] | None = None, rows: int = ROWS_PER_GROUP) -> Iterator[Log]:
    """Read a log of any length part by part, in constant memory.

    Args:
        path: of the file.
        columns: names of the columns to read, by default all; the delayed ones come together with `delayed_row`.
        rows: per part, at most.

    Yields:
        The log's rows in order, as logs of up to `rows` rows.

    Raises:
        ValueError: a Parquet file that is not such a log, or there is no such column.

    Example:
        >>> clicks = sum(int(part["clicks"].sum()) for part in scan_log("runs/first/log.parquet", ["clicks"]))
    """
    with _open(path) as file:
        for name in columns or ():
            choose(f"column in {path}", name, dict.fromkeys(file.schema_arrow.names))
        if rows < 1:
            raise ValueError(f"rows is {rows}: expected at least 1")
        config, status = _about(file)
        start = 0
        for batch in file.iter_batches(rows, columns=None if columns is None else list(columns)):
            yield Log(config, status, _arrays(pa.table(batch.columns, schema=batch.schema)), len(batch), start)
            start += len(batch)


def _open(path: str | Path) -> pq.ParquetFile:
    file = pq.ParquetFile(path)
    if KEY not in (file.metadata.metadata or {}):
        file.close()
        raise ValueError(f"{path} is not a log of slategym: expected a file that `slategym simulate` wrote")
    return file


def _about(file: pq.ParquetFile) -> tuple[dict[str, Any], str]:
    """The configuration and the status of a log."""
    metadata = file.metadata.metadata
    return json.loads(metadata[KEY]), metadata[STATUS.encode()].decode()


def _arrays(table: pa.Table) -> dict[str, Array]:
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
