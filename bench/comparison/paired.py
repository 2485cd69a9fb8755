"""Paired comparisons of agents for the results: by the ranking metric, and by the cold start of launched items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from slategym.bench.claims import Pair, pairs

Columns = Mapping[str, Mapping[str, Sequence[float]]]
COLD_START = "cold_start_regret"


def paired(names: Sequence[str], columns: Columns, seeds: Mapping[str, Sequence[int]], metric: str) -> list[dict[str, Any]]:
    """All pairs of agents, from the highest to the lowest, in the form of the results.

    Args:
        names: the names of the agents.
        columns: by agent and metric, the value of each of its seeds.
        seeds: the seeds of each agent.
        metric: the metric by which they are compared.
    """
    ranked = sorted(names, key=lambda name: -float(np.mean(columns[name][metric])))
    return [_pair(each) for each in pairs({name: dict(zip(seeds[name], columns[name][metric], strict=True)) for name in ranked})]


def cold_start_pairs(
    groups: Iterable[Sequence[str]], columns: Columns, seeds: Mapping[str, Sequence[int]]
) -> list[dict[str, Any]]:
    """All pairs within each group of agents, compared by the regret over the first impressions of launched items.

    The agent with the higher regret comes first.

    Args:
        groups: groups of names of agents that are compared with each other.
        columns: see `paired`.
        seeds: see `paired`.
    """
    known = [[name for name in group if COLD_START in columns[name]] for group in groups]
    return [pair for group in known for pair in paired(group, columns, seeds, COLD_START)]


def cold_start_note(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence about the agents with significantly different cold-start regret; empty if there are none.

    Args:
        found: the result of `cold_start_pairs`.
    """
    less: dict[str, list[str]] = {}
    for pair in found:
        if pair["differ"]:
            less.setdefault(pair["b"], []).append(pair["a"])
    if not less:
        return []
    said = "; ".join(f"{name} less than {', '.join(others)}" for name, others in reversed(less.items()))
    return [f"Cold start, the regret over a launched item's first hundred impressions (significant at 5 %, Holm): {said}."]


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "a": pair.a,
        "b": pair.b,
        "difference": pair.difference.mean,
        "low": pair.difference.low,
        "high": pair.difference.high,
        "p": pair.p,
        "adjusted": pair.adjusted,
        "differ": pair.apart,
        "spread": pair.spread,
        "unpaired": pair.unpaired,
        "probability_a_better": pair.probability,
    }
