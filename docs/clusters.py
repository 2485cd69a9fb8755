"""Measures what shards cost, for docs/clusters.md: `python docs/clusters.py [AGENT ...]`, in some minutes.

Processor time is what counts, as the cores of a machine may be shared: the time of a run in shards is that of its slowest shard
and of the leading process, which the shards wait for.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter, process_time

from slategym.bench import run
from slategym.bench.execution.threads import one_thread
from slategym.bench.sharding.run import run_sharded
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

WORLD = "Shop-v0"
AGENTS = {"random": 600, "bandit:beta-ts": 60, "lin-ts": 100, "lin-ucb": 60}  # with the steps that are measured
SHOPPERS, ROUNDS, WARM = 4096, 3, 3


def alone(world, agent, steps):
    """Processor seconds of the steps of a run in this process."""
    seconds = []
    for count in (WARM, WARM, WARM + steps):
        start = process_time()
        with one_thread():
            run(world, agent, count * SHOPPERS, shoppers=SHOPPERS, exact="off")
        seconds.append(process_time() - start)
    return seconds[2] - seconds[1]


def sharded(world, agent, steps, shards):
    """Processor seconds of the slowest shard and of the leading process, bytes and rounds a step."""
    short, long = (
        run_sharded(world, agent, count * SHOPPERS, shards=shards, shoppers=SHOPPERS, exact="off").costs
        for count in (WARM, WARM + steps)
    )
    shard = max(after - before for after, before in zip(long.shard_seconds, short.shard_seconds, strict=True))
    return shard, long.lead_seconds - short.lead_seconds, long.bytes / long.steps, long.rounds / long.steps


def main():
    world = make_world(WORLD)
    print(
        "| agent | steps | one process, s | slowest of 2 shards, s | leading, s | times as fast | bytes a step | rounds a step |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for agent in sys.argv[1:] or AGENTS:
        steps = AGENTS[agent]
        pairs = [(alone(world, agent, steps), sharded(world, agent, steps, 2)) for _ in range(ROUNDS)]
        ratios = sorted(whole / (shard + lead) for whole, (shard, lead, *_) in pairs)
        whole, (shard, lead, size, rounds) = sorted(pairs)[ROUNDS // 2]
        print(
            f"| {agent} | {steps} | {whole:.2f} | {shard:.2f} | {lead:.2f} | {ratios[ROUNDS // 2]:.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {size:,.0f} | {rounds:.0f} |",
            flush=True,
        )
    start = perf_counter()
    simulation = None
    for shoppers in (100_000, 1_100_000):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        simulation = Simulation(world, 0, shoppers)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        state = simulation.state()["shoppers"]
        arrays = [state.identity, state.visit, *state.traits.values(), *state.state.values()]
        print(
            f"{shoppers:,} shoppers: {sum(array.nbytes for array in arrays) / shoppers:.0f} bytes of state a shopper, "
            f"peak memory {1024 * (after - before) / shoppers:.0f} bytes a shopper more, {perf_counter() - start:.1f} s"
        )


if __name__ == "__main__":
    main()
