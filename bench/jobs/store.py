"""Stores finished runs on disk, one file each, so that the same command does not repeat them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slategym.bench.jobs.checkpoints import EVERY, Checkpoints
from slategym.bench.tracking.tracker import Tracker
from slategym.utils.storage.files import WriteError, make_folder, remove_partials
from slategym.utils.storage.private import CannotKeepError, read_private, write_private

LONGEST = 80  # characters of a run's title in the name of its file


@dataclass(frozen=True)
class RunStore:
    """The finished runs of a command, under `OUT/runs/`, and the checkpoints of the runs in progress.

    A run is identified by its title and its fingerprint, so it is never confused with a run of another configuration, world or
    version of the code.

    Attributes:
        folder: the folder of the files.
        checkpoint_every: seconds between checkpoints; None for no checkpoints.
        track: a callable that makes the tracker of a run from its title; None if runs are not tracked.
    """

    folder: Path
    checkpoint_every: float | None = EVERY
    track: Callable[[str], Tracker] | None = None

    def prepare(self, force: bool = False) -> None:
        """Create the folder, and remove incomplete files of killed processes; the caller must hold the lock of OUT.

        Args:
            force: whether to remove finished runs and checkpoints too.

        Raises:
            WriteError: the folder cannot be created, or a file cannot be removed.
        """
        make_folder(self.folder)
        remove_partials(self.folder / "*", pattern=True)
        if force:
            for pattern in ("*.run", "*.checkpoint"):
                for path in self.folder.glob(pattern):
                    try:
                        path.unlink()
                    except OSError as error:
                        raise WriteError.of(path, error) from error

    def read(self, title: str, fingerprint: str, known: Mapping[str, Any]) -> Any:
        """The result of a finished run; None if there is no usable one.

        Args:
            title: the title of the run.
            fingerprint: the fingerprint of the run.
            known: objects that the result refers to by name.
        """
        path = self._path(title, fingerprint)
        try:
            content = read_private(path, known)
            return content["result"] if content["fingerprint"] == fingerprint else None
        except (ValueError, OSError, KeyError, TypeError):  # no file, or a damaged one: the run is repeated
            return None

    def write(self, title: str, fingerprint: str, result: Any, known: Mapping[str, Any]) -> None:
        """Store the result of a finished run; if this is not possible, the same command will repeat the run.

        Args:
            title: the title of the run.
            fingerprint: the fingerprint of the run.
            result: the result of the run.
            known: objects that the result refers to by name.
        """
        with suppress(WriteError, CannotKeepError):
            content = {"title": title, "fingerprint": fingerprint, "result": result}
            write_private(self._path(title, fingerprint), content, known)

    def checkpoints(self, title: str, fingerprint: str) -> Checkpoints | None:
        """The checkpoints of a run; None if checkpoints are off.

        Args:
            title: the title of the run.
            fingerprint: the fingerprint of the run.
        """
        if self.checkpoint_every is None:
            return None
        return Checkpoints(self.folder, file_name(title, fingerprint), fingerprint, self.checkpoint_every)

    def _path(self, title: str, fingerprint: str) -> Path:
        return self.folder / f"{file_name(title, fingerprint)}.run"


def file_name(title: str, fingerprint: str) -> str:
    """The name of a run's file without its extension; it is readable, and different for different runs.

    Args:
        title: the title of the run.
        fingerprint: the fingerprint of the run.
    """
    plain = re.sub(r"[^\w.]+", "-", title).strip("-.")[:LONGEST]
    return f"{plain}-{hashlib.sha256(f'{title} {fingerprint}'.encode()).hexdigest()[:12]}"
