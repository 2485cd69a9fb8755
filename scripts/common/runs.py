"""The part that commands with many runs share: run, write the numbers, show them, make the page."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from slategym import __version__
from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.bench.tracking.tracker import ARTIFACTS
from slategym.scripts.common.configurations import FILE as CONFIGURATION
from slategym.scripts.common.configurations import command_line, tracking_of, write_configuration
from slategym.scripts.common.terminal import fail, progress, write_page, writing

if TYPE_CHECKING:
    from slategym.bench.jobs.job import Workers
    from slategym.bench.jobs.store import RunStore

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

    Raises:
        Exit: with the status `INTERRUPTED`, where the runs were stopped early, and 1 where some failed.
    """
    from slategym.bench.jobs.failures import RunsFailedError, RunsFailedWarning
    from slategym.utils.storage.files import write_json

    tracking = tracking_of(context, folder)
    whole = None
    if tracking:
        store, whole = replace(store, track=tracking), tracking(what)
        whole.on_start(getattr(planned, "config", {}))
    with interruption() as stop:
        with progress(what, slates) as advance, warnings.catch_warnings():
            warnings.simplefilter("ignore", RunsFailedWarning)  # they are told below
            try:
                result = planned.run(processes, advance, stop, store)
            except RunsFailedError as error:
                result = dict(error.results)
        result = {"command": command_line(context), "version": __version__, **result}
        with writing():
            write_json(folder / numbers, result)
    if some(result):
        show(result)
        write_page(write, result, folder / page, folder / numbers)
        typer.echo(f"\npage     {folder / page}\nnumbers  {folder / numbers}")
    if whole:
        with writing():
            files = [path for path in (folder / CONFIGURATION, folder / numbers, folder / page) if path.is_file()]
            whole.on_finish({**result, ARTIFACTS: [str(path) for path in files]})
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
