"""Quality indicators of a set of points: hypervolume, expected utility, distance to a front, share covered.

All indicators assume maximisation and consider only the points, not mixtures of them. Distances, expected utility and coverage
depend on the units of the objectives: pass points in ranges, (V - nadir) / (utopia - nadir), if all objectives should count
equally.
Hypervolume and distances are computed by moocore, which the extra "mo" installs.
"""

from __future__ import annotations

from functools import cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.scalarizers.base import numbers
from slategym.bench.fronts.hull import lattice
from slategym.utils.optional import require

Floats = NDArray[np.float64]
WEIGHTS = 100  # the least number of weights of the standard set
TOLERANCE = 0.02


def hypervolume(points: ArrayLike, reference: ArrayLike) -> float:
    """The volume that points (p, M) dominate above a reference (M,); points that are not above it add nothing.

    Zitzler, Thiele, "Multiobjective optimization using evolutionary algorithms", PPSN V, 1998.
    """
    achieved = _points(points)
    return float(_moocore().hypervolume(achieved, numbers("reference", reference, achieved.shape[1]), maximise=True))


def inverted_generational_distance(points: ArrayLike, front: ArrayLike) -> float:
    """IGD: the mean distance from values of the front (f, M) to the nearest of the points (p, M).

    Coello Coello, Reyes Sierra, MICAI 2004. A point that is better than the front has the same distance as one that is worse.
    """
    return float(_moocore().igd(_points(points), ref=_points(front), maximise=True))


def inverted_generational_distance_plus(points: ArrayLike, front: ArrayLike) -> float:
    """IGD+: the mean over values of the front (f, M) of the distance by which the nearest of the points (p, M) falls short.

    Ishibuchi, Masuda, Tanigaki, Nojima, "Modified distance calculation in generational distance and inverted generational
    distance", EMO 2015. Only shortfalls count, so IGD+ is never larger for a better set.
    """
    return float(_moocore().igd_plus(_points(points), ref=_points(front), maximise=True))


def expected_utility(points: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The mean over weights (w, M) of the weighted sum of the best of the points (p, M).

    Zintgraf, Kanters, Roijers, Oliehoek, Beau, "Quality assessment of MORL algorithms: a utility-based approach", Benelearn 2015.

    Args:
        points: the points.
        weights: the weights; by default those of `weight_set`.
    """
    achieved = _points(points)
    given = weight_set(achieved.shape[1]) if weights is None else _points(weights)
    return float((given @ achieved.T).max(axis=1).mean())


def covered(points: ArrayLike, front: ArrayLike, tolerance: float = TOLERANCE) -> float:
    """The share of the values of a front (f, M) that one of the points (p, M) reaches, up to `tolerance` in each objective.

    This is additive epsilon-dominance (Laumanns, Thiele, Deb, Zitzler, Evolutionary Computation 10(3), 2002), as a share. The
    values should be spread evenly over the front, as those of `Front.sample` are, and all values should be in ranges.
    """
    achieved, values = _points(points), _points(front)
    reached = [(achieved >= value - tolerance).all(axis=1).any() for value in values]
    return float(np.mean(reached))


@cache
def weight_set(objectives: int, at_least: int = WEIGHTS) -> Floats:
    """(w, M) evenly spread weights that sum to one: the smallest lattice of Das and Dennis (1998) with at least `at_least`.

    With two objectives, the weights of the first are 0, 1 / 99, ..., 1; with three, there are 105 multiples of 1 / 13. The set is
    always the same, so that values from different runs can be compared.
    """
    steps = 1
    while objectives > 1 and comb(steps + objectives - 1, objectives - 1) < at_least:
        steps += 1
    result = lattice(objectives, steps)
    result.flags.writeable = False
    return result


def _points(points: ArrayLike) -> Floats:
    achieved = np.ascontiguousarray(points, np.float64)
    if achieved.ndim != 2 or not len(achieved) or not np.isfinite(achieved).all():
        raise ValueError(
            f"points have shape {achieved.shape}: expected (p, M) finite numbers, one row per point and at least one point"
        )
    return achieved


def _moocore() -> Any:
    return require("moocore", "mo")
