"""The command `slategym benchmark`: compares agents in a world."""

from __future__ import annotations

from functools import partial
from typing import Annotated, cast, get_args

import typer

from slategym.scripts.common import options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, said_of, store_in, workers_of
from slategym.scripts.common.terminal import mistakes, start
from slategym.utils.ranges import SeedCount


@configured
def benchmark(
    context: typer.Context,
    world: options.World = "Shop-v0",
    agents: options.Agents = None,
    slates: options.Slates = 200_000,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    cluster: options.Cluster = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = None,
    scalarizers: options.Scalarizers = None,
    objectives: options.Objectives = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    references: Annotated[
        str | None,
        typer.Option(
            help="Reference policies to show: kept (already computed), all (compute missing ones, which takes minutes) or off.",
            metavar="kept|all|off",
        ),
    ] = None,
    rank_by: Annotated[
        str | None,
        typer.Option(
            help="Rank agents by value per episode or per slate (default: per episode if shoppers may leave).",
            metavar="episode|slate",
        ),
    ] = None,
    tuned: Annotated[
        bool, typer.Option("--tuned", help="For agents named without options, use the best settings of recorded searches.")
    ] = False,
    until_decided: Annotated[
        bool,
        typer.Option("--until-decided", help="Add seeds until the best agent is known, or --most-seeds is reached."),
    ] = False,
    indifference: Annotated[
        str, typer.Option(help="With --until-decided: largest difference that does not matter.", metavar="PERCENT")
    ] = "1%",
    most_seeds: Annotated[int, options.count("With --until-decided: largest number of seeds.", SeedCount)] = 50,
    exact: options.Exact = "sampled",
    staggered: options.Staggered = True,
    checkpoint_every: options.CheckpointEvery = 120.0,
    force: options.Force = False,
) -> None:
    """Compare agents on the same shoppers.

    Runs every agent (default: random and seven built-in learners) with every seed, and for every --scalarizer. Prints the
    leaderboard with 95 % intervals over the seeds, and writes OUT/results.json and OUT/report.html. Except for speeds, the
    numbers do not depend on the number of processes. An interrupted benchmark continues if you run the same command again;
    finished runs are kept in OUT/runs. If a run fails, the others continue.
    """
    from slategym.bench.comparison.compare import DEFAULT_AGENTS, Asked, Comparison, Ranking, plan
    from slategym.bench.comparison.sequential import SequentialComparison
    from slategym.bench.execution.exactness import Exactness
    from slategym.bench.reports.benchmark import write_report
    from slategym.scripts.common.leaderboard import print_leaderboard

    with mistakes():
        shop, given = options.read_world(world, user_model, click_model, objectives)
        names = options.read_agents(agents or list(DEFAULT_AGENTS), shop)
        weight_vector = options.read_weights(weights, shop)
        options.read_word("--exact", exact, get_args(Exactness))
        if references is not None:
            options.read_word("--references", references, get_args(Asked))
        if rank_by is not None:
            options.read_word("--rank-by", rank_by, get_args(Ranking))
        goals = options.read_scalarizers(scalarizers, shop)
        make = partial(
            plan,
            shop,
            names,
            slates,
            options=given,
            shoppers=shoppers,
            weights=weight_vector,
            scalarizers=goals,
            references=cast("Asked | None", references),
            exact=cast("Exactness", exact),
            staggered=staggered,
            rank_by=cast("Ranking | None", rank_by),
            tuned=tuned,
            kept=True,
        )
        comparison: Comparison | SequentialComparison = make(seeds)
        if until_decided:
            comparison = SequentialComparison(
                make, options.read_share("--indifference", indifference), max(most_seeds, seeds), seeds
            )
        folder = folder_of(context, out or f"runs/{shop.name}", "results.json", force, comparison.config)
        store = store_in(folder, checkpoint_every, force)
        workers = workers_of(context, processes, cluster)
    field = f"{len(names)} agents x {len(goals)} scalarizers" if goals else f"{len(names)} agents"
    count = f"{seeds} to {max(most_seeds, seeds)}" if until_decided else str(seeds)
    typer.echo(f"{field} x {count} seeds x {slates:,} slates in {shop.name}, {said_of(workers)}")
    run_and_report(
        context,
        comparison,
        folder,
        store,
        processes=workers,
        what=shop.name,
        slates=comparison.size,
        numbers="results.json",
        page="report.html",
        some=lambda result: bool(result["agents"]),
        show=print_leaderboard,
        write=write_report,
        worlds=[shop],
    )


if __name__ == "__main__":
    start(benchmark)
