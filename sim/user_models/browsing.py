"""Days of browsing before a shopper's first visit."""

from __future__ import annotations

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.streams import Stream
from slategym.sim.user_models.answer import answer_slates
from slategym.sim.user_models.base import UserModel
from slategym.sim.user_models.history import remember

MOST_DAYS = 10_000


def browse_days(
    model: UserModel, catalog: Catalog, shoppers: Shoppers, slate_size: int, days: int, available: Items | None = None
) -> None:
    """Simulate days of browsing of new shoppers, in place: each day a slate of random items, their answer and its effects.

    Conversions are known at once, and nobody leaves. Day d before the first visit uses the random numbers of visit 2**24 - d,
    which no shopper reaches.

    Args:
        model: the user model.
        catalog: the items.
        shoppers: n shoppers, before their first visit.
        slate_size: k.
        days: the number of days.
        available: (a,) the items that can be shown; None if all can.
    """
    count = catalog.size if available is None else len(available)
    n = len(shoppers)
    ranks = np.broadcast_to(np.arange(slate_size), (n, slate_size))
    at_once = np.zeros((n, slate_size), np.int64)
    for day in range(days, 0, -1):
        draws = Draws(shoppers.seed, shoppers.identity, np.full(n, 2**24 - day))
        slate = (draws.uniform(Stream.BROWSE, ranks) * count).astype(np.int64)
        slate = slate if available is None else available[slate]
        answer = answer_slates(model, shoppers, catalog, slate, draws)
        remember(shoppers, catalog, slate, answer.clicks, answer.conversions, at_once)
        model.evolve(shoppers, catalog, slate, answer, draws)
