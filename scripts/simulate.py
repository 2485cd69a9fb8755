"""The command `slategym simulate`: one agent in one world, with its log."""

from __future__ import annotations

import re
from math import isfinite
from typing import Annotated

import typer

from slategym.bench.execution.interruption import INTERRUPTED, interruption
from slategym.scripts.common import completion, options
from slategym.scripts.common.terminal import console, mistakes, progress, start, table, writing


def simulate(
    context: typer.Context,
    world: options.World = "Shop-v0",
    agent: Annotated[
        str,
        typer.Option(
            help="Agent: lin-ts, lin-ts:alpha=0.1, my_agent.py:Mine, ...; see `slategym agents`.",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = "lin-ts",
    slates: Annotated[int, options.count("Slates shown in all.")] = 200_000,
    seed: Annotated[int, options.count("Random seed of the shoppers and the agent.", 0, options.LARGEST_SEED)] = 0,
    out: options.Out = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = None,
    scalarizers: options.Scalarizers = None,
    objectives: options.Objectives = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    log_observations: Annotated[
        bool, typer.Option("--log-observations", help="Keep in the log what the agent saw, to learn from it.")
    ] = False,
    force: options.Force = False,
) -> None:
    """Run one agent and keep the log.

    Shows slates to shoppers and writes every slate with its answer to OUT/log.parquet and a summary to OUT/run.json. The same
    command gives the same log, byte for byte. Ctrl-C ends it after the step under way and keeps what was shown.
    """
    from slategym.bench.comparison.metrics import curves, summary
    from slategym.bench.comparison.results import configuration
    from slategym.bench.comparison.results import plain as as_json
    from slategym.bench.execution.log_writer import LogWriter
    from slategym.bench.execution.output import claim
    from slategym.bench.execution.runner import run
    from slategym.utils.storage.files import write_json

    with mistakes():
        shop, given = options.read_world(world, user_model, click_model, objectives)
        options.check_agent(agent, shop)
        weight_vector = options.read_weights(weights, shop)
        goals = options.read_scalarizers(scalarizers, shop)
        if len(goals) > 1:
            raise ValueError(f"--scalarizer names {len(goals)}: expected one; `slategym benchmark` compares several")
        plain = re.sub(r"[^\w.]+", "-", " ".join([agent, *goals]))
        folder = context.with_resource(claim(out or f"runs/{shop.name}-{plain}-{seed}", "run.json", force))
        goal = {"scalarizer": goals[0]} if goals else {}
        config = configuration(
            shop, given, agent=agent, **goal, slates=slates, seed=seed, shoppers=shoppers, weights=list(weight_vector)
        )
        writer = LogWriter(folder / "log.parquet", shop, config, observations=log_observations)
    with interruption() as stop, writing():
        with progress(f"{agent} in {shop.name}", slates) as advance, writer as log:
            trace = run(
                shop,
                agent,
                slates,
                seed,
                shoppers=shoppers,
                weights=weight_vector,
                scalarizer=goals[0] if goals else None,
                log=log,
                progress=advance,
                stop=stop,
            )
            status = "finished" if trace.finished else "interrupted"
            log.close(status)
        shown = int(trace.slates.sum())
        metrics = summary(trace, weight_vector, shop.plurals) if shown else {}
        metrics = {key: value for key, value in metrics.items() if isfinite(value)}
        paths = {"curves": as_json(curves(trace, weight_vector, objectives=shop.plurals))} if goals and shown else {}
        write_json(folder / "run.json", {"config": config, "status": status, "slates": shown, "metrics": metrics, **paths})

    if metrics:
        lines = table(f"{' '.join([agent, *goals])} in {shop.name}", f"{shown:,} slates")
        for key, value in metrics.items():
            lines.add_row(key.replace("_", " "), f"{value:,.0f}" if key == "slates_per_second" else f"{value:.4f}")
        console().print(lines)
    typer.echo(f"log      {folder / 'log.parquet'}\nsummary  {folder / 'run.json'}")
    if status == "interrupted":
        typer.echo(f"Interrupted after {shown:,} of {slates:,} slates: the log and the summary are of those.", err=True)
        raise typer.Exit(INTERRUPTED)


if __name__ == "__main__":
    start(simulate)
