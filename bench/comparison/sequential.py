"""A comparison that adds seeds until it is decided, with at most 5 % false decisions over all looks at the results."""

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
INDIFFERENCE = 0.01  # as a share of the leader's value
MOST_SEEDS = 50


def decide(values: Mapping[str, Mapping[int, float]], indifference: float = INDIFFERENCE) -> dict[str, Any]:
    """Decide whether each other agent is worse than the leader, or about as good.

    Each pair has an interval that holds at all numbers of seeds at once (`claims.sequence_interval`). Its level makes the
    intervals of all pairs hold together, because the leader is determined from the same values.

    Args:
        values: by agent, the value of each seed.
        indifference: the difference that does not matter, as a share of the leader's value.

    Returns:
        `status`: "told" if the leader is better than all others; "within" if all agents that are not worse are within the
        indifference; else "undecided". `leader`: the agent with the highest mean. `within`: the agents within the indifference.
        `open`: the undecided agents. `seeds`: the smallest number of seeds of an agent.
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
    """A comparison that runs with more and more seeds until `decide` decides it, or the budget is used up.

    Args:
        plan: a callable that plans the comparison with a given number of seeds.
        indifference: see `decide`.
        most_seeds: the budget, as the largest number of seeds.
        first: the number of seeds before the first look.

    Raises:
        ValueError: the comparison has scalarizers or a single agent, or a number is out of its range.
    """

    def __init__(
        self,
        plan: Callable[[int], Comparison],
        indifference: float = INDIFFERENCE,
        most_seeds: int = MOST_SEEDS,
        first: int = FIRST,
    ) -> None:
        if not 2 <= first <= most_seeds:
            raise ValueError(
                f"the first look is at {first} seeds and the budget is {most_seeds}: expected 2 seeds or more, and a budget that "
                "is not smaller"
            )
        if not 0 <= indifference < 1:
            raise ValueError(f"indifference is {indifference}: expected a share of the value from 0 to 1, such as 0.01")
        self._plan, self.indifference, self.most_seeds, self.first = plan, indifference, most_seeds, first
        comparison = plan(first)
        if comparison.config.get("scalarizers") or len(comparison.config["agents"]) < 2:
            raise ValueError("seeds are added until agents can be distinguished: expected two agents or more, and no scalarizer")
        self.config = {
            **comparison.config,
            "seeds": first,
            "until_decided": {"indifference": indifference, "most_seeds": most_seeds},
        }
        if self.config["fingerprint"]:
            self.config["fingerprint"] = fingerprint([self.config["fingerprint"], indifference, most_seeds])

    @property
    def size(self) -> int:
        """The number of slates of all runs, if the whole budget is used."""
        return self._plan(self.first).size * self.most_seeds // self.first

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Run the comparison; see `compare`. The results have a `decision`, the last result of `decide`, if there is one."""
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
    """The decision as a sentence."""
    leader, seeds, near = decision["leader"], decision["seeds"], f"{100 * decision['indifference']:g} %"
    if decision["status"] == "told":
        return f"Decided after {seeds} seeds: {leader} is better than all others (at most 5 % of such decisions are false)."
    if decision["status"] == "within":
        within = ", ".join(decision["within"])
        return f"Decided after {seeds} seeds: {within} differ from {leader} by less than {near}; all others are worse."
    undecided = ", ".join(decision["open"])
    return f"Not decided after {seeds} seeds: {leader} leads; {undecided} may be as good. Increase --most-seeds to decide."
