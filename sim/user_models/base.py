"""The base of user models: how shoppers answer, in parts that can be replaced one at a time."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.click_models import ClickModel, PositionBased
from slategym.sim.draws import Draws
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, check_items, first_shown
from slategym.sim.streams import Stream
from slategym.sim.user_models.behaviours import Behaviour, find_behaviour
from slategym.sim.user_models.visit import Kernel, Sample
from slategym.utils.lazy_scipy import expit
from slategym.utils.short_repr import Brief

if TYPE_CHECKING:
    from slategym.sim.world import World

Floats = NDArray[np.floating]
SPENDINGS = 64  # draws for an estimate of the mean amount paid
Array = NDArray[Any]


def match(left: Floats, right: Floats, slate: Items | None) -> Floats:
    """Compute inner products of shoppers' vectors with items' vectors.

    For a slate they are summed in float64 and in a fixed order, so that a row's result does not depend on the batch. For every
    item they are one matrix product in float32.

    Args:
        left: (n, q), vectors of the shoppers.
        right: (m, q), vectors of the items.
        slate: (n, k) item numbers, or None for every item.

    Returns:
        (n, k) float64 for a slate, (n, m) float32 for every item.

    Raises:
        ValueError: the slate has the wrong shape, or a number that is no item.
    """
    if slate is None:
        return np.asarray(left @ right.T)
    slate = check_items(slate, len(right), shape=(len(left), None))
    products = np.multiply(left[:, None, :], right[slate], dtype=np.float64)
    return np.asarray(products.sum(axis=2))


def of_category(state: Floats, catalog: Catalog, slate: Items | None) -> Floats:
    """Return a state per category (n, g) for the categories of items: (n, k) for a slate, (n, m) for every item."""
    slate = catalog.check(slate, len(state))
    if slate is None:
        return state[:, catalog.category]
    return np.take_along_axis(state, catalog.category[slate], axis=1)


class UserModel(Brief):
    """The base of user models: how shoppers answer a slate. Override what differs; by default shoppers never change.

    Methods with an argument `slate` take (n, k) item numbers, or None for every item of the catalogue, and then return (n, m);
    indexing such as `catalog.price[slate]` works for both. They are pure: random numbers come from `draws`. An instance holds
    only parameters, never the state of shoppers. `BlackBox` is the base of models without probabilities.

    Attributes:
        click_model: how attraction becomes clicks; default: position-based with examination 0.85**rank.
        behaviours: what shoppers do with items besides clicking and converting, such as likes or minutes watched.
        longest_delay: the longest delay of a conversion in visits, 0 if all arrive at once.
        longest_absence: the largest number of days between two visits (see `days_away`); 0 if days are not counted.
        estimated: whether the probabilities are estimates by simulation instead of exact.
        base_rates: the clicks per impression and conversions per click that the model was scaled to; None for a rate not given.
        truth: for a model that was learned from another one, that model.
    """

    click_model: ClickModel = PositionBased.geometric(100)
    behaviours: tuple[Behaviour, ...] = ()
    longest_delay: int = 0
    longest_absence: int = 0
    estimated: bool = False
    base_rates: tuple[float | None, float | None] = (None, None)
    truth: UserModel | None = None

    def in_place_of(self, world: World) -> UserModel:
        """Return the model to use in a world instead of the world's own model; by default itself.

        Args:
            world: the world, with its own model.
        """
        return self

    def with_click_model(self, click_model: ClickModel, world: World) -> Self:
        """Return a model of the same shoppers with another click model.

        Args:
            click_model: the new click model.
            world: the world of the model.
        """
        model = copy(self)
        object.__setattr__(model, "click_model", click_model)  # the model may be a frozen dataclass
        return model

    def sample(self, draws: Draws, catalog: Catalog) -> Sample:
        """Sample new shoppers.

        Args:
            draws: the random numbers of n shoppers.
            catalog: the items.

        Returns:
            Their fixed traits and their changing state: two mappings from names to arrays (n, ...).
        """
        return {}, {}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, c) float, what the recommender may see of the shoppers in addition to their history.

        Args:
            shoppers: n shoppers.
        """
        return np.zeros((len(shoppers), 0), np.float32)

    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the attraction: the probability of a click if the item is examined.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers, or None for every item.

        Returns:
            (n, k); (n, m) for every item. For a `Multinomial` click model weights of at least 0, for others probabilities.
        """
        quality = np.asarray(catalog.quality[catalog.check(slate, len(shoppers))], np.float64)
        return np.broadcast_to(expit(quality), (len(shoppers), quality.shape[1]))

    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the probability of a conversion given a click; (n, m) for every item.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers, or None for every item.
        """
        return np.full((len(shoppers), catalog.size if slate is None else slate.shape[1]), 0.05)

    def spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        """(n, k) the amount paid if the item converts, in the shop's currency; by default the price.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers.
            draws: the random numbers of the visit.
        """
        return catalog.price[check_items(slate, catalog.size, shape=(len(shoppers), None))]

    def mean_spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the mean of `spend`; for every item (n, m), or (1, m). It is estimated if only `spend` is overridden.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers, or None for every item.
        """
        slate = catalog.check(slate, len(shoppers))
        if type(self).spend is UserModel.spend:
            return catalog.price[slate]
        shape = (len(shoppers), catalog.size)
        items = np.broadcast_to(np.arange(catalog.size), shape) if slate is None else slate
        draws = (Draws(2**63 + each, shoppers.identity, shoppers.visit) for each in range(SPENDINGS))
        return np.asarray(sum(self.spend(shoppers, catalog, items, each) for each in draws) / SPENDINGS)

    @property
    def spend_is_exact(self) -> bool:
        """Whether `mean_spend` is exact, and not an estimate."""
        return type(self).spend is UserModel.spend or type(self).mean_spend is not UserModel.mean_spend

    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.int64]:
        """(n, k) the number of visits until a conversion becomes known, 0 to `longest_delay`.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers.
            draws: the random numbers of the visit.
        """
        return np.zeros(slate.shape, np.int64)

    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the probability of a behaviour, or its mean amount, given its cause; (n, m) for every item.

        Args:
            name: the name of one of the `behaviours`.
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers, or None for every item.

        Raises:
            ValueError: there is no such behaviour.
        """
        find_behaviour(self, name)
        raise NotImplementedError(f"{type(self).__name__} has behaviours: expected a method `behaviour` with their probabilities")

    def amount(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        """(n, k) the amount of a behaviour where its cause occurs; by default always the mean.

        Args:
            name: the name of one of the `behaviours` that are amounts.
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers.
            draws: the random numbers of the visit; streams from `Stream.CUSTOM` on are free.
        """
        return self.behaviour(name, shoppers, catalog, slate)

    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        """Change the shoppers' state after a visit, in place: `shoppers.state["name"][:] = ...`.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers, the items shown.
            feedback: the answer, with the `behaviours` and all conversions, including delayed ones.
            draws: the random numbers of the visit.
        """

    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        """(n,) the probability that a shopper does not come back.

        Args:
            shoppers: n shoppers, after `evolve`.
            feedback: the answer of the visit.
        """
        return np.zeros(len(shoppers))

    def days_away(self, shoppers: Shoppers, feedback: Feedback, draws: Draws) -> NDArray[np.int64]:
        """(n,) the days until the next visit, 0 to `longest_absence`; called only if that is above 0.

        Args:
            shoppers: n shoppers, after `evolve`.
            feedback: the answer of the visit.
            draws: the random numbers of the visit.
        """
        return np.zeros(len(shoppers), np.int64)

    def browse(self, shoppers: Shoppers, catalog: Catalog, draws: Draws) -> None:
        """Change the shoppers' state by organic events before a visit, such as views of items, in place.

        It is called before every visit, including the first. Observations show its effect only if `context` does.

        Args:
            shoppers: n shoppers, before their visit.
            catalog: the items.
            draws: the random numbers of the coming visit.
        """

    def satisfaction(self, catalog: Catalog) -> Floats:
        """(2, m) the effect of a click on each item on satisfaction, in points, and the additional effect of a conversion.

        Args:
            catalog: the items.
        """
        return np.stack([catalog.quality, np.ones(catalog.size, np.float32)])

    def staying(self, shoppers: Shoppers) -> Floats:
        """(n,) the increase of the probability of coming back per point of satisfaction, to first order; 0 if there is none.

        Args:
            shoppers: n shoppers.
        """
        return np.zeros(len(shoppers))

    @property
    def anyone_leaves(self) -> bool:
        """Whether shoppers may leave for good."""
        return type(self).leaving is not UserModel.leaving

    @property
    def anyone_changes(self) -> bool:
        """Whether slates may change the shoppers."""
        return type(self).evolve is not UserModel.evolve

    @property
    def browses(self) -> bool:
        """Whether shoppers have organic events between visits."""
        return type(self).browse is not UserModel.browse

    def compiled(self, world: World) -> Kernel | None:
        """Return a kernel that does the same as the methods that are not overridden; None if there is none.

        Args:
            world: the world of the model.
        """
        return None

    # Combine the parts to an answer. A model without attraction, a black box, overrides these methods.

    def clicks(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.bool_]:
        """(n, k) bool, the clicks.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers.
            draws: the random numbers of the visit.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        attraction = self._shown_attraction(shoppers, catalog, slate)
        return self.click_model.sample_clicks(attraction, draws.uniform(Stream.CLICK, slate), draws.uniform(Stream.SLATE))

    def click_probability(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Floats:
        """(n, k) the exact probability of a click at each rank.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            slate: (n, k) item numbers.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        return self.click_model.click_probability(self._shown_attraction(shoppers, catalog, slate))

    def best_slate(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> Items:
        """(n, k) the slate with the highest expected value at this visit: items, or positions among candidates (n, C).

        Args:
            shoppers: n shoppers.
            catalog: the items.
            weights: the values of a click and of a conversion: (2,), or (2, n, m) or (2, 1, m) if they depend on the item;
                C instead of m if there are candidates.
            slate_size: k.
            candidates: (n, C) items.
        """
        return self.click_model.best_slate(*self.gains(shoppers, catalog, weights, candidates), slate_size)

    def bound(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> NDArray[np.float64]:
        """(n,) a value that no slate exceeds at this visit; with candidates, no slate of candidates.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            weights: as for `best_slate`.
            slate_size: k.
            candidates: (n, C) items.
        """
        return self.click_model.bound(*self.gains(shoppers, catalog, weights, candidates), slate_size)

    def _shown_attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Floats:
        """(n, k) attraction, 0 for repeats of an item."""
        return np.where(first_shown(slate), self.attraction(shoppers, catalog, slate), 0.0)

    def gains(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], candidates: Items | None
    ) -> tuple[Floats, Floats]:
        """Return the attraction of every item and the expected value of a click on it: (n, m), or (n, C) for candidates.

        Args:
            shoppers: n shoppers.
            catalog: the items.
            weights: as for `best_slate`.
            candidates: (n, C) items, or None.
        """
        candidates = catalog.check(candidates, len(shoppers), "candidates")
        click, conversion = weights.astype(np.float32)
        attraction = self.attraction(shoppers, catalog, candidates)
        return attraction, click + conversion * self.conversion(shoppers, catalog, candidates)
