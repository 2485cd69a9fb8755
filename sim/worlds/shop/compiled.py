"""The compiled visit of `Shop-v0`, as far as the user model's methods are not overridden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_models.compiled import Array, CompiledVisit, Mask, as_built
from slategym.sim.user_models.history import HISTORY_DECAY
from slategym.sim.user_models.visit import Sample, VisitOutcome
from slategym.sim.worlds.shop.kernel import PARAMETERS, observe_shop, sample_shop, step_shop
from slategym.sim.worlds.shop.parameters import DELAY_SHARES, MONTH
from slategym.utils.parallel import in_shards

if TYPE_CHECKING:
    from slategym.sim.world import World
    from slategym.sim.worlds.shop.model import ShopModel


NONE, UNSEEN, PENDING = np.zeros(0, np.int8), np.zeros((0, 0), np.float32), np.zeros((0, 0), np.int16)
NEWCOMERS = 128  # new shoppers per thread: the sampling of one takes as long as several visits


class ShopVisit(CompiledVisit):
    """A compiled visit in `Shop-v0`."""

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
        items = np.column_stack([catalog.taste, *columns, surplus, catalog.price]).astype(np.float32)
        switched_off = {"satiation": not model.satiation, "drift": not model.drift}
        values = [0.0 if switched_off.get(name) else getattr(model.parameters, name) for name in PARAMETERS]
        parameters = np.array([*values, HISTORY_DECAY], np.float32)
        delays = np.cumsum(DELAY_SHARES)[: model.longest_delay]
        season = model.season_of(np.arange(MONTH), catalog)
        # In the order that the kernels require.
        self.world = (items, season, *model.segments_of(catalog), delays, parameters, model.leave, self.visits)
        self.samples, self.sees = as_built(model, "compiled", "sample"), as_built(model, "compiled", "context", "sample")

    @override
    def step(
        self,
        rows: slice,
        seed: np.uint64,
        shoppers: Shoppers,
        slate: Items,
        done: VisitOutcome,
        observation: NDArray[np.float32],
        staying: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        assert self.click_model is not None
        outcome = (done.clicks, done.converted, done.objectives, done.revenue, done.delay, done.terminated, done.truncated)
        step_shop(
            self.stages,
            rows.start,
            rows.stop,
            seed,
            slate,
            _arrays(shoppers.identity, shoppers.visit, shoppers.traits, shoppers.state),
            self.world,
            self.click_model,
            outcome,
            observation,
            staying,
            after is not None,
            observation if after is None else after,
        )

    def observe(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> bool:
        """Write the observation if `context` and `sample` are not overridden; return whether it did."""
        if self.sees:
            skip = np.zeros(len(shoppers), np.bool_)
            in_shards(len(shoppers), lambda rows: self.see(rows, shoppers, observation, skip))
        return self.sees

    def see(self, rows: slice, shoppers: Shoppers, observation: NDArray[np.float32], skip: Mask) -> None:
        """Write the observation of some rows, except those in the mask `skip`."""
        arrays = _arrays(shoppers.identity, shoppers.visit, shoppers.traits, shoppers.state)
        observe_shop(rows.start, rows.stop, arrays, self.world, observation, skip)

    def sample(self, seed: int, identity: NDArray[np.int64]) -> Sample | None:
        """Sample new shoppers if `sample` is not overridden; otherwise return None."""
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
        skip, key = np.zeros(n, np.bool_), np.uint64(seed)
        arrays = _arrays(identity, identity, traits, state)
        in_shards(n, lambda rows: sample_shop(rows.start, rows.stop, key, arrays, self.world, skip), NEWCOMERS)
        return traits, state


def _arrays(identity: Array, visit: Array, traits: Mapping[str, Array], state: Mapping[str, Array]) -> tuple[Array, ...]:
    """The arrays of shoppers, in the order that the kernels require.

    A model with its own `sample` may have no segment and no blur, and new shoppers have no history.
    """
    return (
        identity,
        visit,
        traits.get("segment", NONE),
        state["taste"],
        traits.get("blur", UNSEEN),
        traits["price_sensitivity"],
        traits["patience"],
        state["satisfaction"],
        state.get("exposure", UNSEEN),
        state.get("engagement", UNSEEN),
        state.get("pending_conversions", PENDING),
    )
