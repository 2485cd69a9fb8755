"""The parts of `simulate --shards`: checks, starting the shards, running them, and joining their logs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer

from slategym.scripts.common.following import refuse_following

if TYPE_CHECKING:
    from slategym.bench.execution.trace import Trace
    from slategym.bench.sharding.channels import Start
    from slategym.sim.world import World


def check_in_shards(context: typer.Context, agent: str, world: World, slates: int, shoppers: int, shards: int) -> None:
    """Refuse, before it begins, a run that cannot be divided into shards.

    Args:
        context: Typer's context of the command.
        agent: name and options of the agent.
        world: world of the run.
        slates: number of slates.
        shoppers: batch size.
        shards: number of shards.

    Raises:
        ValueError: the shoppers cannot be divided among the shards, the agent cannot learn in shards, or tracking is requested.
    """
    from slategym.agents.registry import make_agent
    from slategym.bench.sharding.setup import check_shards
    from slategym.bench.sharding.shard import check_learns_together
    from slategym.sim.simulation import Simulation

    check_shards(slates, shoppers, shards)
    check_learns_together(make_agent(agent, Simulation(world, 0, 1)))
    refuse_following(context, "it tracks only runs in one process, so leave out --shards or this option")


def start_of(context: typer.Context, cluster: str | None, shards: int) -> Start:
    """The function that starts the shards, as processes of this machine or as actors of a cluster.

    The connection to the cluster ends with the command.

    Args:
        context: Typer's context of the command.
        cluster: address of the cluster; None for processes of this machine.
        shards: number of shards.

    Raises:
        ImportError: Ray is not installed.
        ValueError: there is no cluster at the address.
    """
    if cluster is None:
        from slategym.bench.sharding.channels import shard_processes

        return shard_processes
    from slategym.bench.clusters.connection import connected
    from slategym.bench.clusters.shards import shard_actors

    return shard_actors(context.with_resource(connected(cluster, shards)))


def run_in_shards(
    world: World, agent: str, slates: int, seed: int, join: bool, settings: Mapping[str, Any]
) -> tuple[Trace, dict[str, Any]]:
    """Execute the run, and join the logs of the shards.

    Args:
        world: world of the run.
        agent: name and options of the agent.
        slates: number of slates.
        seed: random seed.
        join: whether to join the logs into one.
        settings: the other arguments of `run_sharded`, with `kept`.

    Returns:
        The trace, and the entries of run.json about the shards.

    Raises:
        WriteError: a file cannot be written.
    """
    from slategym.bench.execution.log_writer import LogWriter, remove_log
    from slategym.bench.sharding.joining import join_logs
    from slategym.bench.sharding.run import run_sharded

    kept, shards = settings["kept"], settings["shards"]
    done = run_sharded(world, agent, slates, seed, **settings)
    for refused in done.refused:
        typer.echo(f"slategym: {refused}; an earlier one was used, or the run started again", err=True)
    finished = done.trace.finished
    if join:
        log = kept.folder / "log"
        remove_log(log)
        writer = LogWriter(log, world, kept.config, observations=kept.observations)
        logs = [kept.log(index, shards) for index in range(shards)]
        join_logs(logs, writer, "finished" if finished else "interrupted")
    if finished and join:
        shutil.rmtree(kept.shards, ignore_errors=True)
    elif finished:
        for path in kept.shards.glob("*.checkpoint"):
            with suppress(OSError):
                path.unlink()
    costs, steps = done.costs, max(done.costs.steps, 1)
    said = {
        "shards": shards,
        "rounds_per_step": costs.rounds / steps,
        "bytes_per_step": costs.bytes / steps,
        "lead_seconds": costs.lead_seconds,
        "shard_seconds": costs.shard_seconds,
        "shard_memory": costs.shard_memory,
        "restarts": costs.restarts,
    }
    return done.trace, {"shards": said}
