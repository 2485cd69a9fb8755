"""User models and worlds that each break one promise, for the checks to find."""

import random
import time
from dataclasses import dataclass

import numpy as np

from slategym.sim.click_models import PositionBased
from slategym.sim.selection import top_k
from slategym.sim.streams import Stream
from slategym.sim.user_model import UserModel
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.world import shop


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


class OwnLuck(UserModel):
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
    """Late purchases without a longest delay."""

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
class NumpyLuck(ShopModel):
    """Noise from numpy's global generator."""

    def attraction(self, shoppers, catalog, slate):
        return np.random.rand() * super().attraction(shoppers, catalog, slate)  # noqa: NPY002


@dataclass(frozen=True)
class PythonLuck(ShopModel):
    """Noise from Python's global generator."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["satisfaction"] += np.float32(random.random())


@dataclass(frozen=True)
class TorchLuck(ShopModel):
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
    """Attraction against the mean of whoever is there."""

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


@dataclass(frozen=True)
class Compares(ShopModel):
    """Attraction against the rest of the slate."""

    def attraction(self, shoppers, catalog, slate):
        attraction = super().attraction(shoppers, catalog, slate)
        return attraction / (1 + attraction.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class PaysByRank(ShopModel):
    """A price for each of five ranks."""

    def spend(self, shoppers, catalog, slate, draws):
        return catalog.price[slate] * np.array([1.0, 0.9, 0.8, 0.7, 0.6])


@dataclass(frozen=True)
class ForgetsTheDiscount(ShopModel):
    """Half the price is paid, and the mean is left at the whole."""

    def spend(self, shoppers, catalog, slate, draws):
        return draws.uniform(Stream.SPEND, slate) * catalog.price[slate]

    def mean_spend(self, shoppers, catalog, slate):
        return catalog.price[slate]


@dataclass(frozen=True)
class OnlyClicksPlease(ShopModel):
    """What a purchase does to satisfaction is left out."""

    def satisfaction(self, catalog):
        return catalog.quality


@dataclass(frozen=True)
class ClicksAlone(ShopModel):
    """Clicks the first item twice as rarely as its probability says."""

    def clicks(self, shoppers, catalog, slate, draws):
        clicks = super().clicks(shoppers, catalog, slate, draws)
        clicks[:, 0] &= draws.uniform(Stream.CUSTOM) < 0.5
        return clicks


@dataclass(frozen=True)
class Shuffled(ShopModel):
    """Clicks as often as it says, but on other items."""

    def clicks(self, shoppers, catalog, slate, draws):
        probability = self.click_probability(shoppers, catalog, slate)
        return draws.uniform(Stream.CLICK, slate) < probability.mean()

    def click_probability(self, shoppers, catalog, slate):
        return np.where(slate % 2 == 0, 0.1, 0.3)

    def best_slate(self, shoppers, catalog, weights, slate_size):
        gain = weights[0] + weights[1] * self.conversion(shoppers, catalog, None)
        return top_k(np.where(np.arange(catalog.size) % 2 == 0, 0.1, 0.3) * gain, slate_size)

    def bound(self, shoppers, catalog, weights, slate_size):
        return np.full(len(shoppers), np.inf)


@dataclass(frozen=True)
class ShowsTheWorst(ShopModel):
    """The best slate of the opposite gains."""

    def best_slate(self, shoppers, catalog, weights, slate_size):
        return super().best_slate(shoppers, catalog, -weights, slate_size)


@dataclass(frozen=True)
class ShowsItTwice(ShopModel):
    """The best item at every rank."""

    def best_slate(self, shoppers, catalog, weights, slate_size):
        return super().best_slate(shoppers, catalog, weights, slate_size)[:, [0] * slate_size]


class Doubling(PositionBased):
    """A click model with twice the probability it should have."""

    def click_probability(self, attraction):
        return 20 * super().click_probability(attraction) + 1


@dataclass(frozen=True)
class WrongChoice(UserModel):
    """A sound model with a broken click model."""

    click_model: PositionBased = Doubling(np.ones(5))  # noqa: RUF009 (nobody writes to it)


class TooLow(PositionBased):
    """A click model that knows no best slate, with a bound that is none."""

    exact = False

    def bound(self, attraction, gain, slate_size):
        return np.zeros(len(attraction))


@dataclass(frozen=True)
class WrongBound(ShopModel):
    """A sound model with a broken bound."""

    click_model: PositionBased = TooLow(np.ones(5))  # noqa: RUF009 (nobody writes to it)


@dataclass(frozen=True)
class Crowded(ShopModel):
    """More leave a crowd."""

    def leaving(self, shoppers, feedback):
        return (0.3 if len(shoppers) > 20 else 0.1) * np.ones(len(shoppers))


@dataclass(frozen=True)
class Crammed(ShopModel):
    """Refuses more than a hundred."""

    def context(self, shoppers):
        if len(shoppers) > 100:
            raise MemoryError("full")
        return super().context(shoppers)


@dataclass(frozen=True)
class Latecomers(ShopModel):
    """Has nothing for those who have come often."""

    def leaving(self, shoppers, feedback):
        if (shoppers.visit == 28).all():
            raise LookupError("no visit 28")
        return super().leaving(shoppers, feedback)


@dataclass(frozen=True)
class Patched(ShopModel):
    """Another method on the instance, where the kernel does not look for it."""

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "leaving", lambda shoppers, feedback: np.full(len(shoppers), 0.5))


@dataclass(frozen=True)
class Loops(ShopModel):
    """One shopper after another."""

    def leaving(self, shoppers, feedback):
        result = np.zeros(len(shoppers))
        for row in range(len(shoppers)):
            result[row] = 0.1 if feedback.clicks[row].any() else 0.2
        return result


@dataclass(frozen=True)
class Sleeps(ShopModel):
    """Takes its time."""

    def leaving(self, shoppers, feedback):
        time.sleep(0.3 if len(shoppers) >= 1000 else 0)
        return super().leaving(shoppers, feedback)


# ---- worlds


def lucky_shop():
    """Another catalogue each time, by numpy's global generator."""
    return shop(items=30, categories=3, catalog_seed=np.random.randint(1000))  # noqa: NPY002


def unseeded_shop():
    """Another catalogue each time."""
    return shop(items=30, categories=3, catalog_seed=int(np.random.default_rng().integers(2**32)))


def failing_shop():
    """No shop at all."""
    raise KeyError("items.csv")


def no_shop():
    """Something else."""
    return 3
