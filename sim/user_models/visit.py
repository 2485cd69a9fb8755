"""The stages of a visit, and the base of what is compiled of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from slategym.sim.shoppers import Array, Shoppers
from slategym.sim.slate import Items
from slategym.utils.short_repr import Brief


class Stage(IntEnum):
    """The parts of a visit, in their order: what a kernel does of them it does from the first on."""

    CLICKS = 1
    CONVERSION = 2
    CONVERSION_DETAILS = 3  # what is paid, when that becomes known, and the history that the recommender sees
    EVOLUTION = 4
    LEAVING = 5  # and with it the visit is over: the clock moves on
    OBSERVATION = 6  # what the recommender sees then, and who follows those who have gone


@dataclass(slots=True, repr=False)
class VisitOutcome(Brief):
    """The result of a kernel for a visit. Arrays of later stages are undefined; those stages are left to the user model.

    Attributes:
        stages: how many.
        clicks: (n, k) bool.
        converted: (n, k) bool.
        objectives: (n, 2) float32, how many were clicked and converted.
        revenue: (n, k) float32, what is paid.
        delay: (n, k) int8, how many visits later a conversion becomes known; undefined where nothing converted.
        terminated: (n,) bool, who leaves.
        truncated: (n,) bool, whose last visit it was; never with `terminated`.
        behaviours: (n, k) float32 by name, what shoppers did besides clicking and converting; never compiled.
        days_away: (n,) int64, the days until the next visit; None where days are not counted.
    """

    stages: int
    clicks: NDArray[np.bool_]
    converted: NDArray[np.bool_]
    objectives: NDArray[np.float32]
    revenue: NDArray[np.float32]
    delay: NDArray[np.int8]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]
    behaviours: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    days_away: NDArray[np.int64] | None = None

    @staticmethod
    def room(stages: int, shoppers: int, slate_size: int) -> VisitOutcome:
        """The arrays, with nothing in them yet."""
        n, k = shoppers, slate_size
        return VisitOutcome(
            stages,
            np.empty((n, k), np.bool_),
            np.empty((n, k), np.bool_),
            np.empty((n, 2), np.float32),
            np.empty((n, k), np.float32),
            np.empty((n, k), np.int8),
            np.empty(n, np.bool_),
            np.empty(n, np.bool_),
        )


Sample = tuple[Mapping[str, Array], Mapping[str, Array]]


class Kernel:
    """The compiled part of a world's user model; here nothing is compiled, and the methods of the user model do it all."""

    def visit(
        self,
        seed: int,
        shoppers: Shoppers,
        slate: Items,
        observation: NDArray[np.float32],
        after: NDArray[np.float32] | None = None,
    ) -> VisitOutcome:
        """Answer slates of items (n, k) and move the shoppers' state.

        Args:
            seed: of the simulation.
            shoppers: n of them.
            slate: (n, k).
            observation: (n, o), where the last stage writes what the recommender sees after the visit.
            after: (n, o); if it is given, the last stage also puts the next shopper of each row in the place of those who have
                gone, and writes here what the recommender sees of the shoppers then present.
        """
        return VisitOutcome.room(0, 0, 0)

    def observe(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> bool:
        """Write context, history and clock into the first columns of `observation` (n, o); False if that is left undone."""
        return False

    def sample(self, seed: int, identity: NDArray[np.int64]) -> Sample | None:
        """New shoppers, as `UserModel.sample` gives them."""
        return None
