"""Agents compared in pairs, as results hold them: by what they are ranked by, and by the cold start of launched items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from slategym.bench.claims import Pair, pairs

Columns = Mapping[str, Mapping[str, Sequence[float]]]
COLD_START = "cold_start_regret"


def paired(names: Sequence[str], columns: Columns, seeds: Mapping[str, Sequence[int]], metric: str) -> list[dict[str, Any]]:
    """All pairs of agents, from the highest to the lowest, as results hold them.

    Args:
        names: of the agents.
        columns: by agent and metric, the value of each of its seeds.
        seeds: by agent, its seeds.
        metric: by which they are compared.
    """
    ranked = sorted(names, key=lambda name: -float(np.mean(columns[name][metric])))
    return [_pair(each) for each in pairs({name: dict(zip(seeds[name], columns[name][metric], strict=True)) for name in ranked})]


def cold_start_pairs(
    groups: Iterable[Sequence[str]], columns: Columns, seeds: Mapping[str, Sequence[int]]
) -> list[dict[str, Any]]:
    """All pairs of each group of agents by the regret over the first impressions of launched items, the higher one first.

    Args:
        groups: of names of agents that are compared with each other.
        columns: as for `paired`.
        seeds: as for `paired`.
    """
    known = [[name for name in group if COLD_START in columns[name]] for group in groups]
    return [pair for group in known for pair in paired(group, columns, seeds, COLD_START)]


def cold_start_note(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence on the agents that differ significantly in it, if any do.

    Args:
        found: by `cold_start_pairs`.
    """
    less: dict[str, list[str]] = {}
    for pair in found:
        if pair["differ"]:
            less.setdefault(pair["b"], []).append(pair["a"])
    if not less:
        return []
    said = "; ".join(f"{name} less than {', '.join(others)}" for name, others in reversed(less.items()))
    return [
        f"Cold start, the regret over a launched item's first hundred impressions (differences hold with 95 %, Holm): {said}."
    ]


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
