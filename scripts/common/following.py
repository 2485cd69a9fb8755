"""How the runs of a command are followed: by trackers, as `--track` says, and by a page, as `--watch` says."""

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
    """What follows the runs of a command.

    Attributes:
        track: makes the tracker of each run from its name; None where runs are not followed.
    """

    def __init__(self, track: Callable[[str], Tracker] | None = None, whole: Tracker | None = None) -> None:
        self.track = track
        self._whole = whole
        self._state: State | None = None
        self._told = False

    def progress(self, progress: Progress) -> Progress:
        """The progress of the command, which the page is told too.

        Args:
            progress: of the command.
        """
        return progress if self._state is None else self._state.following(progress)

    def stage(self, what: str) -> None:
        """Tell the page what is done now, of a command that goes through stages.

        Args:
            what: in words.
        """
        if self._state is not None:
            self._state.note_runs(0, 0, [what])

    def finish(self, results: Mapping[str, Any], files: Sequence[Path] = (), page: Path | None = None) -> None:
        """Tell the end.

        Args:
            results: JSON values, with a "status".
            files: that belong to the run; those that are missing are left out.
            page: of the results, if there is one.
        """
        from slategym.bench.tracking.tracker import ARTIFACTS

        self._told = True
        if self._state is not None:
            self._state.end(str(results.get("status", "finished")), str(page) if page and page.is_file() else "")
        if self._whole is not None:
            with writing():
                self._whole.on_finish({**results, ARTIFACTS: [str(path) for path in files if path.is_file()]})


def prepare(context: typer.Context) -> None:
    """Check what a command is to be followed by, and take the port of its page, before anything else is done.

    Args:
        context: of the command.

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
    """Refuse to follow a command that was given no folder to write into.

    Args:
        context: of the command.

    Raises:
        ValueError: it is to be followed, and there is no --out.
    """
    if context.params.get("out") is None:
        refuse_following(context, "the results have no folder to write into: give --out FOLDER too")


def refuse_following(context: typer.Context, why: str) -> None:
    """Refuse to follow a command.

    Args:
        context: of the command.
        why: it cannot be followed.

    Raises:
        ValueError: it is to be followed.
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
    """Follow the runs of a command, as its options say.

    Args:
        context: of the command.
        folder: of the run; without one nothing follows it.
        what: names the whole.
        config: of the run.
        slates: of all runs.
        worlds: of the runs, whose exact fronts the page shows where they are quickly known.
        whole: whether the command itself is tracked too, beside its runs.

    Yields:
        What follows them. A command that ends without telling its results has failed.
    """
    from slategym.bench.tracking.combined import Several
    from slategym.bench.tracking.tracker import FOLDER, Tracking

    if folder is None:
        yield Following()
        return
    asked, server = _tracking(context, folder), context.meta.get(_SERVER)
    makers = [] if asked is None else [asked]
    if server is not None and (asked is None or asked.text.partition(":")[0] != "csv"):
        makers.append(Tracking("csv", folder / FOLDER))  # which the page reads
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
    """Begin to serve the page. Tracks that are there already are of the same run if the last one had the same fingerprint."""
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
    """What makes the trackers of a command's runs, if it was told to track them."""
    if context.params.get("track") is None:
        return None
    from slategym.bench.tracking.tracker import FOLDER, Tracking

    return Tracking(context.params["track"], folder / FOLDER)
