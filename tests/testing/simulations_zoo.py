"""Models that are broken as a whole: pay, clicks, best slates, simulations and speed; and worlds that are."""

from dataclasses import dataclass

import numpy as np
from tests.testing.clock import CLOCK

from slategym.sim.click_models import PositionBased
from slategym.sim.selection import top_k
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.world import shop


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
    """What a conversion does to satisfaction is left out."""

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
        CLOCK.pause(1 if len(shoppers) >= 1000 else 0)
        return super().leaving(shoppers, feedback)


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
