"""The command `slategym scale`: measures how time and memory grow with shoppers, items and slate size."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from slategym import __version__
from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.scripts.common import options
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, store_in
from slategym.scripts.common.terminal import console, fail, mistakes, start, table, write_page, writing
from slategym.utils.ranges import Range

Largest = Annotated[int, Range(100, 100_000_000)]
Seconds = Annotated[float, Range(0, 60)]


@partial(configured, tracked=False)
def scale(
    context: typer.Context,
    largest: Annotated[int, options.count("Largest number of shoppers, such as 1e6.", Largest)] = 10_000_000,
    seconds: Annotated[float, options.amount("Minimum duration of each measurement, in seconds.", Seconds)] = 1.0,
    out: Annotated[Path | None, typer.Option(help="Output folder for scale.json and scale.html.", metavar="FOLDER")] = None,
    force: options.Force = False,
) -> None:
    """Measure time and memory by shoppers, items and slate size.

    Steps Shop-v0 with up to ten million shoppers, a million items and slates of fifty, each size in a separate process, and
    prints the time per slate and the memory per shopper. Sizes that do not fit into the free memory are left out. With --out,
    writes OUT/scale.json and OUT/scale.html, a page of plots that works offline. Ctrl-C keeps the sizes measured so far; with
    --out, the same command continues with the others, also after a kill.
    """
    from slategym.bench.performance.scaling import AGENTS, ENVIRONMENT, measure_all, measurement, points
    from slategym.bench.reports import scaling as scale_page
    from slategym.utils.storage.files import write_json

    which = points(largest)
    config = measurement(which, seconds)
    with mistakes():
        folder = folder_of(context, out, "scale.json", force, config) if out else None
        store = store_in(folder, 0, force) if folder else None
    done = 0

    def progress(row: dict[str, Any]) -> None:
        nonlocal done
        done += 1
        outcome = row.get("left_out") or f"{row['nanoseconds_per_slate']:,.0f} ns/slate"
        size = f"{row['shoppers']:,} shoppers, {row['items']:,} items, slates of {row['slate_size']}"
        typer.echo(f"{done}/{len(which)} {row['who']}, {size}: {outcome}", err=True)

    with interruption() as stop:
        measured = measure_all(which, seconds, progress, stop, store)
        result = {"command": command_line(context), "version": __version__, **measured}
        if folder:
            with writing():
                write_json(folder / "scale.json", result)
    where = result["machine"]
    typer.echo(f"{result['world']} on {where['processor']}, {where['cores']} cores; memory is that of the whole process")
    for axis, title in (("shoppers", "shoppers"), ("items", "items"), ("slate_size", "slate size"), ("all", "")):
        columns = ("shoppers", "items", "slate size") if axis == "all" else (title,)
        lines = table("", *columns, "ns/slate", "slates/s", "state, bytes/shopper", "memory, MB")
        for row in (point for point in result["points"] if point["axis"] == axis):
            sizes = [row[name] for name in ("shoppers", "items", "slate_size")] if axis == "all" else [row[axis]]
            who = row["who"] if row["who"] == ENVIRONMENT or row["candidates"] is None else f"{row['who']}, {row['candidates']}"
            if "left_out" in row:
                lines.add_row(who, *(f"{size:,}" for size in sizes), "left out")
                continue
            memory = "" if row["memory_bytes"] is None else f"{row['memory_bytes'] / 1e6:,.0f}"
            speed = (f"{row['nanoseconds_per_slate']:,.0f}", f"{row['slates_per_second']:,.0f}")
            lines.add_row(who, *(f"{size:,}" for size in sizes), *speed, f"{row['state_bytes_per_shopper']:.0f}", memory)
        console().print(lines)
    for row in result["points"]:
        if "left_out" in row:
            typer.echo(f"left out: {row['who']}, {row['shoppers']:,} shoppers, {row['items']:,} items: {row['left_out']}")
    typer.echo(f"{' and '.join(AGENTS)} decide and learn for 1,000 shoppers; the number after a name is its number of candidates")
    if folder:
        write_page(scale_page.write_page, result, folder / "scale.html", folder / "scale.json")
        typer.echo(f"page     {folder / 'scale.html'}\nnumbers  {folder / 'scale.json'}")
    if result["status"] == "interrupted":
        typer.echo(f"Interrupted: {len(result['points'])} of {len(which)} sizes measured.", err=True)
        raise typer.Exit(INTERRUPTED)
    if result["status"] == "failed":
        fail("some sizes could not be measured: run the same command again to retry them", 1)


if __name__ == "__main__":
    start(scale)
