"""The answer to a visit, computed only with the methods of a user model, without delays and without leaving."""

from __future__ import annotations

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.draws import Draws
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, first_shown
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.user_models.behaviours import answer_behaviours


def answer_slates(model: UserModel, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Feedback:
    """Return clicks, conversions, revenue and behaviours; conversions are known at once, and nobody leaves.

    Args:
        model: the user model.
        shoppers: n shoppers; they do not change.
        catalog: the items.
        slate: (n, k) items.
        draws: the random numbers of the visit.
    """
    n = len(shoppers)
    clicks = model.clicks(shoppers, catalog, slate, draws) & first_shown(slate)
    converted = clicks & (draws.uniform(Stream.CONVERSION, slate) < model.conversion(shoppers, catalog, slate))
    revenue = np.where(converted, model.spend(shoppers, catalog, slate, draws), 0).astype(np.float32)
    counts = np.stack([clicks.sum(axis=1), converted.sum(axis=1)], axis=1, dtype=np.float32)
    behaviours = answer_behaviours(model, shoppers, catalog, slate, draws, clicks, converted)
    nobody, unseen = np.zeros(n, np.bool_), np.zeros((n, 0), np.float32)
    return Feedback(clicks, converted, revenue, counts, nobody, nobody, DelayedConversions.none(), unseen, behaviours)
