"""Compiled visits: the shared loop over stages and shards, and worlds that divide shoppers into cells."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from slategym.sim.click_models import ClickModel
from slategym.sim.kernel.tabular import visit_cells
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_models.base import UserModel
from slategym.sim.user_models.visit import Kernel, Stage, VisitOutcome
from slategym.utils.parallel import in_shards

if TYPE_CHECKING:
    from slategym.sim.world import World


Array = NDArray[Any]
Mask = NDArray[np.bool_]
ONE = slice(0, 1)


def as_built(thing: object, builder: str, *methods: str) -> bool:
    """Whether an object's methods are those of the class that defines `builder`, the method that provides the compiled part."""
    own = type(thing)
    base = next(each for each in own.__mro__ if builder in vars(each))
    return all(getattr(own, name) is getattr(base, name) for name in methods)


def _kernel_of(click_model: ClickModel, slate_size: int) -> tuple[int, NDArray[np.float64]] | None:
    """The number of a click model's kernel and its parameters (r, k); None if its clicks are not compiled."""
    if not isinstance(click_model, ClickModel):  # raises an error at its first use
        return None
    found = click_model.kernel_parameters(slate_size)
    if found is None or not as_built(click_model, "kernel_parameters", "sample_clicks", "click_probability"):
        return None
    return int(found[0]), found[1]  # a plain int: Numba is slow to identify an enumeration


class CompiledVisit(Kernel):
    """A compiled visit in a world with one kind of user model.

    Attributes:
        stands_for: the methods of the user model that each `Stage` replaces, or that come before it. All stages from the first
            overridden method on are left to the user model.
        stages: the number of compiled stages.
    """

    stands_for: tuple[tuple[str, ...], ...]

    def __init__(self, model: UserModel, world: World) -> None:
        self.catalog, self.visits = world.catalog, world.visits
        self.click_model = _kernel_of(model.click_model, world.slate_size)
        built = [as_built(model, "compiled", *methods) for methods in self.stands_for]
        self.stages = 0 if self.click_model is None else [*built, False].index(False)
        # Parts that only some models have are not compiled, and neither is what follows them.
        if model.behaviours:
            self.stages = min(self.stages, Stage.CONVERSION_DETAILS)
        if model.longest_absence or model.browses:
            self.stages = min(self.stages, Stage.EVOLUTION)

    def visit(
        self,
        seed: int,
        shoppers: Shoppers,
        slate: Items,
        observation: NDArray[np.float32],
        after: NDArray[np.float32] | None = None,
    ) -> VisitOutcome:
        """Do the compiled stages; see `Kernel`."""
        done = VisitOutcome.room(self.stages, *slate.shape)
        if self.stages == 0:
            return done
        key, staying = np.uint64(seed), np.zeros(len(slate), np.bool_)
        if len(slate) == 1:  # every call is significant here
            self.step(ONE, key, shoppers, slate, done, observation, staying, after)
        else:
            in_shards(len(slate), lambda rows: self.step(rows, key, shoppers, slate, done, observation, staying, after))
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
        staying: Mask,
        after: NDArray[np.float32] | None,
    ) -> None:
        """Do the part of `visit` for some rows; `staying` is an all-false mask."""


class TabularVisit(CompiledVisit):
    """A compiled visit in a world that divides shoppers into cells of a table: `shoppers.cell` is the number of the cell.

    Args:
        attraction: (cells, m) float64.
        conversion: (cells, m) float64, the probability given a click.
    """

    stands_for = (("attraction", "clicks"), ("conversion",))

    def __init__(self, model: UserModel, world: World, attraction: NDArray[np.float64], conversion: NDArray[np.float64]) -> None:
        super().__init__(model, world)
        self.attraction, self.conversion = np.ascontiguousarray(attraction), np.ascontiguousarray(conversion)

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
        visit_cells(
            self.stages,
            rows.start,
            rows.stop,
            seed,
            slate,
            (shoppers.identity, shoppers.visit, shoppers.traits["cell"]),
            (self.attraction, self.conversion),
            self.click_model,
            (done.clicks, done.converted, done.objectives),
        )
