"""The achievable values of mixtures of slates: a convex set, described by its best points."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World
from slategym.sim.worlds import make_world

Floats = NDArray[np.float64]


class AchievableSet:
    """The mean values (M,) per slate that slates and mixtures of slates can achieve for some shoppers, who do not change.

    A mixture shows each shopper one of several slates with given probabilities; the achievable values are the convex hull of the
    values of slates. The best point in a direction is the mean over shoppers of the world's best slate for these weights.

    Args:
        world: a world or its name.
        shoppers: `Shoppers` in their present state, or a number of new shoppers.
        seed: the seed of the new shoppers.

    Attributes:
        objective_names: the names of the M objectives.
        oracle: the quality of the best slates: "exact", "approximate" (near the best; `best` then also returns an upper bound),
            or "estimated" (the probabilities themselves are estimates).
        calls: number of calls of `best`.

    Raises:
        ValueError: there are no shoppers.
    """

    def __init__(self, world: World | str, shoppers: Shoppers | int = 1000, seed: int = 0) -> None:
        self.world = make_world(world) if isinstance(world, str) else world
        if isinstance(shoppers, int):
            if shoppers < 1:
                raise ValueError(f"shoppers is {shoppers}: expected at least 1")
            shoppers = self.world.shoppers(seed, np.arange(shoppers))
        self.shoppers = shoppers
        self.objective_names = tuple(self.world.objective_names)
        exact, estimated = self.world.oracle_is_exact, self.world.estimated
        self.oracle = "exact" if exact else "estimated" if estimated else "approximate"
        self.calls = 0

    def best(self, weights: ArrayLike) -> tuple[Floats, float]:
        """The value (M,) of the best slates for weights (M,), and a bound on weights . value that no mixture exceeds.

        Raises:
            ValueError: the weights are not M finite numbers, or are all zero.
        """
        direction = np.asarray(weights, np.float64)
        if direction.shape != (len(self.objective_names),) or not np.isfinite(direction).all() or not direction.any():
            names = ", ".join(self.objective_names)
            raise ValueError(f"weights is {weights!r}: expected a finite number for each of {names}, not all zero")
        size = np.abs(direction).max()
        scaled = direction / size  # some computations of the world use float32
        self.calls += 1
        slate = self.chosen(scaled)
        value = self.world.expected(self.shoppers, slate).mean(axis=0)
        reached = float(scaled @ value)
        if self.oracle == "approximate":
            reached = max(reached, float(np.mean(self.world.bound(self.shoppers, scaled))))
        return value, float(size * reached)

    def chosen(self, weights: Floats) -> Items:
        """(n, k) the best slates for weights (M,).

        Args:
            weights: the weights of the objectives; the largest should be about 1.
        """
        return self.world.best_slate(self.shoppers, weights)


def reach_of(world: Any, shoppers: Shoppers | int = 1000, seed: int = 0) -> AchievableSet:
    """The given set, or the set of a given world."""
    return world if isinstance(world, AchievableSet) else AchievableSet(world, shoppers, seed)
