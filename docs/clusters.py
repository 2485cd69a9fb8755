"""Measures what shards cost, for docs/clusters.md: `python docs/clusters.py [AGENT ...]`, in a minute or two.

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
from slategym.sim.worlds import make_world

WORLD = "Shop-v0"
AGENTS = ("random", "lin-ts", "lin-ucb", "bandit:beta-ts")
SHOPPERS, STEPS, ROUNDS = 4096, 24, 3


def alone(world, agent):
    """Processor seconds of a run in this process, without making the world and the agent's first steps."""
    seconds = []
    for steps in (2, STEPS + 2):
        start = process_time()
        with one_thread():
            run(world, agent, steps * SHOPPERS, shoppers=SHOPPERS, exact="off")
        seconds.append(process_time() - start)
    return seconds[1] - seconds[0]


def sharded(world, agent, shards):
    """Processor seconds of the slowest shard and of the leading process, bytes a round and rounds a step of a shard."""
    found = []
    for steps in (2, STEPS + 2):
        found.append(run_sharded(world, agent, steps * SHOPPERS, shards=shards, shoppers=SHOPPERS, exact="off").costs)
    short, long = found
    shard = max(long.shard_seconds) - max(short.shard_seconds)
    lead = long.lead_seconds - short.lead_seconds
    return shard, lead, (long.bytes - short.bytes) / STEPS, (long.rounds - short.rounds) / STEPS


def main():
    world = make_world(WORLD)
    print("| agent | one process, s | shards | slowest shard, s | leading, s | times as fast | bytes a step | rounds a step |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for agent in sys.argv[1:] or AGENTS:
        for shards in (2,):
            pairs = [(alone(world, agent), sharded(world, agent, shards)) for _ in range(ROUNDS)]
            ratios = sorted(whole / (shard + lead) for whole, (shard, lead, *_) in pairs)
            whole, (shard, lead, size, rounds) = min(pairs, key=lambda pair: pair[0])
            print(
                f"| {agent} | {whole:.2f} | {shards} | {shard:.2f} | {lead:.2f} | {ratios[len(ratios) // 2]:.2f} "
                f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {size:,.0f} | {rounds:.0f} |",
                flush=True,
            )
    start = perf_counter()
    simulation = None
    for shoppers in (100_000, 1_100_000):
        from slategym.sim.simulation import Simulation

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
