"""The tracks of runs: what the CSV tracker has written of them so far, read on as the files grow."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COARSE = 0.05  # seconds by which a file system's clock may lag


@dataclass(eq=False)
class Track:
    """What is known of one run.

    Attributes:
        name: of the run, "lin-ts seed 0".
        config: what is run.
        results: once it has ended, how.
        earlier: whether it is from before the command began, which goes on.
        metrics: of each metric, the value by the slates shown.
    """

    name: str
    config: Mapping[str, Any]
    results: Mapping[str, Any] | None
    earlier: bool = False
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    _read: int = 0  # bytes of the file that were read
    _over: bool = False  # whether all of it was read after the run had ended

    def read_on(self, path: Path) -> None:
        """Read the lines that were added since; a run that began anew is read from the start.

        Args:
            path: of the CSV file.
        """
        if self._over:
            return
        self._over = self.results is not None
        with suppress(OSError), path.open("rb") as file:
            file.seek(0, 2)
            if file.tell() < self._read:
                self._read = 0
                self.metrics.clear()
            file.seek(self._read)
            added = file.read()
            whole = added[: added.rfind(b"\n") + 1]
            self._read += len(whole)
            for row in csv.reader(whole.decode("utf-8", "replace").splitlines()):
                with suppress(ValueError):  # the first line names the columns
                    slates, metric, value = row
                    self.metrics.setdefault(metric, {})[int(slates)] = float(value)


class Tracks:
    """The tracks of a folder.

    Args:
        folder: where the CSV tracker writes.
        begun: when the command began, in seconds since 1970.
        same: whether tracks that were written before are of the same command, which goes on; others are left out.
    """

    def __init__(self, folder: Path, begun: float = 0.0, same: bool = False) -> None:
        self.folder, self.begun, self.same = folder, begun - COARSE, same
        self._tracks: dict[str, tuple[int, Track]] = {}  # by the name of the file, with when its JSON was written

    def read(self) -> list[Track]:
        """The runs so far, in the order in which they were first seen."""
        for path in sorted(self.folder.glob("*.json"), key=lambda path: path.name):
            with suppress(OSError, ValueError, TypeError, KeyError):  # it is just being written, or not one of ours
                self._look_at(path)
        for name, (_, track) in self._tracks.items():
            track.read_on(self.folder / f"{name}.csv")
        return [track for _, track in self._tracks.values()]

    def _look_at(self, path: Path) -> None:
        written, known = path.stat(), self._tracks.get(path.stem)
        earlier = written.st_mtime < self.begun
        if (earlier and not self.same) or (known and known[0] == written.st_mtime_ns):
            return
        content = json.loads(path.read_text(encoding="utf-8"))
        track = Track(content["name"], content["config"], content["results"], earlier)
        if known and track.results is not None:  # it has ended: what was read of it stays
            track.metrics, track._read = known[1].metrics, known[1]._read
        self._tracks[path.stem] = (written.st_mtime_ns, track)
