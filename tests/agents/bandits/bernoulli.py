"""A world of Bernoulli arms: slates of items that shoppers click with a probability each, until those change."""

from dataclasses import dataclass

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.schedule import ItemChange
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World


@dataclass(frozen=True)
class Arms(UserModel):
    """An item's appeal is the probability of a click."""

    click_model: object = PositionBased((1.0,))
    context_size = 1

    def sample(self, draws, catalog):
        return {}, {}

    def context(self, shoppers):
        return np.zeros((len(shoppers), 1))

    def attraction(self, shoppers, catalog, slate):
        rates = np.broadcast_to(catalog.appeal, (len(shoppers), len(catalog.appeal)))
        return rates if slate is None else np.take_along_axis(rates, slate, axis=1)


def arms(rates, slate_size=1, examination=None, changed=None, at=None, click_model=None):
    """Items of given rates, which are others from a step on."""
    rates = np.asarray(rates, np.float32)
    items = len(rates)
    zeros = np.zeros(items)
    catalog = Catalog(np.eye(items), zeros[:, None], np.arange(items) % 3, zeros + 1, zeros + 0.5, zeros, rates)
    schedule = [] if changed is None else [ItemChange(at, appeal=np.asarray(changed, np.float32))]
    model = click_model or PositionBased(np.ones(slate_size) if examination is None else examination)
    return World("Arms-v0", catalog, Arms(model), slate_size=slate_size, visits=1, schedule=schedule)
