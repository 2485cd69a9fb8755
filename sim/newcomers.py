"""Shoppers at their first visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slategym.sim.draws import Draws
from slategym.sim.shoppers import Array, Shoppers
from slategym.sim.user_models.browsing import browse_days
from slategym.sim.user_models.visit import Sample
from slategym.utils.batching import blocks

if TYPE_CHECKING:
    from slategym.sim.world import World


def newcomers(world: World, seed: int, identity: NDArray[np.int64], *, compiled: bool = True) -> Shoppers:
    """Make new shoppers at their first visit, with their initial history; a function of (seed, identity) alone.

    Args:
        world: the world of the shoppers.
        seed: the seed of the simulation.
        identity: (n,) int64, their identities.
        compiled: False: use NumPy only.
    """
    made = world.kernel.sample(seed, identity) if compiled else None
    if made and not world.history_days:
        return _with_history(world, seed, identity, made)
    first, *rest = blocks(len(identity))
    shoppers = _sampled(world, seed, identity[first])
    if rest:
        some, shoppers = shoppers, shoppers.room_for(len(identity))
        shoppers.put(first, some)
    for rows in rest:
        shoppers.put(rows, _sampled(world, seed, identity[rows]))
    return shoppers


def _sampled(world: World, seed: int, identity: NDArray[np.int64]) -> Shoppers:
    draws = Draws(seed, identity, np.zeros(len(identity), np.int64))
    return _with_history(world, seed, identity, world.user_model.sample(draws, world.catalog))


def _with_history(world: World, seed: int, identity: NDArray[np.int64], sample: Sample) -> Shoppers:
    model, catalog, n = world.user_model, world.catalog, len(identity)
    traits, state = sample
    history: dict[str, Array] = {
        "exposure": np.zeros((n, catalog.categories), np.float32),
        "engagement": np.zeros((n, 2), np.float32),
        "pending_conversions": np.zeros((n, model.longest_delay), np.int16),
    }
    if model.longest_absence:
        history["day"] = np.zeros(n, np.int32)
    shoppers = Shoppers(identity, np.zeros(n, np.int64), traits, {**state, **history}, seed=seed)
    if world.history_days:
        browse_days(model, catalog, shoppers, world.slate_size, world.history_days, world.available)
    if model.browses:
        model.browse(shoppers, catalog, Draws(seed, identity, shoppers.visit))
    return shoppers
