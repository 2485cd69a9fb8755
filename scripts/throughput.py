"""The command `slategym throughput`: measures slates per second on this machine."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from slategym import __version__
from slategym.scripts.common import options
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import configured, write_configuration
from slategym.scripts.common.terminal import console, mistakes, notes, start, table, writing
from slategym.utils.ranges import Dimensions, ItemCount, ShopperCount, SlateCount, SlateSize


@partial(configured, tracked=False)
def throughput(
    context: typer.Context,
    shoppers: Annotated[int, options.count("Batch size (shoppers simulated together).", ShopperCount)] = 4096,
    items: Annotated[int, options.count("Items in the catalogue.", ItemCount)] = 1000,
    slate_size: Annotated[int, options.count("Items per slate.", SlateSize)] = 10,
    latent: Annotated[int, options.count("Dimensions of the latent taste.", Dimensions)] = 16,
    slates: Annotated[int, options.count("Slates per run with an agent.", SlateCount)] = 100_000,
    rounds: Annotated[int, options.count("Rounds; in each round everything is measured once.")] = 7,
    seconds: Annotated[float, options.amount("Minimum duration of each measurement, in seconds.")] = 0.5,
    worlds: Annotated[
        str | None,
        typer.Option(
            help="Measure these worlds instead, each with its own sizes, and SARDINE's originals: all, or names with commas.",
            metavar="all|NAME,...",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One short round of small runs, to test the command; its numbers mean nothing.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Output folder for throughput.json and throughput.md.", metavar="FOLDER")
    ] = None,
    force: options.Force = False,
) -> None:
    """Measure slates per second, compared with other libraries.

    Measures the bare kernel, the environments, runs with three agents, and Stable-Baselines3's PPO through the adapter, in
    Shop-v0; and SARDINE and MABWiser, if the extra "peers" is installed. All are measured in turns within one run, so that their
    ratios are meaningful even if the machine is busy with other work. Takes about four minutes.
    """
    from slategym.bench.jobs.output import claim
    from slategym.bench.performance.machine import machine
    from slategym.bench.performance.measure import Sizes
    from slategym.bench.performance.suite import measure_all
    from slategym.bench.performance.tables import left_out, markdown, setting, tables
    from slategym.bench.performance.worlds import measure_worlds
    from slategym.sim.worlds import WORLDS, make_world
    from slategym.utils.storage.files import write_json, write_text
    from slategym.utils.storage.fingerprint import code_version, fingerprint

    with mistakes():
        if quick:
            slates, rounds, seconds = min(slates, 500), 1, 0.0
            shoppers = min(shoppers, 100)
        names = list(WORLDS) if worlds == "all" else [name.strip() for name in (worlds or "").split(",") if name.strip()]
        for name in names:
            make_world(name)
        sizes = Sizes(shoppers, items, slate_size, latent, slates, rounds, seconds)
        folder = context.with_resource(claim(out, "throughput.json", force)) if out else None
    config = {"worlds": names, "sizes": asdict(sizes), "fingerprint": fingerprint([names, sizes, machine(), code_version()])}
    if folder:
        write_configuration(context, folder, config)
    tell = notes()
    measured = measure_worlds(names, sizes, tell) if names else measure_all(sizes, tell)
    result = {"command": command_line(context), "version": __version__, "config": config, **measured}
    if folder:
        with writing():
            write_json(folder / "throughput.json", result)
    typer.echo(setting(result))
    for each in tables(result, wide=False):
        lines = table(*each.columns)
        for row in each.rows:
            lines.add_row(*row)
        typer.echo(f"\n{each.title}")
        console().print(lines)
    for reason in left_out(result):
        typer.echo(f"left out: {reason}")
    if folder:
        text = "\n".join(f"## {each.title}\n\n{markdown(each)}" for each in tables(result))
        with writing():
            write_text(folder / "throughput.md", f"{setting(result)}\n\n{text}")
        typer.echo(f"tables   {folder / 'throughput.md'}\nnumbers  {folder / 'throughput.json'}")


if __name__ == "__main__":
    start(throughput)
