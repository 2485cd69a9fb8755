"""Base rates of a world: what random slates earn, as a whole and rank by rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from slategym.bench.estimates import figure
from slategym.bench.policies import random_policy
from slategym.bench.rollouts import Stays
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World


def base_rates(world: World, stays: Stays) -> dict[str, Any]:
    """Of stays under a policy: a figure for clicks per impression, purchases per click and revenue per slate."""
    clicks, purchases = stays.expected.sum(axis=1).T
    return {
        "clicks_per_impression": figure(clicks, stays.visits * world.slate_size),
        "purchases_per_click": figure(purchases, clicks),
        "revenue_per_slate": figure(stays.revenue.sum(axis=1), stays.visits),
    }


def by_rank(world: World, shoppers: Sequence[Shoppers], seed: int) -> dict[str, Any]:
    """Of random slates, a figure a rank: `click`, the probability of a click, and `purchase`, of a purchase given a click."""
    policy = random_policy(world, seed)
    batches = [world.probabilities(batch, policy(batch)) for batch in shoppers]
    click, purchase = (np.concatenate(part).T for part in zip(*batches, strict=True))
    return {
        "click": [figure(clicked) for clicked in click],
        "purchase": [figure(bought, clicked) for bought, clicked in zip(purchase, click, strict=True)],
    }
