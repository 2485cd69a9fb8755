"""What the paths of agents lead towards: the exact Pareto front of a world, where it is quickly known."""

from __future__ import annotations

from slategym.bench.fronts.front import front
from slategym.sim.world import World

SHOPPERS = 200  # newcomers, whose front it is
PRECISION = 0.01  # of the front, in ranges
CELLS = 2_000_000  # shoppers times items, at most


def front_towards(world: World) -> list[list[float]] | None:
    """Values on the exact front of a world's newcomers.

    Args:
        world: any.

    Returns:
        (p, 2), in rising order of the first objective; None where there are other than two objectives, where the world changes or
        its probabilities are estimates, and where it would take long.
    """
    if len(world.objective_names) != 2 or world.schedule or world.rules or world.estimated:
        return None
    if SHOPPERS * world.catalog.size > CELLS:
        return None
    found = front(world, shoppers=SHOPPERS, precision=PRECISION).values
    return [[float(f"{value:.6g}") for value in row] for row in found]
