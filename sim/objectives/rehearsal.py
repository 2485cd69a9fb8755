"""A visit rehearsed: what might come of it, while nothing advances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slategym.sim.draws import Draws, Stream
from slategym.sim.feedback import Feedback, Late
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items, first_shown
from slategym.sim.user_model import Floats

if TYPE_CHECKING:
    from slategym.sim.world import World

OTHER_SEEDS = 2**63  # the replicates' own, far from those that people give


def rehearse(world: World, shoppers: Shoppers, items: Items, replicate: int) -> tuple[Feedback, Floats]:
    """One possible answer to slates of items (n, k), a pure function of (shopper, visit, slate, replicate).

    Late purchases are known at once. Who leaves is decided by the draws too.

    Returns:
        The answer, without objectives and observation, and (n,) the probability that the shopper then leaves.
    """
    model, catalog = world.user_model, world.catalog
    items = check_items(items, catalog.size, "items", (len(shoppers), None))
    after = shoppers.take(np.arange(len(shoppers)))
    draws = Draws(OTHER_SEEDS + replicate, after.identity, after.visit)
    clicks = model.clicks(after, catalog, items, draws) & first_shown(items)
    bought = clicks & (draws.uniform(Stream.CONVERSION, items) < model.conversion(after, catalog, items))
    revenue = np.where(bought, model.spend(after, catalog, items, draws), 0).astype(np.float32)
    n = len(items)
    nothing, nobody = np.zeros((n, 0), np.float32), np.zeros(n, np.bool_)
    answer = Feedback(clicks, bought, revenue, nothing, nobody, nobody, Late.none(), nothing)
    model.evolve(after, catalog, items, answer, draws)
    leaving = np.ones(n) if world.visits == 1 else np.asarray(model.leaving(after, answer), np.float64)
    left = draws.uniform(Stream.LEAVING) < leaving
    ended = (after.visit + 1 >= world.visits) & ~left
    return Feedback(clicks, bought, revenue, nothing, left, ended, Late.none(), nothing), leaving
