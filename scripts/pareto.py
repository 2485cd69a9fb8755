"""The command `slategym pareto`: compares agents with the exact Pareto front."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.scripts.common import options
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.runs import folder_of, run_and_report, said_of, store_in, workers_of
from slategym.scripts.common.terminal import mistakes, start
from slategym.utils.ranges import PointCount, Positive


@configured
def pareto(
    context: typer.Context,
    world: options.World = "ShopBandit-v0",
    agents: options.Agents = None,
    points: Annotated[
        int, options.count("Number of weight vectors, evenly spaced along the front; agents learn for each.", PointCount)
    ] = 11,
    scalarizers: options.Scalarizers = None,
    slates: options.Slates = 50_000,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    cluster: options.Cluster = None,
    shoppers: options.Shoppers = 1000,
    objectives: options.Objectives = None,
    precision: Annotated[
        float | None,
        options.amount(
            "Tolerance of the exact front, as a share of each objective's range (default: 0.001 for two objectives, 0.01 for "
            "three).",
            Positive,
        ),
    ] = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    force: options.Force = False,
) -> None:
    """Compare learned policies with the exact Pareto front.

    Runs every agent (default: popularity, lin-ts and conditioned-policy-gradient) with several weights along the front, and with
    each scalarizer (default: nash and chebyshev; `--scalarizer none` for none), for every seed. Prints how much of the exact
    front they reach, with 95 % intervals over the seeds, and writes OUT/pareto.json and OUT/pareto.html. A conditioned policy
    runs once per seed and is evaluated with all weights at the end. Needs pip install "slategym[mo]". An interrupted command
    continues if you run it again; finished runs are kept in OUT/runs. If a run fails, the others continue.
    """
    from slategym.bench.reports.sweeps import page as pareto_page
    from slategym.bench.sweeps.sweep import DEFAULT_AGENTS, DEFAULT_SCALARIZERS, plan
    from slategym.scripts.common.leaderboard import print_sweep
    from slategym.utils.optional import require

    with mistakes():
        require("moocore", "mo")
        shop, given = options.read_world(world, user_model, click_model, objectives)
        names = options.read_agents(agents or list(DEFAULT_AGENTS), shop)
        goals = [] if scalarizers == ["none"] else options.read_scalarizers(scalarizers or list(DEFAULT_SCALARIZERS), shop)
        sweep = plan(
            shop,
            names,
            slates,
            seeds,
            points=points,
            scalarizers=goals,
            options=given,
            shoppers=shoppers,
            precision=precision,
            kept=True,
        )
        folder = folder_of(context, out or f"runs/pareto-{shop.name}", "pareto.json", force, sweep.config)
        store = store_in(folder, 0, force)
        workers = workers_of(context, processes, cluster)
    typer.echo(f"{sweep.size} runs of {slates:,} slates in {shop.name}, {said_of(workers)}")
    run_and_report(
        context,
        sweep,
        folder,
        store,
        processes=workers,
        what=shop.name,
        slates=sweep.size * slates,
        numbers="pareto.json",
        page="pareto.html",
        some=lambda result: bool(result["front"]),
        show=print_sweep,
        write=pareto_page.write_page,
        worlds=[shop],
    )


if __name__ == "__main__":
    start(pareto)
