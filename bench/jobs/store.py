"""Finished runs on disk, a file for each, which the same command takes up."""

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
    """The finished runs of a command, under `OUT/runs/`, and the checkpoints of those under way.

    A run is found by its title and its fingerprint, so that one of another configuration, world or version of the code is not
    taken for it.

    Attributes:
        folder: where the files lie.
        checkpoint_every: seconds between checkpoints; None for no checkpoints.
        track: makes the tracker of a run from its title; None where runs are not tracked.
    """

    folder: Path
    checkpoint_every: float | None = EVERY
    track: Callable[[str], Tracker] | None = None

    def prepare(self, force: bool = False) -> None:
        """Make the folder, and remove what killed writers left; the caller holds the lock of OUT.

        Args:
            force: remove finished runs and checkpoints too.

        Raises:
            WriteError: the disk refuses.
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
        """The result of a finished run; None if there is none that can be used.

        Args:
            title: the title of the run.
            fingerprint: the fingerprint of the run.
            known: objects that the result names.
        """
        path = self._path(title, fingerprint)
        try:
            content = read_private(path, known)
            return content["result"] if content["fingerprint"] == fingerprint else None
        except (ValueError, OSError, KeyError, TypeError):  # there is none, or it is damaged: the run is done again
            return None

    def write(self, title: str, fingerprint: str, result: Any, known: Mapping[str, Any]) -> None:
        """Keep the result of a finished run; one that the disk refuses, or that cannot be kept, is done again another time.

        Args:
            title: the title of the run.
            fingerprint: the fingerprint of the run.
            result: what it gave.
            known: objects that the result names.
        """
        with suppress(WriteError, CannotKeepError):
            content = {"title": title, "fingerprint": fingerprint, "result": result}
            write_private(self._path(title, fingerprint), content, known)

    def checkpoints(self, title: str, fingerprint: str) -> Checkpoints | None:
        """The checkpoints of a run; None if there are to be none.

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
    """The name of a run's file, without its ending: readable, and different for different runs.

    Args:
        title: the title of the run.
        fingerprint: the fingerprint of the run.
    """
    plain = re.sub(r"[^\w.]+", "-", title).strip("-.")[:LONGEST]
    return f"{plain}-{hashlib.sha256(f'{title} {fingerprint}'.encode()).hexdigest()[:12]}"
