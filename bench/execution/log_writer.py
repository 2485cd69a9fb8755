"""Writes the log of a run, with one row per slate, to numbered Parquet files that are always complete."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slategym.agents.base import Decision, Problem
from slategym.agents.common.inputs import check_decision, check_feedback, check_observation
from slategym.logs.reading import find_parts, read_index
from slategym.logs.schema import FORMAT, INDEX, PARTS, behaviour_column, describe, part_path, schema
from slategym.sim.feedback import Feedback
from slategym.sim.world import World
from slategym.utils.arrays import check_numbers
from slategym.utils.storage.files import WriteError, make_folder, remove_partials, write_bytes, write_json
from slategym.utils.storage.lock import Lock

Array = NDArray[Any]
# Large enough for good compression and skipping; small enough that parts with wide slates have only tens of megabytes.
ROWS_PER_PART = 65_536


class LogWriter:
    """Writes a log step by step, in constant memory; the same run gives the same bytes.

    The folder gets `log.json`, which describes the log, and `part-000000.parquet`, `part-000001.parquet`, ... Each part is
    written to a temporary file and renamed when it is complete, so the log can be read at any time, even after the process was
    killed. If an error ends the `with` block, the log is closed with the status "interrupted".

    Args:
        path: the folder; it is created if it does not exist.
        world: the world whose slates are logged.
        config: the configuration of the run, any JSON values.
        observations: whether to log the observations and candidates too; they are needed to learn from the log, and make up
            most of its size.
        append: whether to continue the log in the folder, which must have the same world and columns.
        first_row: the number of the first row, if the run is divided into shards.

    Raises:
        ValueError: the folder contains a log and `append` is not set, or a log of another world or with other columns.
        InUseError: another process or another writer writes to the folder.
        WriteError: a file cannot be written, here or later; complete parts stay.
    """

    def __init__(
        self,
        path: str | Path,
        world: World,
        config: Mapping[str, Any],
        *,
        observations: bool = True,
        append: bool = False,
        first_row: int = 0,
    ) -> None:
        self.path, self._first_row = Path(path), first_row
        self._about = describe(world, config, observations)
        self._schema = schema(world, self._about)
        self._problem = Problem.of(world.final)
        self._candidates = None if world.candidates is None else world.layout["candidates"]
        make_folder(self.path)
        self._lock = Lock(self.path)
        self._over = False
        # Encoding takes longer than some agents; it runs in a thread, because Arrow releases the interpreter's lock.
        self._thread = ThreadPoolExecutor(1, "slategym-log")
        self._writing: Future[None] | None = None
        self._waiting: list[dict[str, Array]] = []
        self._rows = 0
        self._estimated = False  # whether propensities are estimates
        try:
            self._parts = self._begin(append)
            self._note("running")
        except BaseException:
            self._give_up()
            raise

    def _begin(self, append: bool) -> int:
        """The number of existing parts; refuses a log that cannot be continued."""
        remove_partials(self.path / "*", pattern=True)
        if not (self.path / INDEX).exists():
            if parts := find_parts(self.path):
                raise ValueError(f"{self.path} contains {parts[0].name}, but no {INDEX}: give another folder, or remove the file")
            return 0
        if not append:
            raise ValueError(f"{self.path} contains a log: give another folder, or append=True to continue it")
        there = read_index(self.path)["about"]
        for name, value in self._about.items():
            if name != "config" and there.get(name) != value:
                which = "with other columns" if name == "columns" else f"of another {name}"
                raise ValueError(f"{self.path} contains a log {which}: expected one of the same world and columns")
        return len(find_parts(self.path))

    def _note(self, status: str) -> None:
        about = {**self._about, "estimated_propensities": self._estimated}
        write_json(self.path / INDEX, {"format": FORMAT, "status": status, "about": about})

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

        The arrays are read later, so they must not be changed afterwards, except those of the decision.

        Args:
            step: number of the step.
            identity: (n,) identities of the shoppers.
            visit: (n,) numbers of their visits, when the slates were shown.
            observation: (n, o), when the slates were shown.
            decision: the slates shown, with propensities.
            feedback: the answers.
            count: the number of rows to write, at most n.

        Raises:
            ValueError: arrays do not match, or contain invalid items, ranks or rows; nothing is written then.
            WriteError: a file cannot be written.
        """
        observation = check_observation(self._problem, observation)
        n = len(observation)
        if not 0 <= count <= n:
            raise ValueError(f"count is {count}: expected 0..{n}, because the step has {n} rows")
        shown, propensity = check_decision(self._problem, decision, n)
        check_feedback(self._problem, feedback, n)
        check_numbers(identity, 2**63, "identity", "a shopper", (n,))
        check_numbers(visit, 2**31, "visit", "a visit", (n,))
        self._estimated |= decision.estimated
        slate = shown[:count]
        if self._candidates is not None:  # convert indices of candidates to items
            slate = np.take_along_axis(observation[:count, self._candidates].astype(np.int64), slate, axis=1)
        delayed, arrived = feedback.delayed, feedback.delayed.row < count
        order = np.flatnonzero(arrived)[np.argsort(delayed.row[arrived], kind="stable")]
        columns: dict[str, Array] = {
            "step": np.full(count, step),
            "row": self._first_row + np.arange(count),
            "shopper": identity[:count],
            "visit": visit[:count],
            "observation": observation[:count],
            "slate": slate.astype(np.int32),
            "propensity": propensity[:count].copy(),  # agents may reuse their arrays
            "clicks": feedback.clicks[:count],
            "conversions": feedback.conversions[:count],
            "revenue": feedback.revenue[:count],
            "objectives": feedback.objectives[:count],
            **{behaviour_column(name): amount[:count] for name, amount in feedback.behaviours.items()},
            **({} if feedback.days_away is None else {"days_away": feedback.days_away[:count]}),
            "delayed_row": self._rows + delayed.row[order],
            "delayed_age": delayed.age[order],
            "delayed_rank": delayed.rank[order],
            "delayed_item": delayed.item[order],
            "delayed_revenue": delayed.revenue[order],
        }
        self._waiting.append({name: columns[name] for name in (*self._schema.names, "delayed_row")})
        self._rows += count
        if self._rows >= ROWS_PER_PART:
            self._flush()

    def write_table(self, table: pa.Table, estimated: bool) -> None:
        """Write rows of other logs of the same world and columns as a separate part; no rows may be waiting.

        Args:
            table: a table with the columns of the log.
            estimated: whether propensities are estimates.

        Raises:
            WriteError: the file cannot be written.
        """
        self._estimated |= estimated
        self._write_table(self._parts, pa.Table.from_arrays(table.columns, schema=self._schema))
        self._parts += 1

    def state(self) -> dict[str, Any]:
        """The state that `restore` needs to continue from here: complete parts, and the rows that wait for the next one.

        Raises:
            WriteError: a part could not be written.
        """
        self._settle()
        return {"parts": self._parts, "waiting": list(self._waiting), "rows": self._rows, "estimated": self._estimated}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Return to a saved state; later parts are removed.

        Args:
            state: the state of a writer of the same log.

        Raises:
            ValueError: a part that was complete then is missing; nothing is changed.
            WriteError: a later part cannot be removed.
        """
        files = find_parts(self.path)
        if len(files) < state["parts"]:
            raise ValueError(f"{self.path} contains {len(files)} parts: expected {state['parts']}, as in the saved state")
        try:
            for file in files[state["parts"] :]:
                file.unlink()
        except OSError as error:
            raise WriteError.of(self.path, error) from error
        self._parts, self._waiting, self._rows = int(state["parts"]), list(state["waiting"]), int(state["rows"])
        self._estimated = bool(state["estimated"])

    def _flush(self) -> None:
        """Pass the waiting rows to the writing thread when it is idle, so that at most two parts are in memory."""
        if self._waiting:
            self._settle()
            self._writing = self._thread.submit(self._write_part, self._parts, self._waiting, self._rows)
            self._parts += 1
            self._waiting, self._rows = [], 0

    def _settle(self) -> None:
        """Wait for the part that is being written.

        Raises:
            WriteError: it could not be written, for example because the disk is full.
        """
        writing, self._writing = self._writing, None
        if writing is not None:
            try:
                writing.result()
            except OSError as error:
                self._give_up()
                raise error if isinstance(error, WriteError) else WriteError.of(self.path, error) from error

    def _write_part(self, number: int, steps: list[dict[str, Array]], rows: int) -> None:
        columns = {name: np.concatenate([step[name] for step in steps]) for name in steps[0]}
        ends = np.concatenate([[0], np.cumsum(np.bincount(columns["delayed_row"], minlength=rows))]).astype(np.int32)
        arrays = []
        for field in self._schema:
            values = columns[field.name]
            arrays.append(_lists(values, ends, field.type) if pa.types.is_list(field.type) else _column(values, field.type))
        self._write_table(number, pa.table(arrays, schema=self._schema))

    def _write_table(self, number: int, table: pa.Table) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        write_bytes(part_path(self.path, number), sink.getvalue())

    def close(self, status: str = "finished") -> None:
        """Write the waiting rows and the status.

        Args:
            status: "finished" or "interrupted".

        Raises:
            WriteError: a file cannot be written.
        """
        if self._over:
            return
        try:
            self._flush()
            self._settle()
            if self._parts == 0:  # so that a log without rows can be read
                self._write_table(0, self._schema.empty_table())
            self._note(status)
        finally:
            self._give_up()

    def _give_up(self) -> None:
        """Release the lock and end the thread."""
        self._over = True
        self._thread.shutdown()
        self._lock.release()

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close("finished" if kind is None else "interrupted")


def is_of_another_run(folder: Path, config: Mapping[str, Any]) -> bool:
    """Whether a folder contains the log of another run.

    Args:
        folder: the folder of the log.
        config: the configuration of the run, with its "fingerprint".

    Raises:
        ValueError: the index file is not that of a log.
    """
    if not (folder / INDEX).exists():
        return False
    return bool(read_index(folder)["about"].get("config", {}).get("fingerprint") != config["fingerprint"])


def remove_log(folder: Path) -> None:
    """Remove the log from a folder, if there is one.

    Raises:
        WriteError: a file cannot be removed.
    """
    try:
        for file in (folder / INDEX, *folder.glob(PARTS)):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError.of(folder, error) from error


def _column(values: Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(_flat(values.ravel(), kind.value_type), type=kind)
    return _flat(values, kind)


def _lists(values: Array, ends: NDArray[np.int32], kind: pa.DataType) -> pa.Array:
    return pa.ListArray.from_arrays(_flat(ends, pa.int32()), _flat(values, kind.value_type), type=kind)


def _flat(values: Array, kind: pa.DataType) -> pa.Array:
    """`pa.array`, which would import pandas: half a second."""
    values = np.ascontiguousarray(values, kind.to_pandas_dtype())
    buffer = np.packbits(values, bitorder="little") if pa.types.is_boolean(kind) else values
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(buffer)])
