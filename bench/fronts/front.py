"""The exact Pareto front over mixtures of slates, computed from the world's best slates for a sequence of weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.scalarizers.base import Scalarizer, numbers
from slategym.bench.fronts.achievable import AchievableSet, reach_of
from slategym.bench.fronts.hull import hull_below, on_faces, volume_above
from slategym.bench.fronts.optimum import Optimum, optimum
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
PRECISION = 1e-3
CALLS = 2000
LEAST = 1e-5  # the least weight of an objective, in ranges, so that no dominated values are found


@dataclass(frozen=True, repr=False)
class Front(Brief):
    """The Pareto front of the mean values of mixtures of slates, for shoppers who do not change.

    The front lies between the mixtures of `values` (the inner bound) and `directions @ V <= most` (the outer bound).

    Attributes:
        objectives: the names of the M objectives.
        values: (p, M) float64, values on the front in ascending order of the first objective; the front consists of their
            mixtures, up to `precision`.
        weights: (p, M), for each value, weights for which it is the best.
        utopia: (M,) the best value of each objective alone.
        nadir: (M,) the worst value of each objective on the front; with three objectives or more, the worst one found.
        precision: the largest distance from the mixtures of `values` to the outer bound, in ranges (utopia - nadir).
        directions: (q, M), the weights for which the world's best slates were computed.
        most: (q,), bounds that no mixture exceeds in these directions.
        oracle: "exact"; "approximate" if the slates are only near the best, with `most` as a bound; or "estimated".
        reach: the achievable set, for further computations.
    """

    objectives: tuple[str, ...]
    values: Floats
    weights: Floats
    utopia: Floats
    nadir: Floats
    precision: float
    directions: Floats
    most: Floats
    oracle: str
    reach: AchievableSet = field(repr=False)

    @property
    def ranges(self) -> Floats:
        """(M,) utopia - nadir; for a constant objective, its absolute value instead."""
        return _ranges(self.utopia, self.nadir)

    def hypervolume(self, reference: ArrayLike | None = None) -> float:
        """The volume between a reference and the front, in units of the objectives.

        Args:
            reference: (M,), the reference point; by default the nadir.
        """
        start = self.nadir if reference is None else numbers("reference", reference, len(self.objectives))
        values, floor = (self.values - self.nadir) / self.ranges, (start - self.nadir) / self.ranges
        return volume_above(values, floor) * float(self.ranges.prod())

    def sample(self, count: int = 500) -> Floats:
        """(s, M) values that are spread evenly over the front, including mixtures.

        Args:
            count: the approximate number of values.
        """
        values = (self.values - self.nadir) / self.ranges
        faces = hull_below(values, values.min(axis=0) - 1).faces
        return on_faces(values, faces, count) * self.ranges + self.nadir

    def beyond(self, values: ArrayLike) -> Floats:
        """(...) the distance of values from the outer bound, in ranges: above 0 outside, below 0 inside.

        Args:
            values: (..., M).
        """
        inside = np.asarray(values, np.float64) @ self.directions.T - self.most
        return np.asarray((inside / np.linalg.norm(self.directions * self.ranges, axis=1)).max(axis=-1))

    def short_of(self, values: ArrayLike) -> Floats:
        """(n,) the distance by which values fall short of the front, in ranges: 0 on the front, below 0 beyond it.

        Args:
            values: (n, M).
        """
        at = (np.atleast_2d(np.asarray(values, np.float64)) - self.nadir) / self.ranges
        known = (self.values - self.nadir) / self.ranges
        hull = hull_below(known, np.minimum(known.min(axis=0), at.min(axis=0)) - 1)
        return np.asarray((hull.levels - at @ hull.normals.T).min(axis=1))

    def optimum(self, scalarizer: Scalarizer, **options: Any) -> Optimum:
        """The best mixture for a concave utility; it is exact for any precision of the front.

        Args:
            scalarizer: a scalarizer with a concave utility.
            options: see `bench.fronts.optimum.optimum`.
        """
        return optimum(self.reach, scalarizer, **options)


def front(
    world: World | str | AchievableSet,
    *,
    shoppers: Shoppers | int = 1000,
    seed: int = 0,
    precision: float = PRECISION,
    calls: int = CALLS,
) -> Front:
    """Compute the Pareto front over mixtures of slates.

    The method is a sandwich algorithm: the hull of the values found so far is the inner bound, and the bounds of the world are
    the outer bound. The next weights are the normals of those faces of the hull that are furthest from the outer bound (Rennen,
    van Dam, den Hertog, "Enhancement of sandwich algorithms for approximating higher-dimensional convex Pareto sets", INFORMS
    Journal on Computing 23, 2011). The order of the weights does not depend on `precision`, so a finer front contains all values
    of a coarser one.

    Args:
        world: a world or its name, whose new shoppers are used, or an `AchievableSet`.
        shoppers: see `AchievableSet`.
        seed: see `AchievableSet`.
        precision: the distance between the inner and the outer bound, in ranges, at which to stop; below 1e-5, rounding errors
            dominate.
        calls: the approximate largest number of calls of the world; `Front.precision` is the precision reached. A call takes as
            long as a step of an oracle. With two objectives, tens of calls suffice for 1e-3; with three, hundreds for 1e-2.

    Raises:
        ValueError: an argument is out of its range.
    """
    if not precision > 0:
        raise ValueError(f"precision is {precision}: expected a share of the ranges above 0, such as {PRECISION}")
    reach = reach_of(world, shoppers, seed)
    search = _Search(reach)
    reached, to_gain = search.refine()
    # With an approximate oracle, the distance to the bound does not go to 0, so the largest new gain is also checked.
    while min(reached, to_gain) > precision and reach.calls - search.before < calls:
        search.grow()
        reached, to_gain = search.refine()
    return search.front(reached)


class _Search:
    """Refines a growing hull, in units of the ranges, with the utopia as origin."""

    def __init__(self, reach: AchievableSet) -> None:
        self.reach, self.before = reach, reach.calls
        count = len(reach.objective_names)
        alone = np.array([reach.best(each)[0] for each in np.eye(count)])
        self.utopia = alone.max(axis=0)
        # If several slates are best for one objective, take the one that is best for the others.
        ranges = _ranges(self.utopia, alone.min(axis=0))
        ends = np.array([reach.best(np.where(each > 0, 1.0, LEAST) / ranges)[0] for each in np.eye(count)])
        self.ranges = _ranges(self.utopia, ends.min(axis=0))
        self.known: dict[bytes, float] = {}  # the bound that no mixture exceeds, by direction
        self.asked: dict[bytes, tuple[Floats, Floats]] = {}  # the weights and the value, by direction
        self.values: list[Floats] = []
        self.waiting: list[tuple[float, Floats]] = []
        self._directions: list[Floats] = []
        self._most: list[float] = []
        for each in np.eye(count):
            self._ask(each)
            self._add(self.asked[each.tobytes()][1])

    def refine(self) -> tuple[float, float]:
        """Compute the best slates for the normal of every face of the hull of the values added so far.

        Returns:
            The largest distance from a face to the outer bound, and to a new value.
        """
        points = np.array(self.values)
        hull = hull_below(points, points.min(axis=0) - 1)
        outside = [self._ask(normal) - level for normal, level in zip(hull.normals, hull.levels, strict=True)]
        found = [self.asked[self._key(normal)][1] for normal in hull.normals]
        gains = [float(normal @ value - level) for normal, value, level in zip(hull.normals, found, hull.levels, strict=True)]
        self.waiting = [(gain, value) for gain, value in zip(gains, found, strict=True) if gain > 0 and self._new(value)]
        return max([0.0, *outside]), max([0.0, *(gain for gain, _ in self.waiting)])

    def grow(self) -> None:
        """Add the values that are furthest beyond their faces."""
        furthest = max(gain for gain, _ in self.waiting)
        for gain, value in self.waiting:
            if gain > furthest / 2:
                self._add(value)

    def front(self, precision: float) -> Front:
        """The front found so far."""
        weights, values = (np.array(each) for each in zip(*self.asked.values(), strict=True))
        _, first = np.unique(np.round(values, 10), axis=0, return_index=True)
        kept = np.array([row for row in first if not _bettered(values[row], values[first])], np.int64)
        kept = kept[np.lexsort(values[kept].T[::-1])]
        final = values[kept] * self.ranges + self.utopia
        asked = np.array(self._directions) / self.ranges
        most = np.array(self._most) + asked @ self.utopia
        return Front(
            self.reach.objective_names,
            final,
            weights[kept],
            self.utopia,
            final.min(axis=0),
            precision,
            asked,
            most,
            self.reach.oracle,
            self.reach,
        )

    @staticmethod
    def _key(normal: Floats) -> bytes:
        return np.asarray(np.round(normal, 9) + 0.0).tobytes()

    def _ask(self, normal: Floats) -> float:
        """The bound that no mixture exceeds in a direction (M,), in ranges."""
        key = self._key(normal)
        if key not in self.known:
            weights = normal / self.ranges
            value, most = self.reach.best(weights)
            if normal.min() < LEAST and len(normal) > 1:
                weights = np.maximum(normal, LEAST) / self.ranges
                value, _ = self.reach.best(weights)
            self.known[key] = most - float(normal / self.ranges @ self.utopia)
            self.asked[key] = weights / weights.sum(), (value - self.utopia) / self.ranges
            self._directions.append(normal)
            self._most.append(self.known[key])
        return self.known[key]

    def _new(self, value: Floats) -> bool:
        return not any((np.abs(value - each) < 1e-9).all() for each in self.values)

    def _add(self, value: Floats) -> None:
        if self._new(value):
            self.values.append(value)


def _ranges(utopia: Floats, nadir: Floats) -> Floats:
    ranges, size = utopia - nadir, np.abs(utopia)
    return np.where(ranges > 1e-9 * size, ranges, np.where(size > 0, size, 1.0))


def _bettered(value: Floats, others: Floats) -> bool:
    return bool(((others >= value).all(axis=1) & (others > value).any(axis=1)).any())
