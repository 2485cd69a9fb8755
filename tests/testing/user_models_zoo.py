"""User models and worlds that each break one promise, for the checks to find."""

import random
from dataclasses import dataclass

import numpy as np

from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.worlds.shop.model import ShopModel


@dataclass(frozen=True)
class Flat(ShopModel):
    """Attraction without its row for each shopper."""

    def attraction(self, shoppers, catalog, slate):
        return super().attraction(shoppers, catalog, slate).mean(axis=0)


@dataclass(frozen=True)
class Tensors(ShopModel):
    """Lists instead of arrays."""

    def leaving(self, shoppers, feedback):
        return super().leaving(shoppers, feedback).tolist()


@dataclass(frozen=True)
class Halves(ShopModel):
    """Half a visit of delay."""

    def delay(self, shoppers, catalog, slate, draws):
        return super().delay(shoppers, catalog, slate, draws) * 0.5


@dataclass(frozen=True)
class SlatesOnly(ShopModel):
    """Knows no slate=None."""

    def conversion(self, shoppers, catalog, slate):
        return np.full(slate.shape, 0.05)


@dataclass(frozen=True)
class Broken(ShopModel):
    """Reads a state that nobody has."""

    def context(self, shoppers):
        return shoppers.moood


@dataclass(frozen=True)
class WritesCatalog(ShopModel):
    """Scales the catalogue's own prices."""

    def spend(self, shoppers, catalog, slate, draws):
        price = catalog.price
        price *= 2
        return price[slate]


@dataclass(frozen=True)
class NoChoice(ShopModel):
    """The name of a click model is none."""

    click_model: str = "cascade"


@dataclass(frozen=True)
class OneDictionary(ShopModel):
    """State without traits."""

    def sample(self, draws, catalog):
        return {"taste": draws.normal(Stream.TRAIT, 8)}


@dataclass(frozen=True)
class TakenName(UserModel):
    """A trait with the name of a method."""

    def sample(self, draws, catalog):
        return {"take": draws.normal(Stream.TRAIT, 1).astype(np.float32)}, {}


@dataclass(frozen=True)
class Doubles(UserModel):
    """Traits of twice the size."""

    def sample(self, draws, catalog):
        return {"mood": draws.normal(Stream.TRAIT, 1)}, {}


@dataclass(frozen=True)
class Moody(UserModel):
    """A sound model with a state, for the next ones to break."""

    def sample(self, draws, catalog):
        return {"patience": draws.uniform(Stream.TRAIT).astype(np.float32)}, {"mood": np.zeros(len(draws.identity), np.float32)}

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        mood = shoppers.state["mood"]
        mood += np.float32(0.1) * (feedback.clicks.sum(axis=1) - mood)

    def leaving(self, shoppers, feedback):
        return 0.3 / (1 + np.exp(shoppers.mood))


class Rebinds(Moody):
    """Another array instead of the old one's new numbers."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["mood"] = shoppers.mood + feedback.clicks.sum(axis=1)


class AddsState(Moody):
    """A state that sample did not give."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["seen"] = feedback.clicks.sum(axis=1)


class ReturnsState(Moody):
    """The new state as a result."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        return shoppers.mood + feedback.clicks.sum(axis=1)


class MovesTraits(Moody):
    """Patience wears out, though it is a trait."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.traits["patience"][:] *= np.float32(0.9)


class Explodes(Moody):
    """A mood that grows without bound."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["mood"] *= np.float32(1e5)
        shoppers.state["mood"] += 1


class KeepsCount(UserModel):
    """Counts the clicks of all shoppers on itself."""

    def __init__(self):
        self.seen = 0

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        self.seen += feedback.clicks.sum()


class KeepsShoppers(UserModel):
    """Keeps the shoppers' mood on itself, and reads it there."""

    def sample(self, draws, catalog):
        self.mood = draws.uniform(Stream.TRAIT)
        return {}, {}

    def leaving(self, shoppers, feedback):
        return 0.1 * self.mood


class OwnRandom(UserModel):
    """Draws from a generator of its own."""

    def __init__(self):
        self.random = np.random.Generator(np.random.Philox(3))

    def leaving(self, shoppers, feedback):
        return 0.1 * self.random.random(len(shoppers))


@dataclass(frozen=True)
class NotANumber(ShopModel):
    """The logarithm of a number below 0."""

    def conversion(self, shoppers, catalog, slate):
        return 0.05 + 0 * np.log(shoppers.patience[:, None] + 2 * catalog.appeal[slate])


@dataclass(frozen=True)
class TooAttractive(ShopModel):
    """Probabilities up to two."""

    def attraction(self, shoppers, catalog, slate):
        return 2 * super().attraction(shoppers, catalog, slate) ** 0.1


@dataclass(frozen=True)
class Forgotten(UserModel):
    """Delayed conversions without a longest delay."""

    def delay(self, shoppers, catalog, slate, draws):
        return (3 * draws.uniform(Stream.DELAY, slate)).astype(np.int64)


@dataclass(frozen=True)
class PaysToSell(ShopModel):
    """Prices less a hundred."""

    def spend(self, shoppers, catalog, slate, draws):
        return catalog.price[slate] - 100


@dataclass(frozen=True)
class WritesInputs(ShopModel):
    """Ages the shoppers at every question."""

    def attraction(self, shoppers, catalog, slate):
        shoppers.state["satisfaction"] -= np.float32(0.1)
        return super().attraction(shoppers, catalog, slate)


@dataclass(frozen=True)
class WritesTheSame(ShopModel):
    """Clips the slate in place, which changes nothing as long as the slate is right."""

    def attraction(self, shoppers, catalog, slate):
        if slate is not None:
            np.clip(slate, 0, catalog.size - 1, out=slate)
        return super().attraction(shoppers, catalog, slate)


@dataclass(frozen=True)
class NumpyRandom(ShopModel):
    """Noise from numpy's global generator."""

    def attraction(self, shoppers, catalog, slate):
        return np.random.rand() * super().attraction(shoppers, catalog, slate)  # noqa: NPY002


@dataclass(frozen=True)
class PythonRandom(ShopModel):
    """Noise from Python's global generator."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["satisfaction"] += np.float32(random.random())


@dataclass(frozen=True)
class TorchRandom(ShopModel):
    """Noise from torch's global generator."""

    def leaving(self, shoppers, feedback):
        import torch

        return 0.1 * torch.rand(len(shoppers), dtype=torch.float64).numpy()


@dataclass(frozen=True)
class Unseeded(UserModel):
    """Traits from a generator without a seed."""

    def sample(self, draws, catalog):
        return {"mood": np.random.default_rng().random(len(draws.identity)).astype(np.float32)}, {}


@dataclass(frozen=True)
class ReadsTheSeed(ShopModel):
    """Reads numpy's global state and puts it back."""

    def conversion(self, shoppers, catalog, slate):
        state = np.random.get_state()  # noqa: NPY002
        share = np.random.rand()  # noqa: NPY002
        np.random.set_state(state)  # noqa: NPY002
        return share * super().conversion(shoppers, catalog, slate)


@dataclass(frozen=True)
class ByTheMean(ShopModel):
    """Attraction against the mean of the shoppers present."""

    def attraction(self, shoppers, catalog, slate):
        attraction = super().attraction(shoppers, catalog, slate)
        return np.clip(attraction - 0.1 * attraction.mean(axis=0), 0, 1)


@dataclass(frozen=True)
class ByTheRow(UserModel):
    """Traits that go by the place in the batch instead of by shopper."""

    def sample(self, draws, catalog):
        random = np.random.Generator(np.random.Philox(0))
        return {"mood": random.random(len(draws.identity)).astype(np.float32)}, {}


@dataclass(frozen=True)
class Squeezes(ShopModel):
    """Loses the axis of a single shopper."""

    def attraction(self, shoppers, catalog, slate):
        return super().attraction(shoppers, catalog, slate).squeeze()


@dataclass(frozen=True)
class Rounds(ShopModel):
    """Depends on the batch as another order of summing would."""

    def attraction(self, shoppers, catalog, slate):
        return super().attraction(shoppers, catalog, slate) * (1 + 1e-9 * len(shoppers))


# ---- worlds
