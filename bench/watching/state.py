"""The state of a command for the live page: its progress, and the lines of the plots."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from time import monotonic
from typing import Any

from slategym.bench.comparison.metrics import per_slate, weight_of
from slategym.bench.jobs.progress import Progress, tell_runs
from slategym.bench.watching.tracks import Track, Tracks

VALUE = "value_per_slate"
# The first metrics in the list; the last one is for trainings.
FIRST = (VALUE, "value_per_episode", "regret_per_slate", "share_of_oracle", "share_of_context", "validation_loss")
ONE_OF = re.compile(r"(?P<line>.*) (seed|run) \d+")  # name of a run; runs with the same line are averaged
DIGITS = 6  # significant digits of numbers


class State:
    """The state of a command, which the live page requests. It can be read from any thread.

    Args:
        what: name of the command's record.
        tracks: tracks of its runs.
        total: number of slates of all runs.
        fronts: (p, 2) values on the exact Pareto front, by world, where it is known.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        what: str,
        tracks: Tracks,
        total: int,
        fronts: Mapping[str, Sequence[Sequence[float]]] | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.what, self.total, self.fronts = what, total, dict(fronts or {})
        self._tracks, self._clock, self._lock = tracks, clock, threading.Lock()
        self._begun, self._first, self._slates = clock(), 0, 0
        self._runs, self._at_work = (0, 0), tuple[str, ...]()
        self._status, self._ended, self._page = "running", 0.0, ""

    def following(self, progress: Progress) -> Progress:
        """A progress that updates this state and passes everything on to another progress.

        Args:
            progress: the other progress.
        """
        return _Noted(self, progress)

    def end(self, status: str, page: str = "") -> None:
        """Note the end of the command.

        Args:
            status: "finished", "interrupted" or "failed".
            page: path of the page of the results, if there is one.
        """
        self._status, self._page, self._ended = status, page, self._clock()

    def note(self, slates: int) -> None:
        """Note the slates shown so far; those of the first call were shown before the command started.

        Args:
            slates: total number of slates.
        """
        if not self._slates:
            self._first, self._begun = slates, self._clock()
        self._slates = slates

    def note_runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        """Note the progress of the runs; see `RunProgress`."""
        self._runs, self._at_work = (done, total), tuple(at_work)

    def read(self, world: str = "", metric: str = "") -> dict[str, Any]:
        """The content of the page, as JSON values.

        Args:
            world: world whose lines to return; by default, or if it is unknown, the first one.
            metric: metric of the curves; by default the value per slate.

        Returns:
            - `what`, `status` ("running", "finished", "interrupted" or "failed") and `page`.
            - `slates`, `total`, `done`, `runs`, `at_work`, `seconds`, `slates_per_second`, `seconds_left`.
            - `worlds` and `metrics` that can be requested, `world` and `metric` of this answer, `objectives`.
            - `lines`: for each, `name`, `agent`, `runs` by status, and over `slates` the means of its runs: `values` of the
              metric, `earned` per slate and `weights` of each objective.
            - `front`: values on the exact front, or null; `failures`: error messages of failed runs.
        """
        with self._lock:
            tracks = [track for track in self._tracks.read() if "agent" in track.config and track.name != self.what]
            worlds = list(dict.fromkeys(str(track.config.get("world", "")) for track in tracks))
            chosen = world if world in worlds else next(iter(worlds), "")
            some = [track for track in tracks if str(track.config.get("world", "")) == chosen]
            objectives = next((dict(track.config["plurals"]) for track in some if "plurals" in track.config), {})
            earned, weights = [*map(per_slate, objectives.values())], [*map(weight_of, objectives)]
            offered = _offered(some, weights)
            drawn = metric if metric in offered else next(iter(offered), VALUE)
            lines = [self._line(name, runs, drawn, earned, weights) for name, runs in _by_line(some, chosen).items()]
        return {
            **self._progress(),
            "worlds": worlds,
            "world": chosen,
            "metrics": offered,
            "metric": drawn,
            "objectives": list(objectives.items()),
            "lines": lines,
            "front": self.fronts.get(chosen) if len(objectives) == 2 else None,
            "failures": [
                f"{track.name}: {track.results['error']}" for track in tracks if track.results and "error" in track.results
            ],
        }

    def _progress(self) -> dict[str, Any]:
        now = self._ended or self._clock()
        seconds, shown = now - self._begun, self._slates - self._first
        speed = shown / seconds if seconds > 0 else 0.0
        left = (self.total - self._slates) / speed if speed and self._status == "running" else None
        return {
            "what": self.what,
            "status": self._status,
            "page": self._page,
            "slates": self._slates,
            "total": self.total,
            "done": self._runs[0],
            "runs": self._runs[1],
            "at_work": list(self._at_work),
            "seconds": round(seconds, 1),
            "slates_per_second": round(speed),
            "seconds_left": None if left is None else round(left),
        }

    def _line(
        self, name: str, runs: Sequence[Track], metric: str, earned: Sequence[str], weights: Sequence[str]
    ) -> dict[str, Any]:
        slates = sorted({step for track in runs for values in track.metrics.values() for step in values})

        def means(metric: str) -> list[float | None]:
            return [_mean(track.metrics.get(metric, {}).get(step) for track in runs) for step in slates]

        return {
            "name": name,
            "agent": str(runs[0].config["agent"]),
            "runs": self._statuses(runs),
            "slates": slates,
            "values": means(metric),
            "earned": [*map(means, earned)],
            "weights": [*map(means, weights)],
        }

    def _statuses(self, runs: Sequence[Track]) -> dict[str, int]:
        """The number of runs by status: a run that has not ended is in progress as long as the command runs."""
        found: dict[str, int] = {}
        for track in runs:
            waits = track.earlier or self._status != "running"
            under_way = "interrupted" if waits else "in progress"
            status = under_way if track.results is None else str(track.results.get("status", "finished"))
            found[status] = found.get(status, 0) + 1
        return found


class _Noted:
    """Updates a progress and a state."""

    def __init__(self, state: State, progress: Progress) -> None:
        self._state, self._progress = state, progress

    def __call__(self, slates: int) -> None:
        self._state.note(slates)
        self._progress(slates)

    def runs(self, done: int, total: int, at_work: Sequence[str]) -> None:
        self._state.note_runs(done, total, at_work)
        tell_runs(self._progress, done, total, at_work)


def _by_line(tracks: Sequence[Track], world: str) -> dict[str, list[Track]]:
    """The runs by their names without seed and world."""
    found: dict[str, list[Track]] = {}
    for track in tracks:
        one = ONE_OF.fullmatch(track.name)
        name = (one["line"] if one else track.name).replace(f"{world} ", "")
        found.setdefault(name, []).append(track)
    return found


def _offered(tracks: Sequence[Track], weights: Sequence[str]) -> list[str]:
    """The metrics of the runs, the most important first."""
    known = {metric for track in tracks for metric in track.metrics if metric not in weights}
    return [*(name for name in FIRST if name in known), *sorted(known.difference(FIRST))]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and isfinite(value)]
    return float(f"{sum(known) / len(known):.{DIGITS}g}") if known else None
