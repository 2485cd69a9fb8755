"""A world in which only what a shopper clicked before tells what the shopper will click."""

from dataclasses import dataclass

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World

GROUPS, ITEMS = 4, 24


@dataclass(frozen=True)
class Groups(UserModel):
    """Shoppers of four groups, of which nothing is observed; each clicks the items of its own group, and others hardly ever."""

    click_model = PositionBased((1.0, 0.7))
    context_size = 1

    def sample(self, draws, catalog):
        return {"kind": (draws.uniform(Stream.CUSTOM) * GROUPS).astype(np.int64)}, {}

    def context(self, shoppers):
        return np.zeros((len(shoppers), 1))

    def attraction(self, shoppers, catalog, slate):
        own = catalog.category[None] == shoppers.kind[:, None]
        rows = np.where(own, 0.5, 0.03)
        return rows if slate is None else np.take_along_axis(rows, slate, axis=1)

    def conversion(self, shoppers, catalog, slate):
        return np.full((len(shoppers), ITEMS if slate is None else slate.shape[1]), 0.2)


def groups_world():
    category = np.arange(ITEMS) % GROUPS
    catalog = Catalog(
        features=np.eye(GROUPS)[category],
        taste=np.zeros((ITEMS, 1)),
        category=category,
        price=np.ones(ITEMS),
        margin=np.full(ITEMS, 0.5),
        quality=np.zeros(ITEMS),
        appeal=np.zeros(ITEMS),
    )
    return World("Groups-v0", catalog, Groups(), slate_size=2, visits=12)
