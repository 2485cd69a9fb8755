"""The slates that an audit shows: random, the best fixed ones, and the oracle's; and what items are worth to shoppers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.exploration import draw_slates
from slategym.bench.rollouts import Policy, generator
from slategym.sim.draws import Draws, Stream
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.top_k import best_worth
from slategym.sim.world import World

Gains = NDArray[np.float32]
EVERY = 0x5EED  # the luck behind a black box's answers about every item
SMALLEST = np.float32(1e-12)  # an attraction of 0 earns nothing, whatever a click would be worth


def random_policy(world: World, seed: int) -> Policy:
    """Every slate with the same probability."""
    random = generator(seed, "random slates")
    return lambda shoppers: draw_slates(random, len(shoppers), world.slate_size, world.catalog.size)


def fixed_policy(slate: Items) -> Policy:
    """One slate (k,) for everybody."""
    return lambda shoppers: np.tile(slate, (len(shoppers), 1))


def oracle_policy(world: World, weights: Sequence[float]) -> Policy:
    """The best slate for this visit, by all that there is to know of the shopper."""
    return lambda shoppers: world.best_slate(shoppers, weights)


def popular_policy(world: World, average: Gains, weights: Sequence[float]) -> Policy:
    """The best slate for the average shopper, whose gains (2, 1, m) `average_gains` has."""
    return fixed_policy(best_for(world, average, weights)[0])


def item_gains(world: World, shoppers: Shoppers) -> Gains:
    """(2, n, m) of every item: the attraction, and the attraction times the probability to buy once clicked.

    Of a black box it is one simulated answer about each item, shown among random others: right on average over shoppers.
    """
    model, catalog = world.user_model, world.catalog
    gains = np.empty((2, len(shoppers), catalog.size), np.float32)
    gains[0] = _answers(world, shoppers) if world.estimated else model.attraction(shoppers, catalog, None)
    np.multiply(gains[0], model.conversion(shoppers, catalog, None), out=gains[1], casting="same_kind")
    return gains


def best_for(world: World, gains: Gains, weights: Sequence[float]) -> Items:
    """(n, k) the best slates for shoppers of given `gains`, as `item_gains` has them.

    Where the gains are expectations over what is not known of a shopper, this is the best slate under position bias, whose value
    is linear in them; under other choices it is the best for a shopper who has just these gains.
    """
    click, conversion = (np.float32(weight) for weight in weights)
    if world.estimated:
        return best_worth(click * gains[0] + conversion * gains[1], world.slate_size)
    worth = click + conversion * (gains[1] / np.maximum(gains[0], SMALLEST))
    return world.user_model.choice.best_slate(gains[0], worth, world.slate_size)


def average_gains(world: World, shoppers: Sequence[Shoppers]) -> Gains:
    """(2, 1, m) `item_gains` of the average of the shoppers, given in batches."""
    total = sum(item_gains(world, batch).sum(axis=1, dtype=np.float64) for batch in shoppers)
    return np.asarray(total / sum(map(len, shoppers)), np.float32)[:, None]


def _answers(world: World, shoppers: Shoppers) -> NDArray[np.bool_]:
    """(n, m) whether a shopper clicks each item, shown among random others."""
    model, items, size = world.user_model, world.catalog.size, world.slate_size
    draws = Draws(EVERY, shoppers.identity, shoppers.visit)
    order = np.argsort(draws.uniform(Stream.CUSTOM, np.tile(np.arange(items), (len(shoppers), 1))), axis=1)
    clicked = np.zeros((len(shoppers), items), np.bool_)
    for start in range(0, items, size):
        slate = order[:, min(start, items - size) :][:, :size]
        np.put_along_axis(clicked, slate, model.clicks(shoppers, world.catalog, slate, draws), axis=1)
    return clicked
