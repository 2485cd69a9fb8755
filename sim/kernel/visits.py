"""What of a world is compiled: as much as its user model has left as it was built."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.kernel.choices import parameters
from slategym.sim.kernel.shop import MONTH, observe_shop, sample_shop, sell_shop, visit_shop
from slategym.sim.kernel.table import visit_cells
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_model import NOTHING, Done, Kernel, Sample, UserModel
from slategym.sim.workers import announced, in_shards
from slategym.sim.worlds.shop_model import DELAY_SHARES

if TYPE_CHECKING:
    from slategym.sim.world import World
    from slategym.sim.worlds.shop_model import ShopModel

Array = NDArray[Any]
NAME = "the simulator's kernel"
NEWCOMERS = 128  # of them are worth a thread: one takes as long as several visits


def as_built(model: UserModel, *methods: str) -> bool:
    """Whether a model has left the methods as the class built them that offers its kernel."""
    own = type(model)
    builder = next(each for each in own.__mro__ if "compiled" in vars(each))
    return all(getattr(own, name) is getattr(builder, name) for name in methods)


class CompiledVisit(Kernel):
    """A visit to a world of one kind of user model, compiled.

    Attributes:
        stands_for: the methods of the user model that each stage replaces, or must come after, in the order clicks, conversion,
            history, evolution, leaving; the stages from the first overridden method on are left to the model itself.
        stages: how many stages are compiled.
        sees: whether what the recommender sees is compiled.
    """

    stands_for: tuple[tuple[str, ...], ...]
    sees = False

    def __init__(self, model: UserModel, world: World) -> None:
        self.catalog, self.visits = world.catalog, world.visits
        self.choice = parameters(model.choice, world.slate_size)
        built = [as_built(model, *methods) for methods in self.stands_for]
        self.stages = 0 if self.choice is None else [*built, False].index(False)

    def visit(self, seed: int, shoppers: Shoppers, slate: Items, observation: NDArray[np.float32]) -> Done:
        """Answer slates of items (n, k) and move the shoppers' state as far as the stages go."""
        if self.stages == 0:
            return NOTHING
        stages, n = self.stages, len(slate)
        clicks, bought = np.empty(slate.shape, np.bool_), np.empty(slate.shape, np.bool_)
        earned, left = np.empty((n, 2), np.float32), np.empty(n, np.bool_)
        observed = self.sees and stages == len(self.stands_for)

        def work(rows: slice) -> None:
            self.answer(np.uint64(seed), shoppers, slate, rows, clicks, bought, earned, left)
            if observed:
                self.see(shoppers, rows, 1, observation)

        with announced(NAME):
            in_shards(n, work)
        return Done(
            clicks,
            bought if stages > 1 else None,
            earned if stages > 1 else None,
            history=stages > 2,
            evolved=stages > 3,
            left=left if stages > 4 else None,
            observed=observed,
        )

    def observe(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> bool:
        """Write what the recommender sees, if that is compiled."""
        if not self.sees:
            return False
        with announced(NAME):
            in_shards(len(shoppers), lambda rows: self.see(shoppers, rows, 0, observation))
        return True

    @abstractmethod
    def answer(self, seed: np.uint64, shoppers: Shoppers, slate: Items, rows: slice, *out: Array) -> None:
        """Answer some rows, into the arrays of all rows: clicks, bought, earned, left."""

    def see(self, shoppers: Shoppers, rows: slice, ahead: int, observation: NDArray[np.float32]) -> None:
        """Write what it sees of some rows `ahead` visits from now."""


class ShopVisit(CompiledVisit):
    """A visit to `Shop-v0`."""

    stands_for = (("attraction", "mood", "clicks"), ("conversion",), ("spend", "delay"), ("evolve",), ("leaving",))

    def __init__(self, model: ShopModel, world: World) -> None:
        super().__init__(model, world)
        catalog = world.catalog
        columns = (catalog.category, model.item_attraction(catalog), model.item_conversion(catalog), catalog.dearness)
        worth = catalog.quality - catalog.appeal
        self.items = np.column_stack([catalog.taste, *columns, worth, catalog.price]).astype(np.float32)
        self.season = model.season_of(np.arange(MONTH), catalog)
        self.segments = model.segments_of(catalog)
        self.satiation = np.float32(0.08 if model.satiation else 0)
        self.drift = np.float32(0.02 if model.drift else 0)
        self.leave = model.leave
        self.delays = np.cumsum(DELAY_SHARES)[: model.longest_delay]
        self.samples, self.sees, self.sells = (
            as_built(model, "sample"),
            as_built(model, "sample", "context"),
            as_built(model, "spend", "delay"),
        )

    def answer(self, seed: np.uint64, shoppers: Shoppers, slate: Items, rows: slice, *out: Array) -> None:
        state, traits = shoppers.state, shoppers.traits
        assert self.choice is not None
        visit_shop(
            self.stages,
            rows.start,
            rows.stop,
            seed,
            slate,
            shoppers.identity,
            shoppers.visit,
            state["taste"],
            traits["price_sensitivity"],
            traits["patience"],
            state["satisfaction"],
            state["exposure"],
            state["engagement"],
            self.items,
            self.season,
            self.satiation,
            self.drift,
            self.leave,
            *self.choice,
            *out,
        )

    def see(self, shoppers: Shoppers, rows: slice, ahead: int, observation: NDArray[np.float32]) -> None:
        state, traits = shoppers.state, shoppers.traits
        observe_shop(
            rows.start,
            rows.stop,
            state["taste"],
            traits["price_sensitivity"],
            traits["blur"],
            state["exposure"],
            state["engagement"],
            shoppers.visit,
            ahead,
            self.visits,
            observation,
        )

    def sell(
        self, seed: int, shoppers: Shoppers, row: NDArray[np.int64], item: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]] | None:
        """What is paid and when that becomes known, if the model has left both as they are in the shop."""
        if not self.sells:
            return None
        paid, late = np.empty(len(row), np.float32), np.empty(len(row), np.int64)
        sell_shop(np.uint64(seed), row, item, shoppers.identity, shoppers.visit, self.items, self.delays, paid, late)
        return paid, late

    def sample(self, seed: int, identity: NDArray[np.int64]) -> Sample | None:
        """New shoppers, if the model's own way to sample them is the shop's."""
        if not self.samples:
            return None
        n, (until, centre, usual) = len(identity), self.segments
        q = centre.shape[1]
        segment, taste, blur = np.empty(n, np.int8), np.empty((n, q), np.float32), np.empty((n, q + 1), np.float32)
        sensitivity, patience = np.empty(n, np.float32), np.empty(n, np.float32)

        def work(rows: slice) -> None:
            sample_shop(
                rows.start,
                rows.stop,
                np.uint64(seed),
                identity,
                until,
                centre,
                usual,
                segment,
                taste,
                blur,
                sensitivity,
                patience,
            )

        with announced(NAME):
            in_shards(n, work, NEWCOMERS)
        traits = {"segment": segment, "blur": blur, "price_sensitivity": sensitivity, "patience": patience}
        return traits, {"taste": taste, "satisfaction": np.zeros(n, np.float32)}


class CellsVisit(CompiledVisit):
    """A visit to a world whose shoppers fall into cells of a table: `shoppers.cell` says into which.

    Args:
        attraction: (cells, m) float64.
        conversion: (cells, m) float64, given a click.
    """

    stands_for = (("attraction", "clicks"), ("conversion",))

    def __init__(self, model: UserModel, world: World, attraction: NDArray[np.float64], conversion: NDArray[np.float64]) -> None:
        super().__init__(model, world)
        self.attraction, self.conversion = np.ascontiguousarray(attraction), np.ascontiguousarray(conversion)

    def answer(self, seed: np.uint64, shoppers: Shoppers, slate: Items, rows: slice, *out: Array) -> None:
        assert self.choice is not None
        visit_cells(
            self.stages,
            rows.start,
            rows.stop,
            seed,
            slate,
            shoppers.identity,
            shoppers.visit,
            shoppers.traits["cell"],
            self.attraction,
            self.conversion,
            *self.choice,
            *out[:3],
        )
