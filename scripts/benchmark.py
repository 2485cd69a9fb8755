"""Compares agents in a world: `slategym benchmark --world Shop-v0 --agents random,popularity,lin-ts --seeds 5`."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.scripts import options
from slategym.scripts.terminal import INTERRUPTED, mistakes, progress, start


def benchmark(
    world: options.World = "Shop-v0",
    agents: Annotated[
        str, typer.Option(help="Who is compared; `slategym agents` lists them.", metavar="NAME,NAME,...")
    ] = "random,popularity,epsilon-greedy,lin-ucb,lin-ts,policy-gradient",
    slates: Annotated[int, typer.Option(min=1, help="Slates of each run.")] = 200_000,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds: 0, 1, ...; each brings every agent the same shoppers.")] = 5,
    out: options.Out = None,
    processes: Annotated[int | None, typer.Option(min=1, help="Processes side by side; by default one a core.")] = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = "1,10",
    option: options.Options = None,
    force: options.Force = False,
) -> None:
    """Run every agent with every seed, print the leaderboard, and write OUT/results.json and OUT/report.html."""
    from slategym.bench.compare import compare, cores
    from slategym.bench.files import claim, write_json
    from slategym.bench.interruption import interruption
    from slategym.bench.report import write_report
    from slategym.scripts.leaderboard import print_leaderboard
    from slategym.sim.worlds import make_world

    with interruption() as stop:
        with mistakes():
            given = options.read_options(world, option)
            shop = make_world(world, **given)
            names = options.read_agents(agents)
            worth = options.read_weights(weights)
            folder = claim(out or f"runs/{shop.name}", "results.json", force)
        total = len(names) * seeds * slates
        typer.echo(f"{len(names)} agents x {seeds} seeds x {slates:,} slates in {shop.name}, {processes or cores()} processes")
        with progress(shop.name, total) as advance:
            results = compare(
                shop,
                names,
                slates,
                seeds,
                options=given,
                processes=processes,
                shoppers=shoppers,
                weights=worth,
                progress=advance,
                stop=stop,
            )
        if results["agents"]:
            write_report(results, folder / "report.html")
        write_json(folder / "results.json", results)

    if results["agents"]:
        print_leaderboard(results)
        typer.echo(f"The report is {folder / 'report.html'}, the numbers are in {folder / 'results.json'}.")
    if results["status"] == "interrupted":
        runs = results["runs"]
        typer.echo(f"Interrupted: {runs['finished']} of {runs['asked']} runs finished; {folder} holds those alone.", err=True)
        raise typer.Exit(INTERRUPTED)


if __name__ == "__main__":
    start(benchmark)
