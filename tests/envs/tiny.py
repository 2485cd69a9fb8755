"""Small worlds whose answers are easy to say."""

from dataclasses import dataclass

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World


@dataclass(frozen=True)
class Given(UserModel):
    """Shoppers who click, convert and leave with given probabilities; two traits are their context."""

    click: tuple[float, ...]  # for each item
    convert: float
    leave: float
    click_model: PositionBased
    context_size: int = 2

    def sample(self, draws, catalog):
        return {"mood": draws.normal(128, 2).astype(np.float32)}, {}

    def context(self, shoppers):
        return shoppers.mood[:, : self.context_size]

    def attraction(self, shoppers, catalog, slate):
        click = np.array(self.click)[slate]
        return np.broadcast_to(click, (len(shoppers), click.shape[-1]))

    def conversion(self, shoppers, catalog, slate):
        return np.full((len(shoppers), catalog.size if slate is None else slate.shape[1]), self.convert)

    def leaving(self, shoppers, feedback):
        return np.full(len(shoppers), self.leave)


def tiny_world(items=6, slate_size=3, visits=4, features=2, click=0.5, convert=0.5, leave=0.2, context_size=2, candidates=None):
    """Items whose features are drawn; item i costs i + 1, and is clicked with probability `click`, one for all or one each."""
    number = np.arange(items)
    catalog = Catalog(
        features=np.random.Generator(np.random.Philox(1)).normal(size=(items, features)),
        taste=np.zeros((items, 1)),
        category=number % min(items, 3),
        price=number + 1.0,
        margin=np.full(items, 0.5),
        quality=np.zeros(items),
        appeal=np.zeros(items),
    )
    model = Given(tuple(np.broadcast_to(click, items)), convert, leave, PositionBased(np.ones(slate_size)), context_size)
    return World("Tiny-v0", catalog, model, slate_size, visits, candidates)
