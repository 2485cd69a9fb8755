"""The commands `slategym log describe` and `slategym log convert`, for any log of impressions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slategym.scripts.common import options
from slategym.scripts.common.terminal import console, fail, fill, mistakes, table, writing

if TYPE_CHECKING:
    from slategym.logs.impressions import ImpressionLog

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Describe or convert a log of impressions.")


@app.command()
def describe(
    log: options.LogFile,
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the description as JSON.")] = False,
) -> None:
    """Describe what a log contains, what is missing, and what it can be used for.

    A log has one row per item shown. Columns are recognised by their names, or named with --columns.
    """
    from slategym.logs.description import describe_log, sentences
    from slategym.logs.roles import KINDS, ROLES

    with mistakes():
        found = describe_log(_read(log, columns, encoding, tell=not as_json))
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    typer.echo(f"{log}: {sentences(found)[0]}")
    for sentence in sentences(found)[1:]:
        typer.echo(f"  {sentence}")
    lines = _words("column", "read as", "meaning")
    for role, names in found["columns"].items():
        meaning = ROLES[role].meaning if role in ROLES else KINDS.get(role, "ignored, as requested")
        shown = names if len(names) <= 6 else [*names[:5], f"and {len(names) - 5} more"]
        lines.add_row(", ".join(shown), role, meaning)
    if found["columns"]:
        typer.echo()
        console().print(lines)
    typer.echo()
    for use in found["uses"]:
        why = f": {use['why']}" if use["why"] else ""
        typer.echo(fill(f"{'yes' if use['possible'] else 'no '}  {use['use']} ({use['command']}){why}"))
    if found["notes"]:
        typer.echo("\nAssumptions and doubts:")
        for note in found["notes"]:
            typer.echo(fill(f"- {note}"))


@app.command()
def convert(
    log: options.LogFile,
    out: Annotated[Path, typer.Argument(help="File to write: .parquet, .csv or .csv.gz.", metavar="OUT")],
    columns: options.Columns = None,
    encoding: options.Encoding = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if there is one.")] = False,
) -> None:
    """Write a log with slategym's column names, so that other commands do not need --columns."""
    from slategym.logs.impression_writing import write_impressions

    with mistakes():
        if out.exists() and not force:
            fail(f"{out} exists already: choose another file, or overwrite with --force")
        read = _read(log, columns, encoding)
        with writing():
            write_impressions(read, out)
    typer.echo(f"{len(read):,} impressions of {read.slates:,} slates are in {out}")


def _read(log: Path, columns: str | None, encoding: str | None, tell: bool = True) -> ImpressionLog:
    """Read the log. If it cannot be read, first print its columns and their possible meanings.

    Raises:
        ValueError: it cannot be read as a log.
    """
    from slategym.logs.impression_reading import read_impressions
    from slategym.logs.survey import survey

    try:
        return read_impressions(log, columns, encoding=encoding)
    except ValueError:
        if tell and log.is_file():
            _print_survey(survey(log, columns, encoding=encoding))
        raise


def _print_survey(found: list[Any]) -> None:
    lines = table("column", "read as", "might be", "distinct values", "empty", "examples")
    for column in lines.columns[1:3]:
        column.justify = "left"
    for each in found:
        lines.add_row(each.name, each.read_as, each.might_be, f"{each.different:,}", f"{each.empty:,}", ", ".join(each.examples))
    console().print(lines)
    typer.echo()


def _words(*columns: str) -> Any:
    lines = table(*columns)
    for column in lines.columns:
        column.justify = "left"
    return lines


if __name__ == "__main__":
    app()
