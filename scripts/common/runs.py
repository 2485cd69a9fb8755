"""What commands with many runs share: run them, write the numbers, print them, and write the page."""

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
    """A plan of runs, such as a `Comparison` or a `Sweep`."""

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Callable[[int], None] | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Execute the runs and summarise them."""
        ...


def store_in(folder: Path, checkpoint_every: float, force: bool) -> RunStore:
    """The store of finished runs in OUT/runs.

    Args:
        folder: OUT, which is locked.
        checkpoint_every: seconds between checkpoints; 0 for none.
        force: whether to discard the runs that it contains.

    Raises:
        WriteError: the folder cannot be written to.
    """
    from slategym.bench.jobs.store import RunStore

    store = RunStore(folder / "runs", checkpoint_every or None)
    store.prepare(force)
    return store


def workers_of(context: typer.Context, processes: int | None, cluster: str | None) -> int | Workers:
    """The workers of a command: a number of processes, or a cluster. The connection to the cluster ends with the command.

    Args:
        context: Typer's context of the command.
        processes: at most; None for one per core. A local cluster gets as many processors.
        cluster: address of the cluster; None for processes of this machine.

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
    """The number of workers, in words.

    Args:
        workers: return value of `workers_of`.
    """
    return f"{workers} processes" if isinstance(workers, int) else f"{getattr(workers, 'count', 0)} processors of a cluster"


def folder_of(context: typer.Context, folder: str | Path, numbers: str, force: bool, config: Mapping[str, Any]) -> Path:
    """Make the output folder of a command, lock it until the command ends, and write its `config.toml`.

    Args:
        context: Typer's context of the command.
        folder: path of the folder.
        numbers: name of the file with the results.
        force: see `bench.jobs.output.claim`.
        config: configuration of the run.

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
    """Execute the runs, showing progress, until they end or Ctrl-C; then write, print and plot the results so far.

    Args:
        context: Typer's context of the command.
        planned: the plan; its result has "status", "runs" and "failed".
        folder: output folder.
        store: store of finished runs.
        processes: the workers.
        what: title of the progress display.
        slates: number of slates of all runs together.
        numbers: name of the file with the results.
        page: name of the page.
        some: whether a result contains anything to show.
        show: prints a result.
        write: writes the page of a result.
        worlds: worlds of the runs, for the live page.

    Raises:
        Exit: with the status `INTERRUPTED` if the runs were interrupted, and 1 if some failed.
    """
    from slategym.bench.jobs.failures import RunsFailedError, RunsFailedWarning
    from slategym.utils.storage.files import write_json

    with following(context, folder, what, getattr(planned, "config", {}), slates, worlds) as follow:
        if follow.track:
            store = replace(store, track=follow.track)
        with interruption() as stop:
            with progress(what, slates) as advance, warnings.catch_warnings():
                warnings.simplefilter("ignore", RunsFailedWarning)  # failures are printed below
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
            f"Interrupted: {runs['finished']} of {runs['asked']} runs finished; {folder} contains their results. "
            "Run the same command again to continue.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)
    if result["failed"]:
        count = len(result["failed"])
        fail(f"{count} of {runs['asked']} runs failed: see {folder / numbers}, and run the same command again to retry them", 1)
