"""Worlds whose front is known: small enough for brute force, or in closed form; and a reach made of given points."""

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from slategym.bench.fronts.achievable import AchievableSet
from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.objectives import make_objectives
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.world import World


def catalog(items):
    return Catalog(
        features=np.eye(items),
        taste=np.zeros((items, 1)),
        category=np.arange(items) % 2,
        price=1.0 + np.arange(items),
        margin=np.linspace(0.5, 0.1, items),
        quality=np.zeros(items),
        appeal=np.zeros(items),
    )


@dataclass(frozen=True)
class Arms(UserModel):
    """Items whose clicks and conversions are given, the same for everybody."""

    click: tuple[float, ...]
    converted: tuple[float, ...]
    click_model = PositionBased((1.0,))

    def attraction(self, shoppers, catalog, slate):
        rows = np.array(self.click)
        return np.broadcast_to(rows, (len(shoppers), len(rows))) if slate is None else rows[slate]

    def conversion(self, shoppers, catalog, slate):
        rows = np.array(self.converted) / np.array(self.click)
        return np.broadcast_to(rows, (len(shoppers), len(rows))) if slate is None else rows[slate]


def arms(click=(0.10, 0.04), converted=(0.010, 0.030)):
    """One item is shown. By default the two arms of the closed form."""
    return World("arms", catalog(len(click)), Arms(click, converted), 1, 1)


@dataclass(frozen=True)
class Drawn(UserModel):
    """Every shopper has a click and a conversion probability of its own for every item, drawn from its identity."""

    items: int
    click_model = PositionBased((1.0, 0.6))

    def sample(self, draws, catalog):
        items = np.broadcast_to(np.arange(self.items), (len(draws.identity), self.items))
        return {"click": draws.uniform(Stream.CUSTOM, items), "converted": draws.uniform(Stream.CUSTOM + 1, items)}, {}

    def attraction(self, shoppers, catalog, slate):
        return shoppers.click if slate is None else np.take_along_axis(shoppers.click, slate, axis=1)

    def conversion(self, shoppers, catalog, slate):
        return shoppers.converted if slate is None else np.take_along_axis(shoppers.converted, slate, axis=1)


def drawn(items=4, objectives=("click", "conversion")):
    """A world of few items and slates of two, whose slates can all be tried."""
    return World("drawn", catalog(items), Drawn(items), 2, 1, objectives=make_objectives(objectives))


def every_value(world, shoppers, repeats=True):
    """(slates ** n, M) the mean values of all that can be shown to few shoppers, a slate each; also slates with `repeats`."""
    items, k = range(world.catalog.size), world.slate_size
    slates = np.array(list(product(items, repeat=k) if repeats else permutations(items, k)))
    each = [world.expected(shoppers, np.broadcast_to(slate, (len(shoppers), len(slate)))) for slate in slates]
    sums = np.zeros((1, len(world.objective_names)))
    for row in range(len(shoppers)):
        sums = (sums[:, None] + np.array([value[row] for value in each])[None]).reshape(-1, sums.shape[1])
    return sums / len(shoppers)


class Points(AchievableSet):
    """Mixtures of given points (p, M)."""

    def __init__(self, points):
        self.points = np.asarray(points, np.float64)
        self.objective_names = tuple(f"objective {number}" for number in range(self.points.shape[1]))
        self.oracle, self.calls = "exact", 0

    def best(self, weights):
        self.calls += 1
        values = self.points @ np.asarray(weights, np.float64)
        row = int(values.argmax())
        return self.points[row].copy(), float(values[row])
