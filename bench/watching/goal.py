"""The exact Pareto front of a world for the live page, if it can be computed quickly."""

from __future__ import annotations

from slategym.bench.fronts.front import front
from slategym.sim.world import World

SHOPPERS = 200  # number of new shoppers whose front is computed
PRECISION = 0.01  # of the front, in ranges
CELLS = 2_000_000  # maximum of shoppers times items


def front_towards(world: World) -> list[list[float]] | None:
    """Values on the exact front of new shoppers of a world.

    Args:
        world: any world.

    Returns:
        (p, 2), in ascending order of the first objective; None if there are not exactly two objectives, if the world changes or
        its probabilities are estimates, or if it would take long.
    """
    if len(world.objective_names) != 2 or world.schedule or world.rules or world.estimated:
        return None
    if SHOPPERS * world.catalog.size > CELLS:
        return None
    found = front(world, shoppers=SHOPPERS, precision=PRECISION).values
    return [[float(f"{value:.6g}") for value in row] for row in found]
