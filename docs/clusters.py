"""Measures what shards cost, for docs/clusters.md: `python docs/clusters.py [AGENT ...]`, in some minutes.

Processor time is what counts, as the cores of a machine may be shared: the time of a run in shards is that of its slowest shard
and of the leading process, which the shards wait for.
"""

from __future__ import annotations

import sys
from time import process_time

from slategym.bench import run
from slategym.bench.execution.threads import one_thread
from slategym.bench.sharding.run import run_sharded
from slategym.sim.worlds import make_world

WORLD = "Shop-v0"
AGENTS = {"lin-ts": 40, "random": 300, "bandit:beta-ts": 60}  # with the steps that are measured
SHOPPERS, ROUNDS, WARM = 4096, 3, 3
VISITS = 8


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
    print()
    print("| shoppers | shards | ns a slate of a shard | bytes of a shopper | bytes a step |")
    print("|---:|---:|---:|---:|---:|")
    few = run_sharded(world, "random", VISITS * 512, shards=2, shoppers=512, exact="off").costs
    for shoppers, shards in ((102_400, 2), (409_600, 2), (409_600, 4)):
        costs = run_sharded(world, "random", VISITS * shoppers, shards=shards, shoppers=shoppers, exact="off").costs
        seconds = max(costs.shard_seconds) - min(few.shard_seconds)
        memory = max(costs.shard_memory) - max(few.shard_memory)
        each = shoppers // shards
        print(
            f"| {shoppers:,} | {shards} | {1e9 * seconds / (each * VISITS):,.0f} | {memory / each:,.0f} "
            f"| {costs.bytes / costs.steps:,.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
