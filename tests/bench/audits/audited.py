"""Small worlds whose audit is known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World


@dataclass(frozen=True)
class Kinds(UserModel):
    """Shoppers of several kinds, in equal shares; their clicks and conversions depend on kind and item alone, until they change.

    Attributes:
        click: (kinds, m) attraction.
        convert: (kinds, m) conversions per click.
        seen: how often the kind that the context shows is the right one; 0 shows nothing.
        wear: attraction falls by exp(-wear) with each recent impression of the category.
        fond: the same upwards, with each impression ever.
        season: attraction rises by this share at every visit, whatever is shown.
        leave: (kinds,) the chance to leave after each visit.
        offended: the chance to leave of who was shown item 0, if it is higher.
    """

    click: tuple[tuple[float, ...], ...]
    convert: tuple[tuple[float, ...], ...]
    seen: float = 1.0
    wear: float = 0.0
    fond: float = 0.0
    season: float = 0.0
    leave: tuple[float, ...] = (0.0,)
    offended: float = 0.0
    click_model: PositionBased = PositionBased(np.ones(8))  # noqa: RUF009 (frozen)

    def sample(self, draws, catalog):
        kinds = len(self.click)
        kind = (draws.uniform(128) * kinds).astype(np.int8)
        wrong = (kind + 1 + (draws.uniform(129) * (kinds - 1)).astype(np.int8)) % kinds
        shown = np.where(draws.uniform(130) < self.seen, kind, wrong).astype(np.int8)
        counts = np.zeros((len(kind), catalog.categories), np.float32)
        return {"kind": kind, "shown": shown}, {"ever": counts, "offence": np.zeros(len(kind), np.float32)}

    def context(self, shoppers):
        if self.seen == 0:
            return np.zeros((len(shoppers), 0), np.float32)
        return np.eye(len(self.click), dtype=np.float32)[shoppers.shown]

    def attraction(self, shoppers, catalog, slate):
        items = np.arange(catalog.size)[None, :] if slate is None else slate
        category = np.broadcast_to(catalog.category[items], (len(shoppers), items.shape[1]))
        recent, ever = (np.take_along_axis(shoppers.state[name], category, axis=1) for name in ("exposure", "ever"))
        change = np.exp(self.fond * ever - self.wear * recent) * (1 + self.season * shoppers.visit[:, None])
        return np.array(self.click)[shoppers.kind[:, None], items] * change

    def conversion(self, shoppers, catalog, slate):
        items = np.arange(catalog.size)[None, :] if slate is None else slate
        return np.array(self.convert)[shoppers.kind[:, None], items]

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        rows = np.broadcast_to(np.arange(len(slate))[:, None], slate.shape)
        np.add.at(shoppers.state["ever"], (rows, catalog.category[slate]), np.float32(1))
        shoppers.state["offence"][:] = (slate == 0).any(axis=1) * self.offended

    def leaving(self, shoppers, feedback):
        chance = np.resize(self.leave, len(self.click))[shoppers.kind]
        return np.maximum(chance, shoppers.offence)


def catalog(items: int, categories: int) -> Catalog:
    """Items in turn of `categories` categories; each costs 10."""
    nothing = np.zeros(items)
    return Catalog(
        features=np.arange(items)[:, None],
        taste=np.zeros((items, 1)),
        category=np.arange(items) % categories,
        price=np.full(items, 10.0),
        margin=np.full(items, 0.5),
        quality=nothing,
        appeal=nothing,
    )


def kinds_world(click, convert, slate_size=1, visits=4, categories=None, **model) -> World:
    """A world of `Kinds`; one row of `click` or `convert` serves all kinds."""
    rows = max(len(click), len(convert))
    click, convert = (
        tuple(map(tuple, np.broadcast_to(np.atleast_2d(each), (rows, len(click[0]))).tolist())) for each in (click, convert)
    )
    items = len(click[0])
    return World("Kinds-v0", catalog(items, categories or items), Kinds(click, convert, **model), slate_size, visits)


# Two kinds that want different items; what is clicked is not what is converted.
CLICK = ((0.60, 0.40, 0.10, 0.05, 0.30, 0.20), (0.05, 0.10, 0.40, 0.60, 0.20, 0.30))
CONVERT = ((0.02, 0.05, 0.30, 0.05, 0.20, 0.05), (0.05, 0.30, 0.05, 0.02, 0.05, 0.15))


def healthy(**model) -> World:
    """A world with nothing wrong: the context tells the kind four times of five."""
    return kinds_world(CLICK, CONVERT, slate_size=2, **{"seen": 0.8, "wear": 0.1, "leave": (0.1, 0.2), **model})
