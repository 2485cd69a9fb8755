"""Checkpoints, from which a run continues after it was killed, with the same numbers."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

from slategym.utils.storage.files import WriteError, remove_partials
from slategym.utils.storage.private import CannotKeepError, read_private, write_private

EVERY = 120.0  # seconds, by default
KEPT = 2  # the number of checkpoints to keep, in case the last one is damaged
SHARE = 0.05  # the largest share of the time for writing


class Checkpoints:
    """The checkpoints of one run, in files `NAME.STEP.checkpoint` of a folder; the last two are kept.

    There are none for an agent that cannot be saved: after a kill, its run starts again, with the same numbers.

    Args:
        folder: an existing folder for the files.
        name: the name of the run, as part of a file name.
        fingerprint: the fingerprint of the run; checkpoints with another one are not read.
        every: seconds between checkpoints; longer if writing takes long. 0 writes one at every step.
    """

    def __init__(self, folder: Path, name: str, fingerprint: str, every: float = EVERY) -> None:
        self.folder, self.name, self.fingerprint, self.every = folder, name, fingerprint, every
        self.refused: list[str] = []  # why checkpoints were not used
        self._last, self._took, self._possible = monotonic(), 0.0, True

    def due(self) -> bool:
        """Whether it is time for the next checkpoint."""
        return self._possible and monotonic() - self._last >= max(self.every, self._took / SHARE if self.every else 0.0)

    def write(self, step: int, content: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        """Write a checkpoint and remove all but the last two. If it cannot be written, the run continues without it.

        Args:
            step: number of steps done.
            content: the state of the run.
            known: objects that are not written, because the run has them anyway.
        """
        start = monotonic()
        try:
            write_private(self._path(step), {"fingerprint": self.fingerprint, "step": step, **content}, known)
        except CannotKeepError:
            self._possible = False
        except WriteError:
            pass
        else:
            for path in self._files()[:-KEPT]:
                with suppress(OSError):
                    path.unlink()
        self._last = monotonic()
        self._took = self._last - start

    def read(self, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The contents of the usable checkpoints, the last one first.

        Args:
            known: the objects that were not written, see `write`.
        """
        for path in reversed(self._files()):
            try:
                content = read_private(path, known)
                if not isinstance(content, dict) or content.get("fingerprint") != self.fingerprint:
                    raise ValueError(f"{path} is from another configuration, or another version of the code")
            except (ValueError, OSError) as error:
                self.refused.append(str(error))
            else:
                yield content

    def remove(self) -> None:
        """Remove all checkpoints of the run."""
        for path in self._files():
            with suppress(OSError):
                path.unlink()
        remove_partials(self.folder / f"{glob.escape(self.name)}.*.checkpoint", pattern=True)

    def _path(self, step: int) -> Path:
        return self.folder / f"{self.name}.{step:012d}.checkpoint"

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob(f"{glob.escape(self.name)}.*.checkpoint"))
