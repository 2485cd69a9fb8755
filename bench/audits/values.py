"""Base rates of a world, and the values of the reference policies: random, popular, context, oracle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import ndtri

from slategym.bench.rollouts import Episodes, random_policy
from slategym.bench.statistics import LEVEL, Estimate, meaningful
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World

REFERENCE_POLICIES = RANDOM, POPULAR, CONTEXT, ORACLE = ("random", "popular", "context", "oracle")
POWER = 0.8  # probability to detect a true difference


def policy_values(episodes: Mapping[str, Episodes], weights: Sequence[float]) -> dict[str, Any]:
    """The value of each policy under the weights.

    Args:
        episodes: the episodes by policy, for the same shoppers.
        weights: (M,), the weights of the objectives.

    Returns:
        By policy: estimates `per_slate`, `per_episode`, `clicks_per_slate`, `conversions_per_slate` and `revenue_per_slate`, and
        `share_of_oracle`, the value per slate as a share of the oracle's; None for all if that is not clearly above 0.
    """
    oracle = episodes[ORACLE]
    best = oracle.expected.sum(axis=(0, 1)) / oracle.visits.sum()
    unit = float(best @ np.asarray(weights, np.float64)) if meaningful(best, weights) else None
    values: dict[str, Any] = {}
    for name, episode in episodes.items():
        value = Estimate.from_ratio(episode.total(weights), episode.visits)
        clicks, conversions = episode.expected.sum(axis=1).T[:2]
        values[name] = {
            "per_slate": value,
            "per_episode": Estimate.from_samples(episode.total(weights)),
            "clicks_per_slate": Estimate.from_ratio(clicks, episode.visits),
            "conversions_per_slate": Estimate.from_ratio(conversions, episode.visits),
            "revenue_per_slate": Estimate.from_ratio(episode.revenue.sum(axis=1), episode.visits),
            "share_of_oracle": value.divided_by(unit).mean,
        }
    oracle_share = values[ORACLE]["share_of_oracle"]
    values[ORACLE]["share_of_oracle"] = None if oracle_share is None else 1.0
    return values


def gaps(episodes: Mapping[str, Episodes], weights: Sequence[float]) -> dict[str, dict[str, Estimate]]:
    """The paired differences in value per slate between policies, in the order of `REFERENCE_POLICIES`.

    Args:
        episodes: the episodes by policy, for the same shoppers.
        weights: (M,), the weights of the objectives.

    Returns:
        `gaps[above][below]`, the value of policy `above` minus the value of policy `below`.
    """
    present = [name for name in REFERENCE_POLICIES if name in episodes]
    differences: dict[str, dict[str, Estimate]] = {name: {} for name in present}
    for below, above in combinations(present, 2):
        upper, lower = episodes[above], episodes[below]
        differences[above][below] = Estimate.paired_difference(
            upper.total(weights), upper.visits, lower.total(weights), lower.visits
        )
    return differences


def slates_to_tell(episodes: Mapping[str, Episodes], weights: Sequence[float]) -> int | None:
    """The number of slates for each of two agents that distinguishes the best possible agent from random slates.

    With this number, the 95 % interval of the difference excludes 0 with a probability of 80 %, if each agent has different
    shoppers (sample size formula for normal means); with the same shoppers, fewer slates may be enough.

    Args:
        episodes: the episodes by policy; the best policy is "context" if it is given, else the oracle.
        weights: (M,), the weights of the objectives.

    Returns:
        The number, or None if the best policy earns no more than random slates.
    """
    above, below = episodes.get(CONTEXT, episodes[ORACLE]), episodes[RANDOM]
    weight_vector = np.asarray(weights, np.float64)
    gap = above.total(weights).sum() / above.visits.sum() - below.total(weights).sum() / below.visits.sum()
    if gap <= 0:
        return None
    noise = sum(
        float(weight_vector @ episode.chance @ weight_vector + (episode.expected @ weight_vector)[episode.here].var())
        for episode in (above, below)
    )
    quantiles = float(ndtri((1 + LEVEL) / 2) + ndtri(POWER))
    return max(math.ceil(quantiles**2 * noise / float(gap) ** 2), 1)


def base_rates(world: World, episodes: Episodes) -> dict[str, Any]:
    """Estimates of clicks per impression, conversions per click and revenue per slate, under one policy."""
    clicks, conversions = episodes.expected.sum(axis=1).T
    return {
        "clicks_per_impression": Estimate.from_ratio(clicks, episodes.visits * world.slate_size),
        "conversions_per_click": Estimate.from_ratio(conversions, clicks),
        "revenue_per_slate": Estimate.from_ratio(episodes.revenue.sum(axis=1), episodes.visits),
    }


def by_rank(world: World, shoppers: Sequence[Shoppers], seed: int) -> dict[str, Any]:
    """Estimates for each rank of random slates: the probability of a `click`, and of a `conversion` given a click."""
    policy = random_policy(world, seed)
    batches = [world.probabilities(batch, policy(batch)) for batch in shoppers]
    click, conversion = (np.concatenate(part).T for part in zip(*batches, strict=True))
    return {
        "click": [Estimate.from_samples(clicked) for clicked in click],
        "conversion": [Estimate.from_ratio(converted, clicked) for converted, clicked in zip(conversion, click, strict=True)],
    }
