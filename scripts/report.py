"""The command `slategym report`: writes the page of a run again from its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from slategym.scripts.common.terminal import fail, mistakes, start, writing

# By file of results: the name of its page, and the function that writes the page.
PAGES = {
    "results.json": ("report.html", "slategym.bench.reports.benchmark", "write_report"),
    "leaderboard.json": ("leaderboard.html", "slategym.bench.reports.leaderboard", "write_page"),
    "experiment.json": ("experiment.html", "slategym.bench.reports.experiment", "write_page"),
    "profile.json": ("profile.html", "slategym.bench.reports.profiles.page", "write_page"),
    "tuning.json": ("tuning.html", "slategym.bench.reports.tuning", "write_page"),
    "prediction.json": ("prediction.html", "slategym.bench.reports.prediction.page", "write_page"),
    "evaluation.json": ("evaluation.html", "slategym.bench.reports.off_policy.evaluation", "write_page"),
    "replay.json": ("replay.html", "slategym.bench.reports.off_policy.replay", "write_page"),
    "estimators.json": ("estimators.html", "slategym.bench.reports.off_policy.study", "write_page"),
    "audit.json": ("audit.html", "slategym.bench.reports.audits.page", "write_page"),
    "pareto.json": ("pareto.html", "slategym.bench.reports.sweeps.page", "write_page"),
    "certificate.json": ("certificate.html", "slategym.bench.reports.fitting.page", "write_page"),
    "scale.json": ("scale.html", "slategym.bench.reports.scaling", "write_page"),
}


def report(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(
            help="Output folder of any command that writes a page, such as `slategym benchmark`.",
            metavar="FOLDER",
        ),
    ],
    tables: Annotated[
        bool,
        typer.Option(
            "--tables", help="Also write a benchmark's tables as CSV and LaTeX and its curves as Parquet, in FOLDER/tables."
        ),
    ] = False,
) -> None:
    """Write the page of a run again from its numbers."""
    from slategym.utils.storage.lock import Lock

    with mistakes():
        found = [name for name in PAGES if (folder / name).is_file()]
        if not found:
            fail(f"{folder} contains no numbers: expected a folder with one of {', '.join(PAGES)}")
        if tables and "results.json" not in found:
            fail(f"{folder} contains no results.json: --tables needs the folder of a benchmark")
        context.with_resource(Lock(folder))
        numbers = {name: _read(folder / name) for name in found}
    for name, content in numbers.items():
        page, module, function = PAGES[name]
        write: Callable[[Mapping[str, Any], Path], None] = getattr(import_module(module), function)
        with mistakes(), writing():
            write(content, folder / page)
        typer.echo(f"page     {folder / page}")
    if tables:
        from slategym.bench.comparison.export import export
        from slategym.utils.storage.files import make_folder

        with mistakes(), writing():
            make_folder(folder / "tables")
            for path in export(numbers["results.json"], folder / "tables"):
                typer.echo(f"table    {path}")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} contains a {type(content).__name__}: expected the numbers of a run, a JSON object")
    return content


if __name__ == "__main__":
    start(report)
