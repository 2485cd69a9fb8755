"""Compares agents in a world: `slategym benchmark --world Shop-v0 --agents random,popularity,lin-ts --seeds 5`."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.bench.execution.interruption import INTERRUPTED, interruption
from slategym.scripts import completion, options
from slategym.scripts.terminal import mistakes, progress, start, write_page, writing

WORTH_A_CEILING = 10_000_000  # slates: in a smaller benchmark the ceiling takes a good part of the time that the agents do


def benchmark(
    context: typer.Context,
    world: options.World = "Shop-v0",
    agents: Annotated[
        str,
        typer.Option(
            help="Who is compared; `slategym agents` lists them, and how to bring yours.",
            metavar="NAME,NAME,...",
            autocompletion=completion.agents,
        ),
    ] = "random,popularity,epsilon-greedy,lin-ucb,lin-ts,policy-gradient",
    slates: options.Slates = 200_000,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = None,
    scalarizer: options.Scalarizer = None,
    objectives: options.Objectives = None,
    option: options.Options = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    context_ceiling: Annotated[
        bool | None,
        typer.Option(
            "--context-ceiling/--no-context-ceiling",
            help="Also say what the best slates from the observation earn; by default from ten million slates on.",
        ),
    ] = None,
    force: options.Force = False,
) -> None:
    """Compare agents on the same shoppers.

    Runs every agent with every seed, and under every goal that --scalarizer names; prints the leaderboard with 95 % intervals
    over the seeds, and writes OUT/results.json and OUT/report.html. The numbers, speeds aside, are the same for any number of
    processes. Ctrl-C keeps the runs that finished.
    """
    from slategym.bench.ceilings.ceiling import affordable
    from slategym.bench.comparison.compare import compare
    from slategym.bench.execution.jobs import cores
    from slategym.bench.execution.output import claim, write_json
    from slategym.bench.reports.benchmark import write_report
    from slategym.scripts.leaderboard import print_leaderboard

    with mistakes():
        shop, given = options.read_world(world, option, user_model, click_model, objectives)
        names = options.read_agents(agents, shop)
        worth = options.read_weights(weights, shop)
        goals = options.read_scalarizers(scalarizer, shop)
        if goals and context_ceiling:
            raise ValueError("--context-ceiling is of fixed weights: leave it out with --scalarizer")
        folder = context.with_resource(claim(out or f"runs/{shop.name}", "results.json", force))
    total = len(names) * max(len(goals), 1) * seeds * slates
    if context_ceiling is None:
        context_ceiling = total >= WORTH_A_CEILING and not goals
    context_ceiling = context_ceiling and affordable(shop)
    field = f"{len(names)} agents x {len(goals)} scalarizers" if goals else f"{len(names)} agents"
    typer.echo(f"{field} x {seeds} seeds x {slates:,} slates in {shop.name}, {processes or cores()} processes")
    with interruption() as stop:
        with progress(shop.name, total + context_ceiling * seeds * slates) as advance:
            results = compare(
                shop,
                names,
                slates,
                seeds,
                options=given,
                processes=processes,
                shoppers=shoppers,
                weights=worth,
                scalarizers=goals,
                context_ceiling=context_ceiling,
                progress=advance,
                stop=stop,
            )
        with writing():
            write_json(folder / "results.json", results)

    if results["agents"]:
        print_leaderboard(results)
        write_page(write_report, results, folder / "report.html", folder / "results.json")
        typer.echo(f"\nreport   {folder / 'report.html'}\nnumbers  {folder / 'results.json'}")
    if results["status"] == "interrupted":
        runs = results["runs"]
        typer.echo(f"Interrupted: {runs['finished']} of {runs['asked']} runs finished; {folder} holds those alone.", err=True)
        raise typer.Exit(INTERRUPTED)


if __name__ == "__main__":
    start(benchmark)
