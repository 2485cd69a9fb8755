"""The command `slategym simulate`: runs one agent in one world and writes a log."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, cast, get_args

import typer

from slategym import __version__
from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.scripts.common import completion, options
from slategym.scripts.common.command_line import command_line
from slategym.scripts.common.configurations import FILE as CONFIGURATION
from slategym.scripts.common.configurations import configured
from slategym.scripts.common.following import following
from slategym.scripts.common.runs import folder_of
from slategym.scripts.common.shards import check_in_shards, run_in_shards, start_of
from slategym.scripts.common.terminal import console, mistakes, progress, start, table, writing
from slategym.utils.ranges import Seed, SlateCount


@configured
def simulate(
    context: typer.Context,
    world: options.World = "Shop-v0",
    agent: Annotated[
        str,
        typer.Option(
            help="Agent: lin-ts, lin-ts:alpha=0.1, my_agent.py:Mine or sb3:model.zip (runs its code); see `slategym agents`.",
            metavar="NAME[:OPTION=VALUE,...]",
            autocompletion=completion.agents,
        ),
    ] = "lin-ts",
    slates: Annotated[int, options.count("Total number of slates.", SlateCount)] = 200_000,
    seed: Annotated[int, options.count("Random seed of the shoppers and the agent.", Seed)] = 0,
    out: options.Out = None,
    shoppers: options.Shoppers = 1000,
    weights: options.Weights = None,
    scalarizers: options.OneScalarizer = None,
    objectives: options.Objectives = None,
    user_model: options.UserModel = None,
    click_model: options.ClickModel = None,
    log_observations: Annotated[
        bool,
        typer.Option(
            "--log-observations/--no-log-observations",
            help="Log what the agent saw (contexts, candidates). Learning from the log needs this; it makes up most of the log.",
        ),
    ] = True,
    exact: options.Exact = "sampled",
    staggered: options.Staggered = True,
    shards: Annotated[
        int | None, options.count("Processes that each simulate some of the shoppers, while the agent learns from all.")
    ] = None,
    join_log: Annotated[
        bool,
        typer.Option("--join-log/--separate-logs", help="Join the logs of the shards at the end, or leave them in OUT/shards."),
    ] = True,
    cluster: options.Cluster = None,
    checkpoint_every: options.CheckpointEvery = 120.0,
    force: options.Force = False,
) -> None:
    """Run one agent and write a log.

    Shows slates to shoppers. Writes every slate, with what the agent saw and the shopper's feedback, to OUT/log/, and a summary
    to OUT/run.json. The same command gives the same log, byte for byte. Ctrl-C ends the run after the current step and keeps the
    slates shown so far. An interrupted run continues if you run the same command again.

    With `--shards S`, S processes each simulate some of the shoppers, and copies of the agent learn together. Apart from
    rounding, the results do not depend on S. `--cluster` distributes the shards over machines.
    """
    from slategym.agents.registry import agent_identity
    from slategym.bench.comparison.metrics import curves, summary
    from slategym.bench.comparison.results import configuration
    from slategym.bench.comparison.results import plain as as_json
    from slategym.bench.execution.exactness import Exactness
    from slategym.bench.execution.log_writer import LogWriter, is_of_another_run, remove_log
    from slategym.bench.execution.runner import check_steps, run
    from slategym.bench.jobs.checkpoints import Checkpoints
    from slategym.bench.jobs.output import read_result
    from slategym.bench.sharding.setup import FOLDER as SHARDS
    from slategym.bench.sharding.setup import Kept
    from slategym.utils.storage.files import write_json

    with mistakes():
        shop, given = options.read_world(world, user_model, click_model, objectives)
        options.check_agent(agent, shop)
        weight_vector = options.read_weights(weights, shop)
        check_steps(slates, shoppers)
        if shards is not None:
            check_in_shards(context, agent, shop, slates, shoppers, shards)
        elif cluster is not None:
            raise ValueError("--cluster distributes shards over machines: give --shards too")
        options.read_word("--exact", exact, get_args(Exactness))
        goals = options.read_scalarizers(scalarizers, shop)
        if len(goals) > 1:
            raise ValueError(f"--scalarizer names {len(goals)}: expected one; to compare several, use `slategym benchmark`")
        plain = re.sub(r"[^\w.]+", "-", " ".join([agent, *goals]))
        config = configuration(
            shop,
            given,
            agent_identity(agent),
            agent=agent,
            **({"scalarizer": goals[0]} if goals else {}),
            slates=slates,
            seed=seed,
            shoppers=shoppers,
            weights=list(weight_vector),
            exact=exact,
            staggered=staggered,
            log_observations=log_observations,
            **({"sharded": True} if shards is not None else {}),
        )
        folder = folder_of(context, out or f"runs/{shop.name}-{plain}-{seed}", "run.json", force, config)
        # Without a fingerprint, checkpoints in the folder cannot be attributed to this run.
        checkpoints = Checkpoints(folder, "run", config["fingerprint"] or "none", checkpoint_every)
        there = {} if force else read_result(folder / "run.json")
        if there.get("status") == "finished":
            _show(there, " ".join([agent, *goals]), shop.name, folder)
            return
        if force or not config["fingerprint"]:
            remove_log(folder / "log")
            checkpoints.remove()
            shutil.rmtree(folder / SHARDS, ignore_errors=True)
        elif is_of_another_run(folder / "log", config):
            raise FileExistsError(f"{folder} contains the log of another run: choose another --out, or overwrite it with --force")
        writer, begin = None, None
        if shards is None:
            there_is = (folder / "log").exists()
            writer = LogWriter(folder / "log", shop, config, observations=log_observations, append=there_is)
        else:
            begin = start_of(context, cluster, shards)
    settings: dict[str, Any] = {
        "shoppers": shoppers,
        "weights": weight_vector,
        "scalarizer": goals[0] if goals else None,
        "exact": cast("Exactness", exact),
        "staggered": staggered,
    }
    what, costs = f"{agent} in {shop.name}", dict[str, Any]()
    kept = checkpoint_every and config["fingerprint"]
    with following(context, folder, what, config, slates, [shop]) as follow, interruption() as stop, writing():
        with progress(what, slates) as advance:
            settings |= {"progress": follow.progress(advance), "stop": stop}
            if writer is not None:
                tracker = follow.track(f"{agent} seed {seed}") if follow.track else None
                with writer as log:
                    settings |= {"log": log, "checkpoints": checkpoints if kept else None, "track": tracker}
                    trace = run(shop, agent, slates, seed, **settings)
                    log.close("finished" if trace.finished else "interrupted")
            else:
                to = Kept(folder, config, log_observations, config["fingerprint"] if kept else "")
                settings |= {"shards": shards, "kept": to, "checkpoint_every": checkpoint_every, "start": begin}
                trace, costs = run_in_shards(shop, agent, slates, seed, join_log, settings)
        status = "finished" if trace.finished else "interrupted"
        for refused in checkpoints.refused:
            typer.echo(f"slategym: {refused}; an earlier one was used, or the run started again", err=True)
        shown = int(trace.slates.sum())
        metrics = summary(trace, weight_vector, shop.plurals) if shown else {}
        metrics = {key: value for key, value in metrics.items() if isfinite(value)}
        paths = {"curves": as_json(curves(trace, weight_vector, objectives=shop.plurals))} if goals and shown else {}
        result = {
            "command": command_line(context),
            "version": __version__,
            "config": config,
            "status": status,
            "slates": shown,
            "metrics": metrics,
            **paths,
            **costs,
        }
        write_json(folder / "run.json", result)
        if status == "finished":
            checkpoints.remove()
        follow.finish(result, [folder / CONFIGURATION, folder / "run.json", *sorted((folder / "log").glob("*"))])

    _show(result, " ".join([agent, *goals]), shop.name, folder)
    if status == "interrupted":
        typer.echo(
            f"Interrupted after {shown:,} of {slates:,} slates, which the log and the summary contain. "
            "Run the same command again to continue.",
            err=True,
        )
        raise typer.Exit(INTERRUPTED)


def _show(result: Mapping[str, Any], agent: str, world: str, folder: Path) -> None:
    """Print the summary and the paths of the files."""
    if result["metrics"]:
        lines = table(f"{agent} in {world}", f"{result['slates']:,} slates")
        for key, value in result["metrics"].items():
            lines.add_row(key.replace("_", " "), f"{value:,.0f}" if key == "slates_per_second" else f"{value:.4f}")
        console().print(lines)
    log = folder / "log"
    typer.echo(f"log      {log if log.exists() else folder / 'shards'}\nsummary  {folder / 'run.json'}")


if __name__ == "__main__":
    start(simulate)
