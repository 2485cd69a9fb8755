"""Writing the log of a run: one row per slate, in numbered Parquet files that are complete."""

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
# Big enough to compress and skip well, small enough that a part of wide slates stays in tens of megabytes.
ROWS_PER_PART = 65_536


class LogWriter:
    """A writer of logs, step by step and in constant memory; the same run gives the same bytes.

    The folder gets `log.json`, which says what the log is of, and `part-000000.parquet`, `part-000001.parquet`, ... Each part is
    written beside its place and renamed when it is complete, so that what stands there can be read at any time, also after the
    process was killed. Leaving the `with` block by an error closes the log with the status "interrupted".

    Args:
        path: the folder, which is made if there is none.
        world: the world whose slates are logged.
        config: anything JSON.
        observations: whether to log what the agent saw too, contexts and candidates: needed to learn from the log, and most of
            its size.
        append: continue the log that the folder holds, which must be of the same world and columns.
        first_row: the number of the first row, of a run in shards.

    Raises:
        ValueError: the folder holds a log and `append` is not set, or one of another world or other columns.
        InUseError: another process, or another writer, writes to that folder.
        WriteError: the disk refuses, here or later; complete parts stay.
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
        # Encoding takes longer than some agents: it runs in a thread, as Arrow releases the interpreter's lock.
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
        """The number of parts that are there; refuses a log that cannot be continued."""
        remove_partials(self.path / "*", pattern=True)
        if not (self.path / INDEX).exists():
            if parts := find_parts(self.path):
                raise ValueError(f"{self.path} holds {parts[0].name} of a log without {INDEX}: give another folder, or remove it")
            return 0
        if not append:
            raise ValueError(f"{self.path} holds a log: give another folder, or append=True to continue it")
        there = read_index(self.path)["about"]
        for name, value in self._about.items():
            if name != "config" and there.get(name) != value:
                which = "other columns" if name == "columns" else f"another {name}"
                raise ValueError(f"{self.path} holds a log of {which}: expected one of the same world and columns")
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
            WriteError: the disk refuses.
        """
        observation = check_observation(self._problem, observation)
        n = len(observation)
        if not 0 <= count <= n:
            raise ValueError(f"count is {count}: expected 0..{n}, of the rows of the step")
        shown, propensity = check_decision(self._problem, decision, n)
        check_feedback(self._problem, feedback, n)
        check_numbers(identity, 2**63, "identity", "a shopper", (n,))
        check_numbers(visit, 2**31, "visit", "a visit", (n,))
        self._estimated |= decision.estimated
        slate = shown[:count]
        if self._candidates is not None:  # what was shown are items
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
            "propensity": propensity[:count].copy(),  # agents may use their arrays again
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
        """Write rows of other logs of the same world and columns as a part of their own; no rows may wait.

        Args:
            table: with the columns of the log.
            estimated: whether propensities are estimates.

        Raises:
            WriteError: the disk refuses.
        """
        self._estimated |= estimated
        self._write_table(self._parts, pa.Table.from_arrays(table.columns, schema=self._schema))
        self._parts += 1

    def state(self) -> dict[str, Any]:
        """What `restore` needs to continue from here: complete parts, and the rows that wait for the next one.

        Raises:
            WriteError: the disk refused a part.
        """
        self._settle()
        return {"parts": self._parts, "waiting": list(self._waiting), "rows": self._rows, "estimated": self._estimated}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state` was taken: later parts are removed.

        Args:
            state: the state of a writer of the same log.

        Raises:
            ValueError: the folder lacks a part that was complete then; nothing has changed.
            WriteError: a later part cannot be removed.
        """
        files = find_parts(self.path)
        if len(files) < state["parts"]:
            raise ValueError(f"{self.path} holds {len(files)} parts of a log: expected {state['parts']}, as when it was left")
        try:
            for file in files[state["parts"] :]:
                file.unlink()
        except OSError as error:
            raise WriteError.of(self.path, error) from error
        self._parts, self._waiting, self._rows = int(state["parts"]), list(state["waiting"]), int(state["rows"])
        self._estimated = bool(state["estimated"])

    def _flush(self) -> None:
        """Hand the waiting rows to the writing thread once it is idle, so that at most two parts are in memory."""
        if self._waiting:
            self._settle()
            self._writing = self._thread.submit(self._write_part, self._parts, self._waiting, self._rows)
            self._parts += 1
            self._waiting, self._rows = [], 0

    def _settle(self) -> None:
        """Wait for the part that is being written.

        Raises:
            WriteError: it could not be written, such as on a full disk.
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
            WriteError: the disk refuses.
        """
        if self._over:
            return
        try:
            self._flush()
            self._settle()
            if self._parts == 0:  # a log without rows can be read too
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
    """Whether a folder holds a log of another run.

    Args:
        folder: of the log.
        config: of the run, with its "fingerprint".

    Raises:
        ValueError: it holds something that is no log.
    """
    if not (folder / INDEX).exists():
        return False
    return bool(read_index(folder)["about"].get("config", {}).get("fingerprint") != config["fingerprint"])


def remove_log(folder: Path) -> None:
    """Remove a log from a folder, if it holds one.

    Raises:
        WriteError: the system refuses.
    """
    try:
        for file in (folder / INDEX, *folder.glob(PARTS)):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise WriteError.of(folder, error) from error


def _column(values: Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_list(kind):
        inner = pa.array(values.ravel().astype(kind.value_type.to_pandas_dtype(), copy=False))
        return pa.FixedSizeListArray.from_arrays(inner, type=kind)
    return pa.array(values.astype(kind.to_pandas_dtype(), copy=False))


def _lists(values: Array, ends: NDArray[np.int32], kind: pa.DataType) -> pa.Array:
    inner = pa.array(values.astype(kind.value_type.to_pandas_dtype(), copy=False))
    return pa.ListArray.from_arrays(pa.array(ends), inner, type=kind)
