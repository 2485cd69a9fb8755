"""Findings of a benchmark: the order of the agents, their differences, and sentences about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from slategym.bench.claims import seeds_to_tell, told_difference
from slategym.bench.comparison.metrics import PLURALS, SPEEDS
from slategym.bench.comparison.results import BEST_KNOWN, ranking
from slategym.bench.format import decimals, interval, listed, milliseconds, number, percent
from slategym.bench.statistics import Estimate

ORACLE = "oracle"
RANDOM = "random"


@dataclass(frozen=True)
class Findings:
    """Access to the results of a benchmark, with the agents ordered by value.

    Args:
        results: content of results.json.
    """

    results: Mapping[str, Any]

    @property
    def config(self) -> Mapping[str, Any]:
        """The configuration of the benchmark."""
        config: Mapping[str, Any] = self.results.get("config") or {}
        return config

    @property
    def agents(self) -> list[str]:
        """The agents in the order of the benchmark, which determines their colours."""
        return list(self.results["agents"])

    @property
    def metric(self) -> str:
        """The metric that agents are ranked by: `value_per_episode`, or `value`, which is per slate."""
        return ranking(self.config)

    @property
    def unit(self) -> str:
        """The unit of that metric: "episode" or "slate"."""
        return "episode" if self.metric == "value_per_episode" else "slate"

    @cached_property
    def ranked(self) -> list[str]:
        """The agents from the highest value to the lowest, without the oracle."""
        return sorted((name for name in self.agents if name != ORACLE), key=lambda name: -(self.estimate(name).mean or 0.0))

    @property
    def shown(self) -> list[str]:
        """The oracle, if it ran, and the ranked agents below it."""
        return [ORACLE] * (ORACLE in self.agents) + self.ranked

    @property
    def oracle(self) -> Estimate:
        """The oracle's value per slate."""
        return Estimate.from_json((self.results.get("oracle") or {}).get("value"))

    @property
    def ceiling(self) -> Estimate:
        """The best known value of the ranking metric: that of the oracle, or of the best known policy for episodes."""
        return self.reference(BEST_KNOWN) if self.unit == "episode" else self.oracle

    @property
    def references(self) -> Mapping[str, Mapping[str, Any]]:
        """The reference policies, from the one that knows least to the one that knows most."""
        found: Mapping[str, Mapping[str, Any]] = self.results.get("references") or {}
        return found

    def reference(self, policy: str, metric: str | None = None) -> Estimate:
        """The estimate of a metric of a reference policy; by default of the metric that agents are ranked by."""
        return Estimate.from_json(self.references.get(policy, {}).get(metric or self.metric))

    @property
    def seeds(self) -> int | None:
        """The number of seeds."""
        seeds = self.config.get("seeds")
        return len(seeds) if isinstance(seeds, list) else seeds

    @property
    def span(self) -> str:
        """The part of a run that the estimates cover: the whole run, or the part with the last goal of a schedule."""
        since = next((start for name in self.agents if (start := self.estimate(name, "since").mean) is not None), 0.0)
        return f"the run from slate {since:,.0f} on" if since else "the whole run"

    @property
    def objectives(self) -> list[str]:
        """The names of the objectives."""
        return list(self.plurals)

    @property
    def plurals(self) -> Mapping[str, str]:
        """The plural of each objective, by name, in their order."""
        found: Mapping[str, str] = self.config.get("plurals") or PLURALS
        return found

    @property
    def scalarizer(self) -> str | None:
        """The scalarizer, if there is exactly one; None if values are weighted by fixed weights."""
        goals = self.config.get("scalarizers")
        return str(goals[0]) if goals and len(goals) == 1 else None

    @property
    def weights(self) -> tuple[float, float] | None:
        """The fixed weights of two objectives; None with another number of objectives, or if a scalarizer sets the weights."""
        weights = self.config.get("weights")
        weights = list(weights.values()) if isinstance(weights, Mapping) else weights
        return (float(weights[0]), float(weights[1])) if weights and len(weights) == 2 and not self.scalarizer else None

    def estimate(self, agent: str, metric: str | None = None) -> Estimate:
        """The estimate of a metric of an agent; by default of the metric that agents are ranked by."""
        return Estimate.from_json(self.results["agents"][agent].get(metric or self.metric))

    def difference(self, a: str, b: str) -> Estimate | None:
        """How much more `a` earns than `b`; None if the results do not compare them."""
        return self._differences.get((a, b))

    def probability_better(self, a: str, b: str) -> float | None:
        """The probability that `a` is better than `b`, over the bootstrap resamples; None if it is not known."""
        for pair in self.results.get("pairs") or []:
            probability = pair.get("probability_a_better")
            if probability is not None and {pair["a"], pair["b"]} == {a, b}:
                return float(probability if pair["a"] == a else 1 - probability)
        return None

    @cached_property
    def _differences(self) -> dict[tuple[str, str], Estimate]:
        found = {}
        for pair in self.results.get("pairs") or []:
            if pair["difference"] is None:
                continue
            gap = Estimate(pair["difference"], pair["low"], pair["high"])
            found[pair["a"], pair["b"]] = gap
            found[pair["b"], pair["a"]] = gap.subtracted_from(0)
        return found

    def _final_difference(self, a: str, b: str) -> Estimate | None:
        """How much more `a` earns than `b` in the last 10 % of the run; None if they ran with different seeds."""
        of_a, of_b = (self.results["agents"][name].get("seeds") or {} for name in (a, b))
        if not of_a or of_a["seed"] != of_b["seed"]:
            return None
        return Estimate.from_seeds(np.subtract(of_a["final_value"], of_b["final_value"]))

    @cached_property
    def leaders(self) -> list[str]:
        """The agent with the highest value, and the agents that do not differ significantly from it."""
        first, *rest = self.ranked
        tied = [name for name in rest if (gap := self.difference(first, name)) and gap.excludes_zero is False]
        return [first, *tied]

    def headline(self) -> str:
        """One sentence: the best agent and its lead, or that there is no significant winner."""
        if not self.ranked:
            return "Only the oracle was run"
        first, *rest = self.ranked
        unit = "utility" if self.scalarizer else f"value per {self.unit}"
        if not rest:
            value = number(self.estimate(first).mean, decimals([self.estimate(first)]))
            return f"{first} has a utility of {value}" if self.scalarizer else f"{first} earns {value} per {self.unit}"
        gap = self.difference(first, rest[0])
        if gap is None or gap.excludes_zero is None:
            return f"{first} has the highest {unit}, with a single seed"
        if not gap.excludes_zero:
            return f"No significant winner: {listed(self.leaders)} lead"
        if len(self.leaders) > 1:  # an agent further behind may have a larger variance, and not differ significantly
            return f"No significant winner: {first} leads, but does not differ significantly from {listed(self.leaders[1:])}"
        places = decimals([gap])
        return f"{first} is best: {number(gap.mean, places, True)} {unit} over {rest[0]} ({interval(gap, places)})"

    def summary_sentences(self) -> list[str]:
        """Sentences below the headline: value, share of the best possible value, end of the run, and notes."""
        notes = list(self.results.get("notes") or [])
        if not self.ranked:
            return notes
        first, *rest = self.ranked
        places = decimals([self.estimate(name) for name in self.ranked])
        best = self.estimate(first)
        within = f" ({interval(best, places)})" if best.interval else ""
        if self.scalarizer:
            said = f"Over {self.span}, including the learning phase, {first} has a utility of {number(best.mean, places)}{within}"
            return [f"{said}; the best achievable is {number(self.oracle.mean, places)}.", *notes]
        earned = f"{number(best.mean, places)} per {self.unit}{within}"
        sentences = [f"Over the whole run, including the learning phase, {first} earns {earned}."]
        gap = self.difference(first, rest[0]) if rest else None
        if gap and gap.excludes_zero is False:
            near = decimals([gap])
            sentences.append(
                f"That is {number(gap.mean, near)} more than {rest[0]}, which is not significant: "
                f"the {interval(gap, near)} contains 0."
            )
        sentences += self._beside_the_best(first, places)
        behind = [name for name in rest if name not in self.leaders]
        if len(self.leaders) > 1 and behind:
            apart = [self.difference(leader, name) for leader in self.leaders for name in behind]
            if all(found and found.excludes_zero for found in apart):
                sentences.append(f"The leaders each earn significantly more than {listed(behind)}.")
        sentences += self._seeds_to_tell(first) + self._cost(first)
        strongest_last = max(self.ranked, key=lambda name: self.estimate(name, "final_value").mean or 0.0)
        gain = self._final_difference(strongest_last, first)
        if gain and gain.low is not None and gain.low > 0:
            places = decimals([gain])
            sentences.append(
                f"In the last 10 % of the run {strongest_last} earns {number(gain.mean, places)} per slate more than {first} "
                f"({interval(gain, places)}): it ends better, but lost more while learning."
            )
        if not rest:
            sentences.append("There is no other agent to compare with; add one with --agent.")
        return [*sentences, *notes]

    def _cost(self, agent: str) -> list[str]:
        """A sentence on the time of a decision."""
        speed, *times = (self.estimate(agent, metric).mean for metric in SPEEDS)
        shoppers = self.config.get("shoppers")
        if speed is None or None in times or not shoppers:
            return []
        half, slowest = (milliseconds(each) for each in times)
        return [
            f"A decision for {shoppers:,} shoppers takes {half} (median; the slowest 1 % take {slowest} or more). Agent and "
            f"environment together process {speed:,.0f} slates/s in one process."
        ]

    def _seeds_to_tell(self, first: str) -> list[str]:
        """Sentences on the number of seeds that detect a difference of 1 %, and on what pairing saves."""
        value = self.estimate(first).mean
        pair = next((pair for pair in self.results.get("pairs") or [] if first in (pair["a"], pair["b"])), None)
        if not pair or not value or not pair.get("spread"):
            return []
        other = pair["b"] if pair["a"] == first else pair["a"]
        paired, unpaired = (seeds_to_tell(abs(value) / 100, pair[spread]) for spread in ("spread", "unpaired"))
        if paired is None:
            return []
        said = f"{paired:,} seeds would detect a difference of 1 % between {first} and {other} with a power of 80 %"
        if unpaired and unpaired > paired:
            said += f"; with different shoppers for each agent, {unpaired:,} would be needed"
        count = self.seeds or 0
        if count < 2:
            return [f"{said}."]
        pairs = len(self.results["pairs"])
        least = told_difference(pair["spread"], count, 1 - 0.05 / pairs) / abs(value)
        compared = f"{pairs} pair{'s are' if pairs > 1 else ' is'} compared"
        return [f"{said}. The {count} seeds of this benchmark detect a difference of {percent(least)}, as {compared}."]

    def _beside_the_best(self, agent: str, places: int) -> list[str]:
        """A sentence on an agent's value as a share of the oracle's, and of that of the best slates given the observation."""
        share, of_context = self.estimate(agent, "share_of_oracle"), self.estimate(agent, "share_of_context")
        short = self.estimate(agent, "regret_per_slate")
        if share.mean is not None:
            said = f"Per slate, {agent} reaches {percent(share.mean)} of the oracle's value, which knows every shopper's taste"
        elif short.mean is not None:
            said = f"{agent} earns {number(short.mean, decimals([short]))} per slate less than the oracle, which knows every "
            said += f"shopper's taste and earns {number(self.oracle.mean, places)}"
        else:
            return []
        if of_context.mean is not None:
            said += f", and {percent(of_context.mean)} of the value of the best slates given the observation"
        of_best = self.estimate(agent, "share_of_best_known")
        if of_best.mean is not None:
            said += f". Per episode, it reaches {percent(of_best.mean)} of the value of the best known policy"
        return [f"{said}."]
