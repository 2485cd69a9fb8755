"""A tracker for TensorBoard; view the runs with `tensorboard --logdir FOLDER`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from slategym.bench.tracking.tracker import ARTIFACTS, file_name, numbers
from slategym.utils.storage.files import make_folder


class TensorBoard:
    """Writes a folder for each run: metrics as scalars against slates, configuration and results as text.

    Args:
        folder: output folder, which contains the folders of the runs.
        name: name of the run.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / file_name(name)
        self._writer: Any = None
        self._step = 0

    def on_start(self, config: Mapping[str, Any]) -> None:
        """Start the run, and remove the files of an earlier run."""
        from torch.utils.tensorboard import SummaryWriter

        make_folder(self.folder)
        for path in self.folder.glob("events.out.tfevents.*"):
            path.unlink()
        self._writer = SummaryWriter(str(self.folder))
        self._writer.add_text("config", _as_text(config), 0)

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Add the metrics."""
        self._step = step
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, step)

    def on_finish(self, results: Mapping[str, Any]) -> None:
        """Add the results, and close the file."""
        told = {name: value for name, value in results.items() if name != ARTIFACTS}
        for name, value in numbers(told).items():
            self._writer.add_scalar(f"results/{name}", value, self._step)
        self._writer.add_text("results", _as_text(told), self._step)
        for path in map(Path, results.get(ARTIFACTS, ())):
            if path.suffix in (".toml", ".json"):
                self._writer.add_text(path.name, _indented(path.read_text(encoding="utf-8")), self._step)
        self._writer.close()


def _as_text(content: Mapping[str, Any]) -> str:
    return _indented(json.dumps(content, indent=2, ensure_ascii=False, default=str))


def _indented(text: str) -> str:
    """The text as a code block in Markdown, which TensorBoard shows."""
    return "\n".join(f"    {line}" for line in text.splitlines())
