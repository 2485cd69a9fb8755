"""The part that commands with many runs share: run, write the numbers, show them, make the page."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

from slategym import __version__
from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.scripts.common.terminal import fail, progress, write_page, writing

if TYPE_CHECKING:
    from slategym.bench.jobs.store import RunStore

Result = Mapping[str, Any]
ELSEWHERE = ("--out", "--processes", "--checkpoint-every")  # options that change no number


class Planned(Protocol):
    """Runs that are ready to be done: a `Comparison` or a `Sweep`."""

    def run(
        self,
        processes: int | None = None,
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


def repeatable(arguments: Sequence[str]) -> str:
    """The command that gives the same numbers: without where it writes, and how it runs.

    Args:
        arguments: of the command line, without the program.
    """
    kept: list[str] = []
    skip = False
    for argument in arguments:
        option = argument.partition("=")[0]
        if not skip and option not in (*ELSEWHERE, "--force"):
            kept.append(argument)
        skip = not skip and option in ELSEWHERE and "=" not in argument
    return shlex.join(["slategym", *kept])


def run_and_report(
    planned: Planned,
    folder: Path,
    store: RunStore,
    *,
    processes: int | None,
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

    with interruption() as stop:
        with progress(what, slates) as advance, warnings.catch_warnings():
            warnings.simplefilter("ignore", RunsFailedWarning)  # they are told below
            try:
                result = planned.run(processes, advance, stop, store)
            except RunsFailedError as error:
                result = dict(error.results)
        result = {"command": repeatable(sys.argv[1:]), "version": __version__, **result}
        with writing():
            write_json(folder / numbers, result)
    if some(result):
        show(result)
        write_page(write, result, folder / page, folder / numbers)
        typer.echo(f"\npage     {folder / page}\nnumbers  {folder / numbers}")
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
