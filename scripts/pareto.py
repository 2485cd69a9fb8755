"""Holds agents against the exact Pareto front: `slategym pareto --world ShopBandit-v0 --agents lin-ts --out runs/pareto`."""

from __future__ import annotations

from typing import Annotated

import typer

from slategym.bench.execution.interruption import INTERRUPTED, interruption
from slategym.scripts import completion, options
from slategym.scripts.terminal import mistakes, progress, start, write_page, writing


def pareto(
    context: typer.Context,
    world: options.World = "ShopBandit-v0",
    agents: Annotated[
        str,
        typer.Option(help="Who learns; `slategym agents` lists them.", metavar="NAME,NAME,...", autocompletion=completion.agents),
    ] = "popularity,lin-ts,conditioned-policy-gradient",
    points: Annotated[
        int, options.count("Weights along the front, evenly spread; each agent learns towards each.", least=2)
    ] = 11,
    scalarizer: Annotated[
        str,
        typer.Option(
            help="What each agent follows besides: nash, lagrangian:click>=0.3, ...; or none.",
            metavar="NAME,...",
            autocompletion=completion.scalarizers,
        ),
    ] = "nash,chebyshev",
    slates: options.Slates = 50_000,
    seeds: options.Seeds = 5,
    out: options.Out = None,
    processes: options.Processes = None,
    shoppers: options.Shoppers = 1000,
    objectives: options.Objectives = None,
    precision: Annotated[
        float | None,
        options.amount("Of the exact front, in ranges; 0.001 for two objectives, 0.01 for three.", above=True),
    ] = None,
    option: options.Options = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    force: options.Force = False,
) -> None:
    """Hold what agents learn against the exact Pareto front.

    Runs every agent with weights all along the front, and after each scalarizer, with every seed. Prints how much of the exact
    front they reach, with 95 % intervals over the seeds, and writes OUT/pareto.json and OUT/pareto.html. A conditioned policy
    runs once a seed and is asked for every mix at the end. Needs pip install "slategym[mo]". Ctrl-C keeps the runs that finished.
    """
    from slategym.bench.execution.jobs import cores
    from slategym.bench.execution.output import claim, write_json
    from slategym.bench.reports import pareto as pareto_page
    from slategym.bench.sweeps.sweep import count_runs
    from slategym.bench.sweeps.sweep import pareto as swept
    from slategym.scripts.pareto_tables import print_sweep
    from slategym.utils.optional import require

    with mistakes():
        require("moocore", "mo")
        shop, given = options.read_world(world, option, user_model, click_model, objectives)
        names = options.read_agents(agents, shop)
        goals = [] if scalarizer.strip().lower() in ("", "none") else options.read_scalarizers(scalarizer, shop)
        folder = context.with_resource(claim(out or f"runs/pareto-{shop.name}", "pareto.json", force))
        runs = count_runs(names, seeds, points, len(shop.objective_names), len(goals))
    typer.echo(f"{runs} runs of {slates:,} slates in {shop.name}, {processes or cores()} processes")
    with interruption() as stop:
        with progress(shop.name, runs * slates) as advance:
            result = swept(
                shop,
                names,
                slates,
                seeds,
                points=points,
                scalarizers=goals,
                options=given,
                processes=processes,
                shoppers=shoppers,
                precision=precision,
                progress=advance,
                stop=stop,
            )
        with writing():
            write_json(folder / "pareto.json", result)

    if result["front"]:
        print_sweep(result)
        write_page(pareto_page.write_page, result, folder / "pareto.html", folder / "pareto.json")
        typer.echo(f"\npage     {folder / 'pareto.html'}\nnumbers  {folder / 'pareto.json'}")
    if result["status"] == "interrupted":
        done = result["runs"]
        typer.echo(f"Interrupted: {done['finished']} of {done['asked']} runs finished; {folder} holds those alone.", err=True)
        raise typer.Exit(INTERRUPTED)


if __name__ == "__main__":
    start(pareto)
