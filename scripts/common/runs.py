"""The part that commands with many runs share: run, write the numbers, show them, make the page."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from slategym import __version__
from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import FILE as CONFIGURATION
from slategym.scripts.common.configurations import write_configuration
from slategym.scripts.common.following import following
from slategym.scripts.common.terminal import fail, progress, write_page, writing

if TYPE_CHECKING:
    from slategym.bench.jobs.job import Workers
    from slategym.bench.jobs.store import RunStore
    from slategym.sim.world import World

Result = Mapping[str, Any]


class Planned(Protocol):
    """Runs that are ready to be done: a `Comparison` or a `Sweep`."""

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Callable[[int], None] | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Do them and summarise."""
        ...


def store_in(folder: Path, checkpoint_every: float, force: bool) -> RunStore:
    """The finished runs of a folder, which is locked.

    Args:
        folder: OUT.
        checkpoint_every: seconds between checkpoints; 0 for none.
        force: start anew.

    Raises:
        WriteError: the disk refuses.
    """
    from slategym.bench.jobs.store import RunStore

    store = RunStore(folder / "runs", checkpoint_every or None)
    store.prepare(force)
    return store


def workers_of(context: typer.Context, processes: int | None, cluster: str | None) -> int | Workers:
    """What runs the jobs of a command: so many processes, or a cluster, to which it is connected until it ends.

    Args:
        context: of the command.
        processes: at most; None for one per core. A local cluster has as many processors.
        cluster: its address; None for none.

    Raises:
        ImportError: Ray is not installed.
        ValueError: there is no cluster at the address.
    """
    from slategym.bench.jobs.run_jobs import cores

    if cluster is None:
        return processes or cores()
    from slategym.bench.clusters.connection import connected
    from slategym.bench.clusters.jobs import ClusterWorkers

    return ClusterWorkers(context.with_resource(connected(cluster, processes or cores())))


def said_of(workers: int | Workers) -> str:
    """How many workers there are, for people.

    Args:
        workers: as `workers_of` gives them.
    """
    return f"{workers} processes" if isinstance(workers, int) else f"{getattr(workers, 'count', 0)} processors of a cluster"


def folder_of(context: typer.Context, folder: str | Path, numbers: str, force: bool, config: Mapping[str, Any]) -> Path:
    """The folder of a command's run, its own until the command ends, with its `config.toml`.

    Args:
        context: of the command.
        folder: where it is.
        numbers: the name of the file of the result.
        force: see `bench.jobs.output.claim`.
        config: of the run.

    Raises:
        OSError: see `bench.jobs.output.claim`.
    """
    from slategym.bench.jobs.output import claim

    claimed = context.with_resource(claim(folder, numbers, force, config))
    write_configuration(context, claimed, config)
    return claimed


def run_and_report(
    context: typer.Context,
    planned: Planned,
    folder: Path,
    store: RunStore,
    *,
    processes: int | Workers | None,
    what: str,
    slates: int,
    numbers: str,
    page: str,
    some: Callable[[Result], bool],
    show: Callable[[Result], None],
    write: Callable[[Result, Path], None],
    worlds: Sequence[World] = (),
) -> None:
    """Run, with progress and until Ctrl-C; then write, show and draw what there is.

    Args:
        context: of the command.
        planned: what is run; its result has "status", "runs" and "failed".
        folder: where the files go.
        store: of the finished runs.
        processes: at most.
        what: is run, for the progress.
        slates: of all runs.
        numbers: the name of the file of the result.
        page: the name of the page.
        some: whether a result holds anything to show.
        show: prints a result.
        write: makes the page of a result.
        worlds: of the runs, for the page of `--watch`.

    Raises:
        Exit: with the status `INTERRUPTED`, where the runs were stopped early, and 1 where some failed.
    """
    from slategym.bench.jobs.failures import RunsFailedError, RunsFailedWarning
    from slategym.utils.storage.files import write_json

    with following(context, folder, what, getattr(planned, "config", {}), slates, worlds) as follow:
        if follow.track:
            store = replace(store, track=follow.track)
        with interruption() as stop:
            with progress(what, slates) as advance, warnings.catch_warnings():
                warnings.simplefilter("ignore", RunsFailedWarning)  # they are told below
                try:
                    result = planned.run(processes, follow.progress(advance), stop, store)
                except RunsFailedError as error:
                    result = dict(error.results)
            result = {"command": command_line(context), "version": __version__, **result}
            with writing():
                write_json(folder / numbers, result)
        if some(result):
            show(result)
            write_page(write, result, folder / page, folder / numbers)
            typer.echo(f"\npage     {folder / page}\nnumbers  {folder / numbers}")
        follow.finish(result, [folder / CONFIGURATION, folder / numbers, folder / page], folder / page)
    for failure in result["failed"]:
        typer.echo(f"Failed: {failure['run']}: {failure['error']}", err=True)
    runs = result["runs"]
    if result["status"] == "interrupted":
        typer.echo(
            f"Interrupted: {runs['finished']} of {runs['asked']} runs finished; {folder} holds those alone. "
            "The same command does the others.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    if result["failed"]:
        count = len(result["failed"])
        fail(f"{count} of {runs['asked']} runs failed: {folder / numbers} says where, and the same command tries them again", 1)
