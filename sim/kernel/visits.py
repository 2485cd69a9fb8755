"""Which part of a visit is compiled: as much as a user model has left as it was built."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from slategym.sim.catalog import Catalog
from slategym.sim.kernel.choices import parameters
from slategym.sim.kernel.shop import MONTH, visit_shop
from slategym.sim.kernel.table import visit_cells
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.user_model import NOTHING, Done, UserModel
from slategym.sim.workers import announced, in_shards

if TYPE_CHECKING:
    from slategym.sim.worlds.shop_model import ShopModel


class CompiledVisit(ABC):
    """A visit to the worlds of one user model, compiled.

    Attributes:
        stands_for: the methods of the user model that each stage replaces, or must come after, in the order clicks, conversion,
            history, evolution, leaving; the stages from the first overridden method on are
            left to the model itself.
    """

    stands_for: tuple[tuple[str, ...], ...]

    def __init__(self, model: UserModel, catalog: Catalog, slate_size: int) -> None:
        self.catalog = catalog
        self.choice = parameters(model.choice, slate_size)
        self.stages = self._as_built(model) if self.choice is not None else 0

    def _as_built(self, model: UserModel) -> int:
        """How many stages the model has left as the class built them that offers this kernel."""
        built = next(each for each in type(model).__mro__ if "compiled" in vars(each))
        for done, methods in enumerate(self.stands_for):
            if any(getattr(type(model), name) is not getattr(built, name) for name in methods):
                return done
        return len(self.stands_for)

    def __call__(self, seed: int, shoppers: Shoppers, slate: Items) -> Done:
        """Answer slates (n, k) and move the shoppers' state as far as the stages go."""
        if self.stages == 0:
            return NOTHING
        clicks, bought = np.empty(slate.shape, np.bool_), np.empty(slate.shape, np.bool_)
        earned, left = np.empty((len(slate), 2), np.float32), np.zeros(len(slate), np.bool_)

        def work(rows: slice) -> None:
            self.visit(np.uint64(seed), shoppers, slate, rows, clicks[rows], bought[rows], earned[rows], left[rows])

        with announced("the simulator's kernel"):
            in_shards(len(slate), work)
        stages = self.stages
        return Done(
            clicks=clicks if stages > 0 else None,
            bought=bought if stages > 1 else None,
            earned=earned if stages > 1 else None,
            history=stages > 2,
            evolved=stages > 3,
            left=left if stages > 4 else None,
        )

    @abstractmethod
    def visit(
        self, seed: np.uint64, shoppers: Shoppers, slate: Items, rows: slice, clicks: Any, bought: Any, earned: Any, left: Any
    ) -> None:
        """Answer some rows; of the arrays, `clicks`, `bought`, `earned` and `left` are those rows already."""


class ShopVisit(CompiledVisit):
    """A visit to `Shop-v0`."""

    stands_for = (("attraction", "mood", "clicks"), ("conversion",), ("spend", "delay"), ("evolve",), ("leaving",))

    def __init__(self, model: ShopModel, catalog: Catalog, slate_size: int) -> None:
        super().__init__(model, catalog, slate_size)
        self.model = model
        self.attracts, self.converts = model.item_attraction(catalog), model.item_conversion(catalog)
        self.worth = catalog.quality - catalog.appeal
        self.season = model.season_of(np.arange(MONTH), catalog)

    def visit(
        self, seed: np.uint64, shoppers: Shoppers, slate: Items, rows: slice, clicks: Any, bought: Any, earned: Any, left: Any
    ) -> None:
        model, catalog, state = self.model, self.catalog, shoppers.state
        assert self.choice is not None
        visit_shop(
            self.stages,
            seed,
            slate[rows],
            shoppers.identity[rows],
            shoppers.visit[rows],
            state["taste"][rows],
            shoppers.traits["price_sensitivity"][rows],
            shoppers.traits["patience"][rows],
            state["satisfaction"][rows],
            state["exposure"][rows],
            state["engagement"][rows],
            catalog.category,
            catalog.taste,
            self.attracts,
            self.converts,
            catalog.dearness,
            self.worth,
            self.season,
            np.float32(0.08 if model.satiation else 0),
            np.float32(0.02 if model.drift else 0),
            model.leave,
            *self.choice,
            clicks,
            bought,
            earned,
            left,
        )


class CellsVisit(CompiledVisit):
    """A visit to a world whose shoppers fall into cells of a table: `shoppers.cell` says into which.

    Args:
        attraction: (cells, m) float64.
        conversion: (cells, m) float64, given a click.
    """

    stands_for = (("attraction", "clicks"), ("conversion",))

    def __init__(
        self,
        model: UserModel,
        catalog: Catalog,
        slate_size: int,
        attraction: NDArray[np.float64],
        conversion: NDArray[np.float64],
    ) -> None:
        super().__init__(model, catalog, slate_size)
        self.attraction, self.conversion = np.ascontiguousarray(attraction), np.ascontiguousarray(conversion)

    def visit(
        self, seed: np.uint64, shoppers: Shoppers, slate: Items, rows: slice, clicks: Any, bought: Any, earned: Any, left: Any
    ) -> None:
        cell = shoppers.traits["cell"][rows]
        assert self.choice is not None
        visit_cells(
            self.stages,
            seed,
            slate[rows],
            shoppers.identity[rows],
            shoppers.visit[rows],
            cell,
            self.attraction,
            self.conversion,
            *self.choice,
            clicks,
            bought,
            earned,
        )
