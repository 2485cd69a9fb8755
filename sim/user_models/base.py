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
SPENDINGS = 64  # draws behind an estimate of what is paid
Array = NDArray[Any]


def match(left: Floats, right: Floats, slate: Items | None) -> Floats:
    """Inner products of shoppers' vectors with items' vectors.

    A slate is summed in float64 and in one order, so a row's result does not depend on the batch; every item goes through
    one float32 matrix product.

    Args:
        left: (n, q), of the shoppers.
        right: (m, q), of the items.
        slate: (n, k) item ids, or None for every item.

    Returns:
        (n, k) float64 for a slate, (n, m) float32 for every item.

    Raises:
        ValueError: a slate of another shape, or with a number that is no item.
    """
    if slate is None:
        return np.asarray(left @ right.T)
    slate = check_items(slate, len(right), shape=(len(left), None))
    products = np.multiply(left[:, None, :], right[slate], dtype=np.float64)
    return np.asarray(products.sum(axis=2))


def of_category(state: Floats, catalog: Catalog, slate: Items | None) -> Floats:
    """A state per category (n, g), read at the items' categories: (n, k) for a slate, (n, m) for every item."""
    slate = catalog.check(slate, len(state))
    if slate is None:
        return state[:, catalog.category]
    return np.take_along_axis(state, catalog.category[slate], axis=1)


class UserModel(Brief):
    """The base of user models: how shoppers answer a slate. Override what differs; by default nothing changes over visits.

    The methods that take `slate` take (n, k) item ids, or None for every item of the catalogue and then return (n, m); indexing
    by `catalog.price[slate]` does the right thing for both. They are pure: random numbers come in as `draws`.
    An instance keeps parameters only, never shoppers' state. `BlackBox` is the base of models without probabilities.

    Attributes:
        click_model: how attraction becomes clicks; position-based with examination 0.85**rank unless another is set.
        behaviours: what shoppers do with items besides clicking and converting, such as likes or minutes watched.
        longest_delay: the most visits that a conversion can be delayed, 0 if all arrive at once.
        longest_absence: the most days between two visits, as `days_away` gives them; 0 where days are not counted.
        estimated: whether its probabilities are estimates by simulation, not exact.
        base_rates: clicks per impression and conversions per click that it was given; None where it was given none.
        truth: of a model that was learned, the one whose answers it learned.
    """

    click_model: ClickModel = PositionBased.geometric(100)
    behaviours: tuple[Behaviour, ...] = ()
    longest_delay: int = 0
    longest_absence: int = 0
    estimated: bool = False
    base_rates: tuple[float | None, float | None] = (None, None)
    truth: UserModel | None = None

    def in_place_of(self, world: World) -> UserModel:
        """The model for a world whose own model it replaces; itself, unless it needs to know the world.

        Args:
            world: with its own model.
        """
        return self

    def with_click_model(self, click_model: ClickModel, world: World) -> Self:
        """The same shoppers, who look and click in another way.

        Args:
            click_model: how.
            world: in which the model is used.
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
            Their traits, which stay, and their state, which changes: two mappings from names to arrays (n, ...).
        """
        return {}, {}

    def context(self, shoppers: Shoppers) -> Floats:
        """(n, c) float, what the recommender may see of the shoppers besides their history.

        Args:
            shoppers: n of them.
        """
        return np.zeros((len(shoppers), 0), np.float32)

    def attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the attraction: the probability of a click if the item is examined.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids, or None for every item.

        Returns:
            (n, k); (n, m) for every item. Under a `Multinomial` click model weights of at least 0, elsewhere probabilities.
        """
        quality = np.asarray(catalog.quality[catalog.check(slate, len(shoppers))], np.float64)
        return np.broadcast_to(expit(quality), (len(shoppers), quality.shape[1]))

    def conversion(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the probability of a conversion given a click; (n, m) for every item.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids, or None for every item.
        """
        return np.full((len(shoppers), catalog.size if slate is None else slate.shape[1]), 0.05)

    def spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        """(n, k) what is paid if the item converts, in the shop's currency; the price by default.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids.
            draws: random numbers of the visit.
        """
        return catalog.price[check_items(slate, catalog.size, shape=(len(shoppers), None))]

    def mean_spend(self, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) the mean of `spend`; of every item (n, m), or (1, m). Where only `spend` is overridden it is estimated.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids, or None for every item.
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
        """Whether `mean_spend` is exact, not an estimate."""
        return type(self).spend is UserModel.spend or type(self).mean_spend is not UserModel.mean_spend

    def delay(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.int64]:
        """(n, k) how many visits later a conversion becomes known, 0 to `longest_delay`.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids.
            draws: random numbers of the visit.
        """
        return np.zeros(slate.shape, np.int64)

    def behaviour(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items | None) -> Floats:
        """(n, k) given its cause, how probable a behaviour is, or its mean amount; (n, m) for every item.

        Args:
            name: of one of the `behaviours`.
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids, or None for every item.

        Raises:
            ValueError: there is no such behaviour.
        """
        find_behaviour(self, name)
        raise NotImplementedError(f"{type(self).__name__} has behaviours: expected a method `behaviour` with their probabilities")

    def amount(self, name: str, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> Floats:
        """(n, k) how much of a behaviour there is where its cause happens; always the mean by default.

        Args:
            name: of one of the `behaviours` that are amounts.
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids.
            draws: random numbers of the visit; streams from `Stream.CUSTOM` on are free.
        """
        return self.behaviour(name, shoppers, catalog, slate)

    def evolve(self, shoppers: Shoppers, catalog: Catalog, slate: Items, feedback: Feedback, draws: Draws) -> None:
        """Move the shoppers' state after a visit, in place: `shoppers.state["name"][:] = ...`.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids, what was shown.
            feedback: the answer, with all conversions, delayed or not, and the `behaviours`.
            draws: random numbers of the visit.
        """

    def leaving(self, shoppers: Shoppers, feedback: Feedback) -> Floats:
        """(n,) the probability that a shopper does not come back.

        Args:
            shoppers: n of them, as `evolve` left them.
            feedback: the answer of the visit.
        """
        return np.zeros(len(shoppers))

    def days_away(self, shoppers: Shoppers, feedback: Feedback, draws: Draws) -> NDArray[np.int64]:
        """(n,) the days until the next visit, 0 to `longest_absence`, of which it is asked only where that is above 0.

        Args:
            shoppers: n of them, as `evolve` left them.
            feedback: the answer of the visit.
            draws: random numbers of the visit.
        """
        return np.zeros(len(shoppers), np.int64)

    def browse(self, shoppers: Shoppers, catalog: Catalog, draws: Draws) -> None:
        """Move the shoppers' state by what they do on their own before a visit, in place: organic events, such as views of items.

        It happens before every visit, also the first one, and shows in the observation if `context` shows it.

        Args:
            shoppers: n of them, about to visit.
            catalog: the items.
            draws: random numbers of the coming visit.
        """

    def satisfaction(self, catalog: Catalog) -> Floats:
        """(2, m) what a click on an item does to the shopper's satisfaction, in points, and what its conversion adds.

        Args:
            catalog: the items.
        """
        return np.stack([catalog.quality, np.ones(catalog.size, np.float32)])

    def staying(self, shoppers: Shoppers) -> Floats:
        """(n,) how much a point of satisfaction raises the probability of coming back, to first order; 0 if it does not.

        Args:
            shoppers: n of them.
        """
        return np.zeros(len(shoppers))

    @property
    def anyone_leaves(self) -> bool:
        """Whether shoppers may leave for good at all."""
        return type(self).leaving is not UserModel.leaving

    @property
    def anyone_changes(self) -> bool:
        """Whether shoppers may be changed by what they are shown."""
        return type(self).evolve is not UserModel.evolve

    @property
    def browses(self) -> bool:
        """Whether shoppers do anything on their own between visits."""
        return type(self).browse is not UserModel.browse

    def compiled(self, world: World) -> Kernel | None:
        """A kernel that does the same as the methods above, as far as they are not overridden; None if there is none.

        Args:
            world: in which the model is used.
        """
        return None

    # How the parts make an answer; a model that knows no attraction, a black box, overrides these.

    def clicks(self, shoppers: Shoppers, catalog: Catalog, slate: Items, draws: Draws) -> NDArray[np.bool_]:
        """(n, k) bool, the clicks.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids.
            draws: random numbers of the visit.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        attraction = self._shown_attraction(shoppers, catalog, slate)
        return self.click_model.sample_clicks(attraction, draws.uniform(Stream.CLICK, slate), draws.uniform(Stream.SLATE))

    def click_probability(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Floats:
        """(n, k) the exact probability of a click at each rank.

        Args:
            shoppers: n of them.
            catalog: the items.
            slate: (n, k) item ids.
        """
        slate = check_items(slate, catalog.size, shape=(len(shoppers), None))
        return self.click_model.click_probability(self._shown_attraction(shoppers, catalog, slate))

    def best_slate(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> Items:
        """(n, k) the slate of the highest expected value at this visit: items, or positions among candidates (n, C).

        Args:
            shoppers: n of them.
            catalog: the items.
            weights: the values of a click and of a conversion: (2,), or (2, n, m) or (2, 1, m) where they depend on the item,
                with C in place of m among candidates.
            slate_size: k.
            candidates: (n, C) items.
        """
        return self.click_model.best_slate(*self.gains(shoppers, catalog, weights, candidates), slate_size)

    def bound(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], slate_size: int, candidates: Items | None = None
    ) -> NDArray[np.float64]:
        """(n,) a value that no slate exceeds at this visit; with candidates, no slate of theirs.

        Args:
            shoppers: n of them.
            catalog: the items.
            weights: as for `best_slate`.
            slate_size: k.
            candidates: (n, C) items.
        """
        return self.click_model.bound(*self.gains(shoppers, catalog, weights, candidates), slate_size)

    def _shown_attraction(self, shoppers: Shoppers, catalog: Catalog, slate: Items) -> Floats:
        """(n, k) attraction, 0 where an item is repeated."""
        return np.where(first_shown(slate), self.attraction(shoppers, catalog, slate), 0.0)

    def gains(
        self, shoppers: Shoppers, catalog: Catalog, weights: NDArray[np.float64], candidates: Items | None
    ) -> tuple[Floats, Floats]:
        """The attraction of every item and the expected value of a click on it: two arrays (n, m), or (n, C) of candidates.

        Args:
            shoppers: n of them.
            catalog: the items.
            weights: as for `best_slate`.
            candidates: (n, C) items, or None.
        """
        candidates = catalog.check(candidates, len(shoppers), "candidates")
        click, conversion = weights.astype(np.float32)
        attraction = self.attraction(shoppers, catalog, candidates)
        return attraction, click + conversion * self.conversion(shoppers, catalog, candidates)
