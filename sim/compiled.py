"""Compiled visits: the shared loop over stages and shards, and worlds whose shoppers fall into cells."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.kernel.click_models import parameters
from slategym.sim.kernel.tabular import visit_cells
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_model import Kernel, UserModel, VisitOutcome
from slategym.utils.parallel import in_shards

if TYPE_CHECKING:
    from slategym.sim.world import World


Array = NDArray[Any]
Mask = NDArray[np.bool_]
ONE = slice(0, 1)


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
        self.click_model = parameters(model.click_model, world.slate_size)
        built = [as_built(model, *methods) for methods in self.stands_for]
        self.stages = 0 if self.click_model is None else [*built, False].index(False)

    def visit(
        self,
        seed: int,
        shoppers: Shoppers,
        slate: Items,
        observation: NDArray[np.float32],
        after: NDArray[np.float32] | None = None,
    ) -> VisitOutcome:
        """As far as the stages go; see `Kernel`."""
        done = VisitOutcome.room(self.stages, *slate.shape)
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
        done: VisitOutcome,
        observation: NDArray[np.float32],
        stays: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        """What `visit` does, for some rows; with a mask of nobody for who `stays`."""


class TabularVisit(CompiledVisit):
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
        done: VisitOutcome,
        observation: NDArray[np.float32],
        stays: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        assert self.click_model is not None
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
            *self.click_model,
            done.clicks,
            done.bought,
            done.earned,
        )
