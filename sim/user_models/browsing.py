"""The days that shoppers have been browsing before their first visit."""

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
    """Move newcomers through days of browsing, in place: each day a slate of random items, their answer and its effects.

    Conversions are known at once, and nobody leaves. The day d before the first visit draws its random numbers as visit
    2**24 - d, which no visit reaches.

    Args:
        model: how they answer.
        catalog: the items.
        shoppers: n of them, before their first visit.
        slate_size: k.
        days: how many.
        available: (a,) the items that can be shown; None where all can.
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
