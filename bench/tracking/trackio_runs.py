"""A tracker for Trackio; view the runs with `trackio show --project slategym`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from slategym.bench.tracking.tracker import ARTIFACTS, file_name, numbers
from slategym.utils.checked import checked
from slategym.utils.storage.files import make_folder

PLACE = "TRACKIO_DIR"  # environment variable with Trackio's folder, read when Trackio is imported


class Trackio:
    """Records each run in Trackio, in FOLDER/trackio, unless `TRACKIO_DIR` names another folder.

    Trackio uses only one folder per process, that of the first run.

    Args:
        folder: output folder.
        name: name of the run.
        project: Trackio project.
    """

    @checked
    def __init__(self, folder: Path, name: str, *, project: str = "slategym") -> None:
        self.folder, self.name, self.project = folder, name, project
        self._run: Any = None
        self._step = 0

    def on_start(self, config: Mapping[str, Any]) -> None:
        """Start a run."""
        make_folder(Path(os.environ.setdefault(PLACE, str((self.folder / "trackio").absolute()))))
        import trackio

        with _quiet():
            self._run = trackio.init(
                project=self.project,
                name=self.name,
                config=dict(config),
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics."""
        self._step = step
        self._run.log(dict(metrics), step=step)

    def on_finish(self, results: Mapping[str, Any]) -> None:
        """Log the numbers of the results under "results", and the files; then end the run."""
        import trackio
        from trackio import context_vars

        told = {name: value for name, value in results.items() if name != ARTIFACTS}
        with _quiet():
            self._run.log({f"results/{name}": value for name, value in numbers(told).items()}, step=self._step)
            files = [str(path) for path in results.get(ARTIFACTS, ())]
            if files:
                artifact = trackio.Artifact(file_name(self.name).replace("=", "-").replace("+", "-"), type="results")
                for path in files:
                    artifact.add_file(path)
                self._run.log_artifact(artifact)
            if context_vars.current_run.get() is self._run:
                trackio.finish()  # otherwise Trackio would finish it again when the process ends
            else:
                self._run.finish()


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress Trackio's output."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield
