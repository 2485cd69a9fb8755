"""Tracking of a command's runs: trackers (`--track`) and the live page (`--watch`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

import typer

from slategym.bench.jobs.output import read_result
from slategym.scripts.common.command_line import FOLLOWING, command_line
from slategym.scripts.common.terminal import writing

if TYPE_CHECKING:
    from slategym.bench.jobs.progress import Progress
    from slategym.bench.tracking.tracker import Tracker
    from slategym.bench.watching.state import State
    from slategym.sim.world import World

_SERVER = "slategym.watching"


class Following:
    """Tracks the runs of a command and updates its live page, where the options ask for it.

    Args:
        track: makes the tracker of each run from its name; None if runs are not tracked.
        whole: tracker of the command itself, if there is one.
    """

    def __init__(self, track: Callable[[str], Tracker] | None = None, whole: Tracker | None = None) -> None:
        self.track = track
        self._whole = whole
        self._state: State | None = None
        self._told = False

    def progress(self, progress: Progress) -> Progress:
        """Wrap the progress display so that the live page is updated too.

        Args:
            progress: the command's progress display.
        """
        return progress if self._state is None else self._state.following(progress)

    def stage(self, what: str) -> None:
        """Show the current stage of the command on the live page.

        Args:
            what: the stage, in words.
        """
        if self._state is not None:
            self._state.note_runs(0, 0, [what])

    def finish(self, results: Mapping[str, Any], files: Sequence[Path] = (), page: Path | None = None) -> None:
        """Report the end of the command to its tracker and to the live page.

        Args:
            results: JSON values, with a "status".
            files: files that belong to the run; missing ones are left out.
            page: page of the results, if there is one.
        """
        from slategym.bench.tracking.tracker import ARTIFACTS

        self._told = True
        if self._state is not None:
            self._state.end(str(results.get("status", "finished")), str(page) if page and page.is_file() else "")
        if self._whole is not None:
            with writing():
                self._whole.on_finish({**results, ARTIFACTS: [str(path) for path in files if path.is_file()]})


def prepare(context: typer.Context) -> None:
    """Check the options for tracking, and open the port of the live page, before anything else happens.

    Args:
        context: Typer's context of the command.

    Raises:
        ValueError: there is no such tracker, option or port.
        ImportError: the library of the tracker is not installed.
        OSError: the port is in use.
    """
    _tracking(context, Path())
    port = context.params["watch_port"]
    if context.params["watch"] or port is not None:
        from slategym.bench.watching.server import WatchServer

        context.meta[_SERVER] = context.with_resource(WatchServer(0 if port is None else port))


def needs_folder(context: typer.Context) -> None:
    """Refuse `--track` and `--watch` for a command without an output folder.

    Args:
        context: Typer's context of the command.

    Raises:
        ValueError: one of them is given without --out.
    """
    if context.params.get("out") is None:
        refuse_following(context, "there is no output folder: give --out FOLDER too")


def refuse_following(context: typer.Context, why: str) -> None:
    """Refuse `--track` and `--watch`.

    Args:
        context: Typer's context of the command.
        why: the reason, for the message.

    Raises:
        ValueError: one of them is given.
    """
    for name in FOLLOWING:
        value = context.params.get(name)
        if value is not None and value is not False:  # 0 is a port
            raise ValueError(f"--{name.replace('_', '-')} cannot be used here: {why}")


@contextmanager
def following(
    context: typer.Context,
    folder: Path | None,
    what: str,
    config: Mapping[str, Any],
    slates: int,
    worlds: Sequence[World] = (),
    *,
    whole: bool = True,
) -> Iterator[Following]:
    """Track the runs of a command, as its options say.

    Args:
        context: Typer's context of the command.
        folder: output folder; None disables tracking.
        what: name of the command's record.
        config: configuration of the command.
        slates: number of slates of all runs together.
        worlds: worlds of the runs; the page shows their exact Pareto fronts where these can be computed quickly.
        whole: whether the command itself is tracked, in addition to its runs.

    Yields:
        The tracking. If the block ends without a call of `finish`, the command is recorded as failed.
    """
    from slategym.bench.tracking.combined import Several
    from slategym.bench.tracking.tracker import FOLDER, Tracking

    if folder is None:
        yield Following()
        return
    asked, server = _tracking(context, folder), context.meta.get(_SERVER)
    makers = [] if asked is None else [asked]
    if server is not None and (asked is None or asked.text.partition(":")[0] != "csv"):
        makers.append(Tracking("csv", folder / FOLDER))  # the live page reads these files
    track = Several(tuple(makers)) if len(makers) > 1 else makers[0] if makers else None
    follow = Following(track, track(what) if track and whole else None)
    if server is not None:
        follow._state = _watch(context, server, folder / FOLDER, what, config, slates, worlds)
    if follow._whole is not None:
        with writing():
            follow._whole.on_start(config)
    try:
        yield follow
    finally:
        if not follow._told:
            follow.finish({"status": "failed"})
        if server is not None:
            server.tell_end()


def _watch(
    context: typer.Context,
    server: Any,
    folder: Path,
    what: str,
    config: Mapping[str, Any],
    slates: int,
    worlds: Sequence[World],
) -> State:
    """Start serving the page. Tracks of an earlier run are kept if its fingerprint was the same."""
    from slategym.bench.reports.live import live_page
    from slategym.bench.tracking.tracker import file_name
    from slategym.bench.watching.goal import front_towards
    from slategym.bench.watching.server import STATE
    from slategym.bench.watching.state import State
    from slategym.bench.watching.tracks import Tracks

    before = read_result(folder / f"{file_name(what)}.json").get("config", {}).get("fingerprint")
    same = before is not None and before == config.get("fingerprint") and not context.params.get("force")
    names = [world.origin or world.name for world in worlds]
    alone = [(name, world) for name, world in zip(names, worlds, strict=True) if names.count(name) == 1]
    fronts = {name: found for name, world in alone if (found := front_towards(world)) is not None}
    state = State(what, Tracks(folder, time(), same), slates, fronts)
    server.start(live_page(what, command_line(context), STATE), state.read)
    typer.echo(f"watch    {server.address}")
    return state


def _tracking(context: typer.Context, folder: Path) -> Any:
    """What makes the trackers of a command's runs; None without `--track`."""
    if context.params.get("track") is None:
        return None
    from slategym.bench.tracking.tracker import FOLDER, Tracking

    return Tracking(context.params["track"], folder / FOLDER)
