"""What a benchmark's results say: the order of the agents, their differences, and the sentences that state them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from slategym.bench.comparison.metrics import PLURALS
from slategym.bench.format import decimals, interval, listed, number, percent
from slategym.bench.statistics import Difference, Estimate
from slategym.bench.statistics import interval as bootstrap

ORACLE = "oracle"
RANDOM = "random"


@dataclass(frozen=True)
class Findings:
    """The results of a benchmark, put in order.

    Args:
        results: as results.json has them.
    """

    results: Mapping[str, Any]

    @property
    def config(self) -> Mapping[str, Any]:
        """What was run."""
        config: Mapping[str, Any] = self.results.get("config") or {}
        return config

    @property
    def agents(self) -> list[str]:
        """The agents as the benchmark was given them; colours follow this order."""
        return list(self.results["agents"])

    @cached_property
    def ranked(self) -> list[str]:
        """The agents from the highest value to the lowest. The oracle knows every taste and does not compete."""
        return sorted((name for name in self.agents if name != ORACLE), key=lambda name: -(self.figure(name).mean or 0.0))

    @property
    def shown(self) -> list[str]:
        """The oracle, if it ran, and the ranked agents below it."""
        return [ORACLE] * (ORACLE in self.agents) + self.ranked

    @property
    def oracle(self) -> Estimate:
        """What the oracle earns per slate."""
        return Estimate.of((self.results.get("oracle") or {}).get("value"))

    @property
    def context(self) -> Estimate:
        """What the best slates that the observation allows earn per slate, in expectation."""
        return Estimate.of((self.results.get("context") or {}).get("value"))

    @property
    def seeds(self) -> int | None:
        """How many seeds were run."""
        seeds = self.config.get("seeds")
        return len(seeds) if isinstance(seeds, list) else seeds

    @property
    def span(self) -> str:
        """What of a run its figures are of: all of it, or what was shown under the last goal of a schedule."""
        since = next((start for name in self.agents if (start := self.figure(name, "since").mean) is not None), 0.0)
        return f"the run from slate {since:,.0f} on" if since else "the whole run"

    @property
    def objectives(self) -> list[str]:
        """The names of the objectives."""
        return list(self.plurals)

    @property
    def plurals(self) -> Mapping[str, str]:
        """How each objective is called where many are counted, by name, in their order."""
        found: Mapping[str, str] = self.config.get("plurals") or PLURALS
        return found

    @property
    def scalarizer(self) -> str | None:
        """The goal that all agents followed, if it was one; without one values are of the fixed weights."""
        goals = self.config.get("scalarizers")
        return str(goals[0]) if goals and len(goals) == 1 else None

    @property
    def weights(self) -> tuple[float, float] | None:
        """The fixed worth of two objectives; None where there are more, or where weights move."""
        weights = self.config.get("weights")
        weights = list(weights.values()) if isinstance(weights, Mapping) else weights
        return (float(weights[0]), float(weights[1])) if weights and len(weights) == 2 and not self.scalarizer else None

    def figure(self, agent: str, metric: str = "value") -> Estimate:
        """One agent's figure of one metric."""
        return Estimate.of(self.results["agents"][agent].get(metric))

    def difference(self, a: str, b: str) -> Difference | None:
        """What `a` earns above `b`; None where the results do not compare them."""
        return self._differences.get((a, b))

    @cached_property
    def _differences(self) -> dict[tuple[str, str], Difference]:
        found = {}
        for pair in self.results.get("pairs") or []:
            if pair["difference"] is None:
                continue
            difference = Difference(pair["difference"], pair["low"], pair["high"], pair.get("probability_a_better"))
            found[pair["a"], pair["b"]] = difference
            found[pair["b"], pair["a"]] = difference.turned()
        return found

    def _final_difference(self, a: str, b: str) -> Estimate | None:
        """What `a` earns above `b` in the last tenth of the run, seed by seed; None where they did not run on the same seeds."""
        of_a, of_b = (self.results["agents"][name].get("seeds") or {} for name in (a, b))
        if not of_a or of_a["seed"] != of_b["seed"]:
            return None
        found = bootstrap(np.subtract(of_a["final_value"], of_b["final_value"]))
        return Estimate.of({"mean": float(found.mean), "low": float(found.low), "high": float(found.high)})

    @cached_property
    def leaders(self) -> list[str]:
        """The agent of highest value and those that cannot be told apart from it."""
        first, *rest = self.ranked
        tied = [name for name in rest if (found := self.difference(first, name)) and found.told_apart is False]
        return [first, *tied]

    def headline(self) -> str:
        """One sentence: who is best and by how much, or that the best cannot be told apart."""
        if not self.ranked:
            return "Only the oracle was run"
        first, *rest = self.ranked
        places = decimals([self.figure(name) for name in self.ranked])
        value = number(self.figure(first).mean, places)
        if not rest:
            return f"{first} has a utility of {value}" if self.scalarizer else f"{first} earns {value} a slate"
        gap = self.difference(first, rest[0])
        most = "has the highest utility" if self.scalarizer else "earns most"
        if gap is None or gap.told_apart is None:
            return f"{first} {most}, on a single seed"
        if not gap.told_apart:
            return f"{listed(self.leaders)} come first and cannot be told apart"
        if len(self.leaders) > 1:  # a close agent of low variance may be told apart while a farther one is not
            return f"{first} has the highest mean but cannot be told apart from {listed(self.leaders[1:])}"
        places = decimals([Estimate(gap.value, gap.low, gap.high)])
        more = "more" if self.scalarizer else "a slate more"
        return f"{first} {most}: {number(gap.value, places)} {more} than {rest[0]} ({interval(gap, places)})"

    def remarks(self) -> list[str]:
        """The sentences below the headline: the values behind it, the ceiling, the end of the run, and how sure this is."""
        if not self.ranked:
            return list(self.results.get("notes") or [])
        first, *rest = self.ranked
        places = decimals([self.figure(name) for name in self.ranked])
        best = self.figure(first)
        if self.scalarizer:
            said = f"Over {self.span}, learning included, {first} has a utility of {number(best.mean, places)}"
            said += f" ({interval(best, places)})" if best.interval else ""
            return [f"{said}; no mixture of slates has more than {number(self.oracle.mean, places)}.", *self.results["notes"]]
        said = f"Over the whole run, learning included, {first} earns {number(best.mean, places)} a slate"
        said += f" ({interval(best, places)})" if best.interval else ""
        gap = self.difference(first, rest[0]) if rest else None
        if gap and gap.told_apart is False:
            near = decimals([Estimate(gap.value, gap.low, gap.high)])
            said += f", {number(gap.value, near)} more than {rest[0]}, but the interval of that difference holds zero "
            said += f"({interval(gap, near)})"
        share, seen = self.figure(first, "share_of_oracle"), self.figure(first, "share_of_context")
        if share.mean is not None:
            said += f". The oracle, which knows every shopper's taste, sets the mark: {first} reaches {percent(share.mean)} of it"
        elif (short := self.figure(first, "regret_per_slate")).mean is not None:
            said += f". The oracle, which knows every shopper's taste, sets the mark, {number(self.oracle.mean, places)}: "
            said += f"{first} falls {number(short.mean, decimals([short]))} short of it"
        if seen.mean is not None:
            said += f", and {percent(seen.mean)} of what the observation allows"
        remarks = [said + "."]
        if len(self.leaders) > 1 and len(rest) >= len(self.leaders):
            behind = [name for name in rest if name not in self.leaders]
            apart = [self.difference(leader, name) for leader in self.leaders for name in behind]
            if behind and all(found and found.told_apart for found in apart):
                remarks.append(f"Each of them earns more than {listed(behind)}.")
        strongest_last = max(self.ranked, key=lambda name: self.figure(name, "final_value").mean or 0.0)
        gain = self._final_difference(strongest_last, first)
        if gain and gain.low is not None and gain.low > 0:
            places = decimals([gain])
            remarks.append(
                f"In the last tenth of the run {strongest_last} earns {number(gain.mean, places)} a slate more than {first} "
                f"({interval(gain, places)}): it ends better, but paid more for learning."
            )
        if not rest:
            remarks.append("A single agent has nothing to be compared with; add more with --agents.")
        return [*remarks, *(self.results.get("notes") or [])]
