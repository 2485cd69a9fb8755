"""A comparison that adds seeds until it is decided, with at most 5 % false decisions however often it looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from slategym.bench.claims import sequence_interval
from slategym.bench.comparison.compare import Comparison
from slategym.bench.comparison.results import ranking
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress
from slategym.bench.jobs.store import RunStore
from slategym.bench.statistics import LEVEL
from slategym.utils.storage.fingerprint import fingerprint

FIRST = 3  # seeds before the first look
INDIFFERENCE = 0.01  # of the leader's value
MOST_SEEDS = 50


def decide(values: Mapping[str, Mapping[int, float]], indifference: float = INDIFFERENCE) -> dict[str, Any]:
    """Whether the leader is told from every other agent, or known to be about as good.

    Each pair has an interval that holds at all numbers of seeds at once (`claims.sequence_interval`), at a level that makes those
    of all pairs hold together, since which agent leads is seen from the same values.

    Args:
        values: by agent, the value of each seed.
        indifference: the difference that does not matter, as a share of the leader's value.

    Returns:
        `status`: "told" if the leader is better than all others; "within" if all that are not worse lie within the indifference;
        else "undecided". `leader`; `within`, the agents that lie within the indifference; `open`, those of which it is not
        known; `seeds`, how many each agent has at least.
    """
    means = {name: float(np.mean(list(of_seed.values()))) for name, of_seed in values.items()}
    leader = max(means, key=lambda name: means[name])
    margin = indifference * abs(means[leader])
    level = 1 - (1 - LEVEL) / max(len(values) * (len(values) - 1) // 2, 1)
    within: list[str] = []
    unknown: list[str] = []
    for name, others in values.items():
        if name == leader:
            continue
        both = [seed for seed in values[leader] if seed in others]
        low, high = sequence_interval([values[leader][seed] - others[seed] for seed in both], level)
        if low > 0:
            continue
        (within if -margin <= low and high <= margin else unknown).append(name)
    status = "undecided" if unknown else "within" if within else "told"
    seeds = min((len(of_seed) for of_seed in values.values()), default=0)
    return {"status": status, "leader": leader, "within": within, "open": unknown, "seeds": seeds, "indifference": indifference}


class SequentialComparison:
    """A comparison that is run with ever more seeds until `decide` says that it is decided, or the budget is spent.

    Args:
        plan: makes the comparison with so many seeds.
        indifference: see `decide`.
        most_seeds: the budget.
        first: seeds before the first look.

    Raises:
        ValueError: the comparison has scalarizers or a single agent, or the numbers do not fit.
    """

    def __init__(
        self,
        plan: Callable[[int], Comparison],
        indifference: float = INDIFFERENCE,
        most_seeds: int = MOST_SEEDS,
        first: int = FIRST,
    ) -> None:
        if not 2 <= first <= most_seeds:
            raise ValueError(f"the first look is at {first} seeds and the budget {most_seeds}: expected 2 or more, and no fewer")
        if not 0 <= indifference < 1:
            raise ValueError(f"indifference is {indifference}: expected a share of the value from 0 to 1, such as 0.01")
        self._plan, self.indifference, self.most_seeds, self.first = plan, indifference, most_seeds, first
        comparison = plan(first)
        if comparison.config.get("scalarizers") or len(comparison.config["agents"]) < 2:
            raise ValueError(
                "seeds are added until one agent is told from another: expected two agents or more, and no scalarizer"
            )
        self.config = {
            **comparison.config,
            "seeds": first,
            "until_decided": {"indifference": indifference, "most_seeds": most_seeds},
        }
        if self.config["fingerprint"]:
            self.config["fingerprint"] = fingerprint([self.config["fingerprint"], indifference, most_seeds])

    @property
    def size(self) -> int:
        """The number of slates of all runs, if the budget is spent."""
        return self._plan(self.first).size * self.most_seeds // self.first

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Run it; see `compare`. The results have a `decision`, what `decide` said last, or null before the first look."""
        done: dict[tuple[str, int], Trace] = {}
        seeds = self.first
        while True:
            results = self._plan(seeds).run(processes, progress, stop, store, done)
            metric = ranking(results["config"])
            found = {name: agent["seeds"] for name, agent in results["agents"].items()}
            values = {name: dict(zip(of["seed"], of[metric], strict=True)) for name, of in found.items()}
            decision = decide(values, self.indifference) if len(values) > 1 else None
            ended = results["status"] != "finished" or decision is None or decision["status"] != "undecided"
            if ended or seeds >= self.most_seeds:
                results["config"] |= {name: self.config[name] for name in ("fingerprint", "until_decided")}
                if decision:
                    results["decision"] = decision
                    results["notes"].insert(0, _said(decision))
                return results
            seeds += 1


def _said(decision: Mapping[str, Any]) -> str:
    """A decision in a sentence."""
    leader, seeds, near = decision["leader"], decision["seeds"], f"{100 * decision['indifference']:g} %"
    if decision["status"] == "told":
        return f"Decided after {seeds} seeds: {leader} is better than all others (at most 5 % of such decisions are false)."
    if decision["status"] == "within":
        return f"Decided after {seeds} seeds: {', '.join(decision['within'])} within {near} of {leader}, all others worse."
    return f"Not decided after {seeds} seeds: {leader} leads; {', '.join(decision['open'])} may be as good. More: --most-seeds."
