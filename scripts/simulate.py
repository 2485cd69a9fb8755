"""Simulates one agent in one world and keeps the log: `slategym simulate --world Shop-v0 --agent lin-ts --out runs/first`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from slategym.scripts import options
from slategym.scripts.terminal import INTERRUPTED, console, mistakes, progress, start, table


def simulate(
    world: options.World = "Shop-v0",
    agent: Annotated[str, typer.Option(help="Who chooses; `slategym agents` lists them.", metavar="NAME")] = "lin-ts",
    slates: Annotated[int, typer.Option(min=1, help="Slates shown in all.")] = 200_000,
    seed: Annotated[int, typer.Option(min=0, help="Decides the shoppers and the agent's luck.")] = 0,
    out: options.Out = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = "1,10",
    option: options.Options = None,
    force: options.Force = False,
) -> None:
    """Show slates to shoppers, and write them and the answers to OUT/log.parquet and the summary to OUT/run.json."""
    from slategym.bench.files import claim, write_json
    from slategym.bench.interruption import interruption
    from slategym.bench.log import LogWriter
    from slategym.bench.metrics import summary
    from slategym.bench.results import versions
    from slategym.bench.runner import run
    from slategym.sim.worlds import make_world

    with interruption() as stop:
        with mistakes():
            given = options.read_options(world, option)
            shop = make_world(world, **given)
            (name,) = options.read_agents(agent)
            worth = options.read_weights(weights)
            folder = claim(out or f"runs/{shop.name}-{name.replace(':', '-')}-{seed}", "run.json", force)
        config: dict[str, Any] = {
            "world": shop.name,
            "options": given,
            "agent": name,
            "slates": slates,
            "seed": seed,
            "shoppers": shoppers,
            "weights": list(worth),
            "objectives": list(shop.objectives),
            "versions": versions(),
        }
        with progress(f"{name} in {shop.name}", slates) as advance, LogWriter(folder / "log.parquet", shop, config) as log:
            trace = run(shop, name, slates, seed, shoppers=shoppers, weights=worth, log=log, progress=advance, stop=stop)
            status = "finished" if trace.finished else "interrupted"
            log.close(status)
        shown = int(trace.slates.sum())
        figures = summary(trace, worth) if shown else {}
        write_json(folder / "run.json", {"config": config, "status": status, "slates": shown, "metrics": figures})

    if figures:
        lines = table("per slate", "", title=f"{name} in {shop.name}, {shown:,} slates, seed {seed}")
        for key, value in figures.items():
            lines.add_row(key.replace("_per_slate", "").replace("_", " "), f"{value:,.0f}" if value >= 1000 else f"{value:.4f}")
        console().print(lines)
    typer.echo(f"The log is {folder / 'log.parquet'}, the summary {folder / 'run.json'}.")
    if status == "interrupted":
        typer.echo(f"Interrupted after {shown:,} of {slates:,} slates: the log and the summary are of those.", err=True)
        raise typer.Exit(INTERRUPTED)


if __name__ == "__main__":
    start(simulate)
