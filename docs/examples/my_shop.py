"""Custom user models and worlds: the examples of custom-user-model.md and custom-world.md."""

from pathlib import Path

import numpy as np

from slategym import Catalog, UserModel, World
from slategym.sim import Behaviour, BlackBox, Cascade, Draws, ShopModel, Stream, match, read_catalog, read_segments

HERE = Path(__file__).parent


class Impatient(ShopModel):
    """The shoppers of Shop-v0, who are more likely to leave for good after a visit without a click."""

    def leaving(self, shoppers, feedback):
        clicked = feedback.clicks.any(axis=1)
        return np.where(clicked, 0.02, 0.15)


class Viewers(ShopModel):
    """The shoppers of Shop-v0, who like some of the items that they click, and return later after a visit without a click."""

    longest_absence = 7
    behaviours = (
        Behaviour("like", "likes", "whether the item is liked", plural="likes"),
        Behaviour("dwell", "seconds", "how long the item is looked at", "impression", is_amount=True, highest=30),
    )

    def behaviour(self, name, shoppers, catalog, slate):
        liked = self.conversion(shoppers, catalog, slate)
        return liked if name == "like" else 30 * liked

    def days_away(self, shoppers, feedback, draws):
        return np.where(feedback.clicks.any(axis=1), 1, 7)


class Thrifty(ShopModel):
    """The shoppers of Shop-v0, each with a budget: items with a higher price are clicked as before, but never convert."""

    def sample(self, draws, catalog):
        traits, state = super().sample(draws, catalog)
        normal = draws.normal(Stream.CUSTOM, 1)[:, 0]
        return {**traits, "budget": np.exp(3 + 0.5 * normal).astype(np.float32)}, state

    def conversion(self, shoppers, catalog, slate):
        within = catalog.price[slate] <= shoppers.budget[:, None]
        return np.where(within, super().conversion(shoppers, catalog, slate), 0)


class Comparing(BlackBox):
    """Looks at the whole slate and clicks the one item that pleases most, if it pleases at all: a rule without a formula."""

    def sample(self, draws, catalog):
        taste = draws.normal(Stream.TRAIT, catalog.taste.shape[1])
        return {"taste": taste.astype(np.float32)}, {}

    def context(self, shoppers):
        return shoppers.taste

    def clicks(self, shoppers, catalog, slate, draws):
        whim = draws.uniform(Stream.CLICK, slate)
        pleasure = match(shoppers.taste, catalog.taste, slate) + 3 * whim
        return (pleasure == pleasure.max(axis=1, keepdims=True)) & (pleasure > 4)


class Readers(UserModel):
    """The customers of the kiosk, each with a taste for news or novels."""

    click_model = Cascade()

    def sample(self, draws, catalog):
        return {"taste": draws.normal(Stream.TRAIT, 2).astype(np.float32)}, {}

    def context(self, shoppers):
        return shoppers.taste

    def attraction(self, shoppers, catalog, slate):
        return 1 / (1 + np.exp(3 - match(shoppers.taste, catalog.taste, slate) - catalog.appeal[slate]))

    def conversion(self, shoppers, catalog, slate):
        probability = np.exp(-catalog.price[slate] / 3)  # (n, k); or (1, m) for every item
        return np.broadcast_to(probability, (len(shoppers), probability.shape[1]))


def Kiosk(items: int = 40) -> World:
    """A shop from arrays: papers and novels, slates of three, up to ten visits."""
    number = np.arange(items)
    normal = Draws(0, number, 0 * number).normal(Stream.CUSTOM, 4)
    price = np.exp(1 + 0.5 * normal[:, 0])
    catalog = Catalog(
        features=np.column_stack([normal[:, 1:3], np.log(price)]),
        taste=normal[:, 1:3],
        category=number % 2,
        price=price,
        margin=np.full(items, 0.3),
        quality=np.zeros(items),
        appeal=0.5 * normal[:, 3],
    )
    return World("Kiosk", catalog, Readers(), slate_size=3, visits=10)


def Bookshop() -> World:
    """A shop from files: the books of books.csv, and the kinds of readers in readers.csv."""
    segments = read_segments(HERE / "readers.csv", items=HERE / "books.csv")
    return World("Bookshop", read_catalog(HERE / "books.csv"), ShopModel(segments=segments), slate_size=4, visits=20)
