"""The log of a run in shards: the logs of the shards as one, byte for byte as one process would have written it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slategym.bench.execution.log_writer import ROWS_PER_PART, LogWriter
from slategym.logs.reading import find_parts, read_index


def join_logs(folders: Sequence[Path], writer: LogWriter, status: str) -> None:
    """Write the rows of several logs into one, step by step, the shards one after the other within each step.

    In memory are the rows of a part, which are those of a step at least.

    Args:
        folders: of the logs, in the order of the shards.
        writer: of the log of all.
        status: of the run.

    Raises:
        WriteError: the disk refuses.
    """
    estimated = any(read_index(folder)["about"].get("estimated_propensities", False) for folder in folders)
    waiting: list[pa.Table] = []
    for parts in zip(*map(_steps_of, folders), strict=True):
        waiting += parts
        if sum(map(len, waiting)) >= ROWS_PER_PART:
            writer.write_table(pa.concat_tables(waiting).combine_chunks(), estimated)
            waiting = []
    if waiting:
        writer.write_table(pa.concat_tables(waiting).combine_chunks(), estimated)
    writer.close(status)


def _steps_of(folder: Path) -> Iterator[pa.Table]:
    """The rows of each step of a log."""
    for part in find_parts(folder):
        table = pq.read_table(part)
        _, starts, rows = np.unique(table["step"].to_numpy(), return_index=True, return_counts=True)
        for start, count in zip(starts.tolist(), rows.tolist(), strict=True):
            yield table.slice(start, count)
