"""What of a world is compiled: as much as its user model has left as it was built."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.kernel.click_models import parameters
from slategym.sim.kernel.tabular import visit_cells
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_model import Done, Kernel, Sample, UserModel
from slategym.sim.worlds.shop.kernel import MONTH, observe_shop, sample_shop, step_shop
from slategym.sim.worlds.shop.model import DELAY_SHARES
from slategym.utils.parallel import in_shards

if TYPE_CHECKING:
    from slategym.sim.world import World
    from slategym.sim.worlds.shop.model import ShopModel

Array = NDArray[Any]
Mask = NDArray[np.bool_]
UNSEEN = np.zeros((0, 0), np.float32)
ONE = slice(0, 1)
NEWCOMERS = 128  # of them are worth a thread: one takes as long as several visits


def as_built(model: UserModel, *methods: str) -> bool:
    """Whether a model has left the methods as the class built them that offers its kernel."""
    own = type(model)
    builder = next(each for each in own.__mro__ if "compiled" in vars(each))
    return all(getattr(own, name) is getattr(builder, name) for name in methods)


class CompiledVisit(Kernel):
    """A visit to a world of one kind of user model, compiled.

    Attributes:
        stands_for: the methods of the user model that each `Stage` replaces, or must come after; the stages from the first
            overridden method on are left to the model itself.
        stages: how many stages are compiled.
    """

    stands_for: tuple[tuple[str, ...], ...]

    def __init__(self, model: UserModel, world: World) -> None:
        self.catalog, self.visits = world.catalog, world.visits
        self.choice = parameters(model.choice, world.slate_size)
        built = [as_built(model, *methods) for methods in self.stands_for]
        self.stages = 0 if self.choice is None else [*built, False].index(False)

    def visit(
        self,
        seed: int,
        shoppers: Shoppers,
        slate: Items,
        observation: NDArray[np.float32],
        after: NDArray[np.float32] | None = None,
    ) -> Done:
        """As far as the stages go; see `Kernel`."""
        done = Done.room(self.stages, *slate.shape)
        if self.stages == 0:
            return done
        key, stays = np.uint64(seed), np.zeros(len(slate), np.bool_)
        if len(slate) == 1:  # where every call counts
            self.step(ONE, key, shoppers, slate, done, observation, stays, after)
        else:
            in_shards(len(slate), lambda rows: self.step(rows, key, shoppers, slate, done, observation, stays, after))
        return done

    @abstractmethod
    def step(
        self,
        rows: slice,
        seed: np.uint64,
        shoppers: Shoppers,
        slate: Items,
        done: Done,
        observation: NDArray[np.float32],
        stays: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        """What `visit` does, for some rows; with a mask of nobody for who `stays`."""


class ShopVisit(CompiledVisit):
    """`Shop-v0`, compiled."""

    stands_for = (
        ("attraction", "mood", "clicks"),
        ("conversion",),
        ("spend", "delay"),
        ("evolve",),
        ("leaving",),
        ("context", "sample"),
    )

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
        self.samples, self.sees = as_built(model, "sample"), as_built(model, "context", "sample")

    def step(
        self,
        rows: slice,
        seed: np.uint64,
        shoppers: Shoppers,
        slate: Items,
        done: Done,
        observation: NDArray[np.float32],
        stays: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        state, traits = shoppers.state, shoppers.traits
        assert self.choice is not None
        step_shop(
            self.stages,
            rows.start,
            rows.stop,
            seed,
            slate,
            shoppers.identity,
            shoppers.visit,
            traits.get("segment", UNSEEN),  # a model that samples by itself may do without
            state["taste"],
            traits.get("blur", UNSEEN),
            traits["price_sensitivity"],
            traits["patience"],
            state["satisfaction"],
            state["exposure"],
            state["engagement"],
            state["awaited"],
            self.items,
            self.season,
            *self.segments,
            self.satiation,
            self.drift,
            self.leave,
            self.delays,
            self.visits,
            *self.choice,
            done.clicks,
            done.bought,
            done.earned,
            done.revenue,
            done.late,
            done.left,
            done.ended,
            observation,
            stays,
            after is not None,
            observation if after is None else after,
        )

    def observe(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> bool:
        """If the model has left what the recommender sees as it is in the shop."""
        if self.sees:
            skip = np.zeros(len(shoppers), np.bool_)
            in_shards(len(shoppers), lambda rows: self.see(rows, shoppers, observation, skip))
        return self.sees

    def see(self, rows: slice, shoppers: Shoppers, observation: NDArray[np.float32], skip: Mask) -> None:
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
            self.visits,
            observation,
            skip,
        )

    def sample(self, seed: int, identity: NDArray[np.int64]) -> Sample | None:
        """If the model has left its way to sample as it is in the shop."""
        if not self.samples:
            return None
        n, q = len(identity), self.catalog.taste.shape[1]
        traits = {
            "segment": np.empty(n, np.int8),
            "blur": np.empty((n, q + 1), np.float32),
            "price_sensitivity": np.empty(n, np.float32),
            "patience": np.empty(n, np.float32),
        }
        state = {"taste": np.empty((n, q), np.float32), "satisfaction": np.zeros(n, np.float32)}
        skip = np.zeros(n, np.bool_)
        in_shards(n, lambda rows: self._draw(rows, np.uint64(seed), identity, traits, state, skip), NEWCOMERS)
        return traits, state

    def _draw(
        self,
        rows: slice,
        seed: np.uint64,
        identity: NDArray[np.int64],
        traits: Mapping[str, Array],
        state: Mapping[str, Array],
        skip: Mask,
    ) -> None:
        sample_shop(
            rows.start,
            rows.stop,
            seed,
            identity,
            *self.segments,
            traits["segment"],
            state["taste"],
            traits["blur"],
            traits["price_sensitivity"],
            traits["patience"],
            skip,
        )


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

    def step(
        self,
        rows: slice,
        seed: np.uint64,
        shoppers: Shoppers,
        slate: Items,
        done: Done,
        observation: NDArray[np.float32],
        stays: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
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
            done.clicks,
            done.bought,
            done.earned,
        )
