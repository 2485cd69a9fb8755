"""A tracker for Weights & Biases, offline by default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from slategym.bench.tracking.tracker import ARTIFACTS, file_name, numbers
from slategym.utils.checked import checked
from slategym.utils.storage.files import make_folder


class WandB:
    """Records each run in W&B. Offline runs are in FOLDER/wandb; `wandb sync` uploads them.

    Args:
        folder: output folder.
        name: name of the run.
        project: W&B project.
        mode: "offline" only writes files; "online" needs an account.

    Raises:
        ValueError: an option is out of its range.
    """

    @checked
    def __init__(
        self, folder: Path, name: str, *, project: str = "slategym", mode: Literal["offline", "online"] = "offline"
    ) -> None:
        self.folder, self.name, self.project, self.mode = folder, name, project, mode
        self._run: Any = None

    def on_start(self, config: Mapping[str, Any]) -> None:
        """Start a run."""
        import wandb

        make_folder(self.folder)
        settings = wandb.Settings(console="off", silent=True, x_disable_stats=True, disable_git=True, disable_code=True)
        self._run = wandb.init(
            project=self.project,
            name=self.name,
            dir=str(self.folder),
            config=dict(config),
            mode=self.mode,
            reinit="create_new",  # other runs of this process continue
            settings=settings,
        )

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics."""
        self._run.log(dict(metrics), step=step)

    def on_finish(self, results: Mapping[str, Any]) -> None:
        """Set the summary, log the files, and end the run."""
        import wandb

        told = {name: value for name, value in results.items() if name != ARTIFACTS}
        self._run.summary.update({"status": told.get("status"), **numbers(told)})
        files = [str(path) for path in results.get(ARTIFACTS, ())]
        if files:
            artifact = wandb.Artifact(file_name(self.name).replace("=", "-").replace("+", "-"), type="results")
            for path in files:
                artifact.add_file(path)
            self._run.log_artifact(artifact)
        self._run.finish()
