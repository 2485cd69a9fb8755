"""Measures what shards cost, for docs/clusters.md: `python docs/clusters.py`, or with numbers of cases, on Linux.

Of each run the first steps are left out, in which code is loaded. Two times are measured: that of the processor, which means
something while other programs run, too, and the elapsed time, which needs an idle machine. By processor time, shards take as long
as the slowest of them and the process that leads, which they wait for. The last column of elapsed times is how much two separate
runs at once get done in the time of one alone, which is the most that two shards can on this machine.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import clock_gettime, perf_counter, process_time
from typing import Any

from slategym.bench import run, run_sharded, shard_threads
from slategym.bench.sharding.channels import ProcessChannel, shard_processes
from slategym.bench.sharding.setup import Setup

WORLD, ROUNDS = "Shop-v0", 3


@dataclass(frozen=True)
class Case:
    """A run of which some steps are measured."""

    agent: str
    shoppers: int
    steps: int
    skipped: int = 3  # steps before those

    def __str__(self) -> str:
        return f"| `{self.agent}` | {self.shoppers:,} | {self.skipped + 1} to {self.skipped + self.steps} |"

    @property
    def options(self) -> dict[str, Any]:
        """Of the run."""
        return {"slates": (self.skipped + self.steps) * self.shoppers, "shoppers": self.shoppers, "exact": "off"}


CASES = (
    Case("lin-ts", 4096, 40),
    Case("random", 4096, 200),
    Case("bandit:beta-ts", 4096, 40),
    Case("lin-ts", 4096, 40, skipped=100),
    Case("policy-gradient", 4096, 10),
    Case("policy-gradient:batch_size=4096", 4096, 40),
    Case("lin-ts", 65_536, 4),
    Case("random", 65_536, 20),
)


class Clocks:
    """Seconds at each step, as `progress` of a run: elapsed, of this process, and of the processes of shards."""

    def __init__(self, skipped: int) -> None:
        self.skipped, self.processes, self.times = skipped, [], []

    def __call__(self, slates: int) -> None:
        self.times.append((perf_counter(), process_time(), *(clock_gettime(2 | ~pid << 3) for pid in self.processes)))

    @property
    def passed(self) -> list[float]:
        """What has passed in the steps that are measured."""
        return [end - start for start, end in zip(self.times[self.skipped - 1], self.times[-1], strict=True)]

    @contextmanager
    def start(self, setup: Setup) -> Iterator[list[ProcessChannel]]:
        """Start shards, and look at their clocks."""
        with shard_processes(setup) as channels:
            self.processes = [channel.pid for channel in channels]
            yield channels


def alone(case: Case) -> list[float]:
    """Seconds of a run in this process: elapsed, and of the processor."""
    clocks = Clocks(case.skipped)
    run(WORLD, case.agent, progress=clocks, **case.options)
    return clocks.passed


def separately(case: Case) -> float:
    """Seconds elapsed in each of two separate runs at once."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(2, _meet, (context.Barrier(2),)) as pool:
        return sum(pool.map(_one_of_two, [case, case], chunksize=1)) / 2


def _meet(barrier: Any) -> None:
    _one_of_two.barrier = barrier


def _one_of_two(case: Case) -> float:
    alone(Case(case.agent, case.shoppers, 1))
    _one_of_two.barrier.wait()
    return alone(case)[0]


def middle(pairs: Sequence[tuple[float, float]]) -> str:
    """The middle one of some pairs of times, by their ratio, and the ratios."""
    one, two = sorted(pairs, key=lambda pair: pair[0] / pair[1])[len(pairs) // 2]
    ratios = sorted(whole / parts for whole, parts in pairs)
    return f"{one:.2f} | {two:.2f} | {one / two:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def compare(case: Case) -> tuple[str, str]:
    """Two shards against one process, in turns: the row of processor times and that of elapsed times."""
    alone(Case(case.agent, case.shoppers, 1))  # what is compiled and cached
    elapsed, processor, leads = [], [], []
    for _ in range(ROUNDS):
        whole, clocks = alone(case), Clocks(case.skipped)
        costs = run_sharded(WORLD, case.agent, shards=2, start=clocks.start, progress=clocks, **case.options).costs
        lasted, lead, *shards = clocks.passed
        elapsed.append((whole[0], lasted))
        processor.append((whole[1], lead + max(shards)))
        leads.append(lead)
    both = 2 * sorted(whole for whole, _ in elapsed)[ROUNDS // 2] / separately(case)
    sent = f"{sorted(leads)[ROUNDS // 2]:.2f} | {costs.bytes / costs.steps:,.0f} | {costs.rounds / costs.steps:.0f}"
    return f"{case} {middle(processor)} | {sent} |", f"{case} {middle(elapsed)} | {both:.2f} |"


def growth() -> None:
    """One shard of more and more shoppers."""
    print("| shoppers per shard | ns per slate | bytes of memory per shopper | bytes added up per step |")
    print("|---:|---:|---:|---:|")
    memory, before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    for shoppers in (102_400, 409_600, 819_200):
        found = run_sharded(WORLD, "random", 6 * shoppers, shards=1, shoppers=shoppers, exact="off", start=shard_threads).costs
        now = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        more = 1024 * (now - memory) / (shoppers - before)
        speed = 1e9 * found.shard_seconds[0] / (6 * shoppers)
        print(f"| {shoppers:,} | {speed:,.0f} | {more:,.0f} | {found.bytes / found.steps:,.0f} |", flush=True)
        memory, before = now, shoppers


if __name__ == "__main__":
    growth()  # before others have used memory
    chosen = [CASES[int(number)] for number in sys.argv[1:]] or CASES
    rows = []
    for case in chosen:
        rows.append(compare(case))
        print(*rows[-1], sep="\n", file=sys.stderr, flush=True)
    start = "| agent | shoppers | steps | one process, s | two shards, s | speedup |"
    for title, rest, lines in zip(
        ("Processor time", "Elapsed time"),
        (" of which lead, s | bytes per step | rounds per step |", " two separate runs |"),
        zip(*rows, strict=True),
        strict=True,
    ):
        print(f"\n{title}:\n", start + rest, "|---|---:|---|" + "---:|" * (rest.count("|") + 3), *lines, sep="\n")
