"""Retention: when shoppers leave, by policy and by trait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from slategym.bench.rollouts import Episodes
from slategym.bench.statistics import Estimate

LEVELS = 12  # the largest number of distinct values of a trait for which each value is a group
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


def leaving(episodes: Mapping[str, Episodes], of: str) -> dict[str, Any] | None:
    """Measure the length of episodes.

    Args:
        episodes: the episodes by policy.
        of: the policy whose episodes are split by the shoppers' traits.

    Returns:
        None in a world of single visits, else:

        - `policies`: by name, `visits`, an estimate of the visits per shopper; `survival`, the share of shoppers who make each
          visit; `left` and `ended`, the shares of shoppers who left for good and who came to the last visit.
        - `of`: the policy of `traits`.
        - `traits`: by name, the mean visits of each group of a trait (its values or quarters); the traits with the largest
          differences between groups come first.
    """
    if next(iter(episodes.values())).here.shape[1] < 2:
        return None
    policies = {
        name: {
            "visits": Estimate.from_samples(episode.visits),
            "survival": episode.survival().tolist(),
            "left": float(episode.left.mean()),
            "ended": float(1 - episode.left.mean()),
        }
        for name, episode in episodes.items()
    }
    return {"policies": policies, "of": of, "traits": _by_trait(episodes[of])}


def _by_trait(episodes: Episodes) -> dict[str, Any]:
    """Mean visits for the groups of each scalar trait that has more than one group."""
    by_trait: list[tuple[float, str, dict[str, Any]]] = []
    visits = episodes.visits.astype(np.float64)
    for name, trait in episodes.traits.items():
        if trait.ndim != 1 or trait.dtype.kind not in "biuf":
            continue
        values = np.unique(trait)
        if trait.dtype.kind == "f" and len(values) >= 4 * LEVELS:
            cuts = np.quantile(trait, [0.25, 0.5, 0.75])
            labels, group = list(QUARTERS), np.searchsorted(cuts, trait, side="right")
        elif 2 <= len(values) <= LEVELS:
            labels, group = [f"{value:g}" for value in values.tolist()], np.searchsorted(values, trait)
        else:
            continue
        members = [visits[group == place] for place in range(len(labels))]
        groups = {
            label: {"share": len(member) / len(visits), "visits": Estimate.from_samples(member)}
            for label, member in zip(labels, members, strict=True)
        }
        between = sum(len(member) * (member.mean() - visits.mean()) ** 2 for member in members if len(member)) / len(visits)
        by_trait.append((between, name, groups))
    return {name: groups for _, name, groups in sorted(by_trait, key=lambda trait: -trait[0])}
