"""The compiled visit of SARDINE's worlds, as far as the user model's methods are not overridden."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_models.compiled import CompiledVisit, Mask, as_built
from slategym.sim.user_models.history import HISTORY_DECAY
from slategym.sim.user_models.visit import VisitOutcome
from slategym.sim.worlds.sardine.kernel import observe_sardine, visit_sardine
from slategym.sim.worlds.sardine.parameters import OFFSET, WINDOW
from slategym.utils.parallel import in_shards

if TYPE_CHECKING:
    from slategym.sim.world import World
    from slategym.sim.worlds.sardine.model import SardineModel


class SardineVisit(CompiledVisit):
    """A compiled visit in SARDINE's worlds; the sampling of new users is not compiled."""

    stands_for = (
        ("attraction", "present_interests", "clicks"),
        ("conversion",),
        ("spend", "delay"),
        ("evolve",),
        ("leaving",),
    )

    def __init__(self, model: SardineModel, world: World) -> None:
        super().__init__(model, world)
        self.threshold = model.boredom_threshold
        self.sees = as_built(model, "compiled", "context", "sample")
        # In the order that the kernels require.
        self.world = (
            world.catalog.taste.astype(np.float64),
            world.catalog.category,
            np.float32(HISTORY_DECAY),
            float(model.slope),
            OFFSET,
            float(model.omega),
            model.boredom_threshold,
            WINDOW,
            model.mean_over_topics,
            model.topics_alone,
            world.visits,
        )

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
        outcome = (done.clicks, done.converted, done.objectives, done.revenue, done.terminated, done.truncated)
        visit_sardine(self.stages, rows.start, rows.stop, seed, slate, _arrays(shoppers), self.world, self.click_model, outcome)

    @override
    def observe(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> bool:
        """Write the observation if `context` and `sample` are not overridden; return whether it did."""
        if self.sees:
            arrays, visits = _arrays(shoppers), self.visits

            def work(rows: slice) -> None:
                observe_sardine(rows.start, rows.stop, arrays, self.threshold, visits, observation)

            in_shards(len(shoppers), work)
        return self.sees


def _arrays(shoppers: Shoppers) -> tuple[Any, ...]:
    """The arrays of users, in the order that the kernels require."""
    state = shoppers.state
    names = ("interests", "clicked_topic", "clicked_ago", "boredom", "exposure", "engagement")
    return (shoppers.identity, shoppers.visit, *(state[name] for name in names))
