"""Compares agents in a world: `slategym benchmark --world Shop-v0 --agent random --agent lin-ts --seeds 5`."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.bench.execution.interruption import INTERRUPTED, interruption
from slategym.scripts import completion, options
from slategym.scripts.terminal import mistakes, progress, start, write_page, writing

CEILING_FROM = 10_000_000  # slates: in a smaller benchmark the ceiling takes a good part of the time that the agents do


def benchmark(
    context: typer.Context,
    world: options.World = "Shop-v0",
    agents: Annotated[
        list[str] | None,
        typer.Option(
            "--agent",
            help="Agent to compare: lin-ts, lin-ts:alpha=0.1, my_agent.py:Mine, ...; repeatable; see `slategym agents` "
            "(default: random and the five built-in learners).",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = None,
    slates: options.Slates = 200_000,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = None,
    scalarizers: options.Scalarizers = None,
    objectives: options.Objectives = None,
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
    from slategym.bench.comparison.compare import DEFAULT_AGENTS, compare
    from slategym.bench.execution.jobs import cores
    from slategym.bench.execution.output import claim, write_json
    from slategym.bench.reports.benchmark import write_report
    from slategym.scripts.leaderboard import print_leaderboard

    with mistakes():
        shop, given = options.read_world(world, user_model, click_model, objectives)
        names = options.read_agents(agents or list(DEFAULT_AGENTS), shop)
        worth = options.read_weights(weights, shop)
        goals = options.read_scalarizers(scalarizers, shop)
        if goals and context_ceiling:
            raise ValueError("--context-ceiling is of fixed weights: leave it out with --scalarizer")
        folder = context.with_resource(claim(out or f"runs/{shop.name}", "results.json", force))
    total = len(names) * max(len(goals), 1) * seeds * slates
    if context_ceiling is None:
        context_ceiling = total >= CEILING_FROM and not goals
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
