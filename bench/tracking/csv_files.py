"""A tracker without requirements: a CSV file for each run."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slategym.bench.tracking.tracker import file_name
from slategym.utils.storage.files import WriteError, make_folder, write_json


class CSV:
    """Writes NAME.csv, with a row `slates,metric,value` for each number, and NAME.json, with name, configuration and results.

    Args:
        folder: output folder.
        name: name of the run.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.run, self.name = folder, name, file_name(name)
        self.config: dict[str, Any] = {}

    def on_start(self, config: Mapping[str, Any]) -> None:
        """Start the files."""
        self.config = dict(config)
        make_folder(self.folder)
        self._write("w", [("slates", "metric", "value")])
        self._write_results(None)

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Append a row for each number."""
        self._write("a", [(step, name, repr(float(value))) for name, value in metrics.items()])

    def on_finish(self, results: Mapping[str, Any]) -> None:
        """Write the results, in the same file as the configuration."""
        self._write_results(dict(results))

    def _write_results(self, results: dict[str, Any] | None) -> None:
        write_json(self.folder / f"{self.name}.json", {"name": self.run, "config": self.config, "results": results})

    def _write(self, mode: str, rows: list[tuple[Any, ...]]) -> None:
        path = self.folder / f"{self.name}.csv"
        try:
            with path.open(mode, encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
        except OSError as error:
            raise WriteError.of(path, error) from error
