"""What can be earned: by chance, by one slate for all, from the observation, and from the latent taste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slategym.bench.audit_figures import figure
from slategym.bench.audit_stays import Stays

RUNGS = RANDOM, POPULAR, CONTEXT, ORACLE = ("random", "popular", "context", "oracle")


def ladder(stays: Mapping[str, Stays], weights: Sequence[float]) -> dict[str, Any]:
    """What each policy earns under the weights, by name.

    Returns:
        `per_slate`, `per_stay`, `clicks_per_slate`, `conversions_per_slate` and `revenue_per_slate`, a figure each; and
        `share_of_oracle`, of the value per slate.
    """
    best = figure(stays[ORACLE].total(weights), stays[ORACLE].visits)["mean"]
    found: dict[str, Any] = {}
    for name, stay in stays.items():
        value = figure(stay.total(weights), stay.visits)
        clicks, conversions = stay.expected.sum(axis=1).T[:2]
        found[name] = {
            "per_slate": value,
            "per_stay": figure(stay.total(weights)),
            "clicks_per_slate": figure(clicks, stay.visits),
            "conversions_per_slate": figure(conversions, stay.visits),
            "revenue_per_slate": figure(stay.revenue.sum(axis=1), stay.visits),
            "share_of_oracle": value["mean"] / best if best and value["mean"] is not None else None,
        }
    return found
