"""The part that commands with many runs share: run, write the numbers, show them, make the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from slategym.bench.execution.interruption import INTERRUPTED, interruption
from slategym.scripts.common.terminal import progress, write_page, writing

Result = Mapping[str, Any]
Advance = Callable[[int], None]
Stop = Callable[[], bool]


def run_and_report(
    run: Callable[[Advance, Stop], Result],
    folder: Path,
    *,
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
        run: of (progress, stop), gives the result, with "status" and "runs".
        folder: where the files go.
        what: is run, for the progress.
        slates: of all runs.
        numbers: the name of the file of the result.
        page: the name of the page.
        some: whether a result holds anything to show.
        show: prints a result.
        write: makes the page of a result.

    Raises:
        Exit: with the status `INTERRUPTED`, where the runs were stopped early.
    """
    from slategym.utils.storage.files import write_json

    with interruption() as stop:
        with progress(what, slates) as advance:
            result = run(advance, stop)
        with writing():
            write_json(folder / numbers, result)
    if some(result):
        show(result)
        write_page(write, result, folder / page, folder / numbers)
        typer.echo(f"\npage     {folder / page}\nnumbers  {folder / numbers}")
    if result["status"] == "interrupted":
        runs = result["runs"]
        typer.echo(f"Interrupted: {runs['finished']} of {runs['asked']} runs finished; {folder} holds those alone.", err=True)
        raise typer.Exit(INTERRUPTED)
