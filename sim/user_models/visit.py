"""The stages of a visit, and the base of their compiled form."""

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
    """The stages of a visit, in order; a kernel does the first ones, up to some stage."""

    CLICKS = 1
    CONVERSION = 2
    CONVERSION_DETAILS = 3  # the amount paid, when the conversion becomes known, and the history that the recommender sees
    EVOLUTION = 4
    LEAVING = 5  # the end of the visit: the clock advances
    OBSERVATION = 6  # the next observation, and the shoppers who replace those who left


@dataclass(slots=True, repr=False)
class VisitOutcome(Brief):
    """The result of a kernel for a visit. Arrays of stages that are not compiled are undefined; the user model does these.

    Attributes:
        stages: the number of compiled stages.
        clicks: (n, k) bool.
        converted: (n, k) bool.
        objectives: (n, 2) float32, the numbers of clicks and conversions.
        revenue: (n, k) float32, the amount paid.
        delay: (n, k) int8, the number of visits until a conversion becomes known; undefined without a conversion.
        terminated: (n,) bool, the shopper leaves.
        truncated: (n,) bool, it was the last visit; never true together with `terminated`.
        behaviours: (n, k) float32 by name, what shoppers did besides clicking and converting; never compiled.
        days_away: (n,) int64, the days until the next visit; None if days are not counted.
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
        """Make the arrays, without setting their values."""
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
    """The compiled part of a world's user model. In this base nothing is compiled: the user model's methods do everything."""

    def visit(
        self,
        seed: int,
        shoppers: Shoppers,
        slate: Items,
        observation: NDArray[np.float32],
        after: NDArray[np.float32] | None = None,
    ) -> VisitOutcome:
        """Answer slates of items (n, k) and change the shoppers' state.

        Args:
            seed: the seed of the simulation.
            shoppers: n shoppers.
            slate: (n, k).
            observation: (n, o), into which the last stage writes the observation after the visit.
            after: (n, o); if it is given, the last stage also replaces shoppers who left by the next shopper of their row, and
                writes the observation of the shoppers who are then there.
        """
        return VisitOutcome.room(0, 0, 0)

    def observe(self, shoppers: Shoppers, observation: NDArray[np.float32]) -> bool:
        """Write context, history and clock into the first columns of `observation` (n, o); return False if not."""
        return False

    def sample(self, seed: int, identity: NDArray[np.int64]) -> Sample | None:
        """Sample new shoppers, as `UserModel.sample` does; None if this is not compiled."""
        return None
