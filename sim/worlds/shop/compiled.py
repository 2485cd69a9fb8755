"""The compiled visit of `Shop-v0`, as far as its user model is as it was built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slategym.sim.compiled import Array, CompiledVisit, Mask, as_built
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_model import Sample, VisitOutcome
from slategym.sim.worlds.shop.kernel import observe_shop, sample_shop, step_shop
from slategym.sim.worlds.shop.parameters import DELAY_SHARES, MONTH
from slategym.utils.parallel import in_shards

if TYPE_CHECKING:
    from slategym.sim.world import World
    from slategym.sim.worlds.shop.model import ShopModel


UNSEEN = np.zeros((0, 0), np.float32)
NEWCOMERS = 128  # of them are worth a thread: one takes as long as several visits


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
        surplus = catalog.quality - catalog.appeal
        self.items = np.column_stack([catalog.taste, *columns, surplus, catalog.price]).astype(np.float32)
        self.season = model.season_of(np.arange(MONTH), catalog)
        self.segments = model.segments_of(catalog)
        self.satiation = np.float32(0.08 if model.satiation else 0)
        self.drift = np.float32(0.02 if model.drift else 0)
        self.leave = model.leave
        self.delays = np.cumsum(DELAY_SHARES)[: model.longest_delay]
        self.samples, self.sees = as_built(model, "compiled", "sample"), as_built(model, "compiled", "context", "sample")

    def step(
        self,
        rows: slice,
        seed: np.uint64,
        shoppers: Shoppers,
        slate: Items,
        done: VisitOutcome,
        observation: NDArray[np.float32],
        stays: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        state, traits = shoppers.state, shoppers.traits
        assert self.click_model is not None
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
            state["pending_conversions"],
            self.items,
            self.season,
            *self.segments,
            self.satiation,
            self.drift,
            self.leave,
            self.delays,
            self.visits,
            *self.click_model,
            done.clicks,
            done.converted,
            done.objectives,
            done.revenue,
            done.delay,
            done.terminated,
            done.truncated,
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
