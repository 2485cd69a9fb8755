"""Measures what shards cost, for docs/clusters.md: `python docs/clusters.py`; with `--wall` where nothing else runs.

Processor time counts, as cores may be shared: a run in shards takes as long as its slowest shard and the thread that leads, which
the shards wait for. Each is a thread of this process, and a thread's time does not depend on the others. With `--wall` shards are
processes, and what counts is how much longer a long run takes than a short one.
"""

from __future__ import annotations

import resource
import sys
from time import perf_counter, thread_time

from slategym.bench import run, run_sharded, shard_threads
from slategym.bench.execution.threads import one_thread
from slategym.bench.sharding.channels import shard_processes
from slategym.sim.worlds import make_world

AGENTS = {"lin-ts": 40, "random": 200, "bandit:beta-ts": 40}  # with the steps that are measured
SHOPPERS, ROUNDS, WARM = 4096, 3, 3
WALL = "--wall" in sys.argv
CLOCK = perf_counter if WALL else thread_time


def alone(world, agent, steps):
    """Seconds of the steps of a run in this process."""
    seconds = []
    for count in (WARM, WARM + steps):
        start = CLOCK()
        with one_thread():
            run(world, agent, count * SHOPPERS, shoppers=SHOPPERS, exact="off")
        seconds.append(CLOCK() - start)
    return seconds[1] - seconds[0]


def sharded(world, agent, steps, shards):
    """Seconds of the steps in shards, of which in the lead; bytes and rounds a step."""
    seconds, costs = [], []
    for count in (WARM, WARM + steps):
        start = perf_counter()
        begin = shard_processes if WALL else shard_threads
        costs.append(
            run_sharded(world, agent, count * SHOPPERS, shards=shards, shoppers=SHOPPERS, exact="off", start=begin).costs
        )
        seconds.append(perf_counter() - start)
    short, long = costs
    lead = long.lead_seconds - short.lead_seconds
    slowest = max(after - before for after, before in zip(long.shard_seconds, short.shard_seconds, strict=True))
    return seconds[1] - seconds[0] if WALL else slowest + lead, lead, long.bytes / long.steps, long.rounds / long.steps


def times_as_fast(world):
    """Two shards against one process, in turns."""
    print("| agent | steps | one process, s | two shards, s | of it the lead, s | times as fast | bytes a step | rounds a step |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for agent, steps in AGENTS.items():
        alone(world, agent, 1)  # what is compiled and cached
        pairs = [(alone(world, agent, steps), sharded(world, agent, steps, 2)) for _ in range(ROUNDS)]
        ratios = sorted(whole / parts for whole, (parts, *_) in pairs)
        whole, (parts, lead, size, rounds) = sorted(pairs)[ROUNDS // 2]
        print(
            f"| `{agent}` | {steps} | {whole:.2f} | {parts:.2f} | {lead:.2f} | {ratios[ROUNDS // 2]:.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {size:,.0f} | {rounds:.0f} |",
            flush=True,
        )


def growth(world):
    """One shard of more and more shoppers."""
    print("\n| shoppers of a shard | ns a slate | bytes of memory a shopper | bytes added up a step |")
    print("|---:|---:|---:|---:|")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = 0
    for shoppers in (102_400, 409_600, 819_200):
        found = run_sharded(world, "random", 6 * shoppers, shards=1, shoppers=shoppers, exact="off", start=shard_threads).costs
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        more = 1024 * (now - memory) / (shoppers - before)
        print(
            f"| {shoppers:,} | {1e9 * found.shard_seconds[0] / (6 * shoppers):,.0f} | {more:,.0f} "
            f"| {found.bytes / found.steps:,.0f} |",
            flush=True,
        )
        memory, before = now, shoppers


if __name__ == "__main__":
    shop = make_world("Shop-v0")
    times_as_fast(shop)
    growth(shop)
