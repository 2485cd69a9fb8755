"""The tracks of runs, read from the files of the CSV tracker while they grow."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COARSE = 0.05  # maximum lag of a file system's clock, in seconds


@dataclass(eq=False)
class Track:
    """The track of one run.

    Attributes:
        name: name of the run, such as "lin-ts seed 0".
        config: its configuration.
        results: its results; None while it is in progress.
        earlier: whether it was written before the command started, by an interrupted command that is now continued.
        metrics: for each metric, the value by the number of slates shown.
    """

    name: str
    config: Mapping[str, Any]
    results: Mapping[str, Any] | None
    earlier: bool = False
    metrics: dict[str, dict[int, float]] = field(default_factory=dict)
    _read: int = 0  # bytes of the file that have been read
    _over: bool = False  # whether the run has ended and its whole file has been read

    def read_on(self, path: Path) -> None:
        """Read the lines that were added since the last call. If the run started again, read from the beginning.

        Args:
            path: path of the CSV file.
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
                with suppress(ValueError):  # the first line contains the heads
                    slates, metric, value = row
                    self.metrics.setdefault(metric, {})[int(slates)] = float(value)


class Tracks:
    """The tracks of a folder.

    Args:
        folder: folder of the CSV tracker.
        begun: start of the command, in seconds since 1970.
        same: whether earlier tracks belong to the same command, which is continued; otherwise they are left out.
    """

    def __init__(self, folder: Path, begun: float = 0.0, same: bool = False) -> None:
        self.folder, self.begun, self.same = folder, begun - COARSE, same
        self._tracks: dict[str, tuple[int, Track]] = {}  # by name of the file, with the time when its JSON was written

    def read(self) -> list[Track]:
        """The tracks so far, in the order in which they appeared."""
        for path in sorted(self.folder.glob("*.json"), key=lambda path: path.name):
            with suppress(OSError, ValueError, TypeError, KeyError):  # it is being written, or is not a track
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
        if known and track.results is not None:  # it has ended: keep what has been read
            track.metrics, track._read = known[1].metrics, known[1]._read
        self._tracks[path.stem] = (written.st_mtime_ns, track)
