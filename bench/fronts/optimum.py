"""The best mixture of slates for a concave utility, with a certificate of optimality."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.fronts.achievable import AchievableSet, reach_of
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
TOLERANCE = 1e-8
CALLS = 500


@dataclass(frozen=True, repr=False)
class Optimum(Brief):
    """The best mixture for a utility.

    Attributes:
        value: (M,) the mean objectives per slate of the mixture.
        utility: the utility of this value (of the mean, not the mean of utilities).
        gap: the certificate: no other mixture has a utility that is higher by more than this.
        mixture: (p,) the probability of each part, above 0; they sum to one.
        parts: (p, M) the values of the parts, each of the best slates for some weights.
        weights: (M,) the gradient at the optimum, or the supergradient that certifies it; for these weights all parts are about
            as good as the best slates. For a Lagrangian, 1 for the objective and the multipliers for the others.
        oracle: "exact", "approximate" or "estimated", see `AchievableSet`.
    """

    value: Floats
    utility: float
    gap: float
    mixture: Floats
    parts: Floats
    weights: Floats
    oracle: str


def optimum(
    world: World | str | AchievableSet,
    scalarizer: Scalarizer,
    *,
    shoppers: Shoppers | int = 1000,
    seed: int = 0,
    tolerance: float = TOLERANCE,
    calls: int = CALLS,
) -> Optimum:
    """The mixture of slates whose mean value has the highest utility.

    The best mixture of the parts found so far bounds the optimal utility from below, and the utility's tangents at the values
    tried so far bound it from above. A linear programme finds the mixture that is best by the tangents. Its dual gives the
    weights for which the world's best slates become the next part, and their value bounds every mixture. This is column
    generation (Dantzig and Wolfe, Operations Research 8, 1960) with the cutting planes of Kelley (SIAM Journal 8, 1960), or a
    fully corrective Frank-Wolfe method whose certificate also holds where the utility has corners. Constraints of a `Lagrangian`
    are rows of the programme; for a `Schedule`, the present part is used. Rounding in the world leaves relative errors of about
    1e-7.

    Args:
        world: a world or its name, whose new shoppers are used, or an `AchievableSet`.
        scalarizer: a scalarizer in its present state: a Nash welfare that estimates its disagreement uses its present estimate.
        shoppers: see `AchievableSet`.
        seed: see `AchievableSet`.
        tolerance: the gap at which to stop, as a share of the change of the utility over the ranges of the objectives.
        calls: the largest number of calls of the world; the gap is the precision reached.

    Raises:
        ValueError: the utility is not concave, or no mixture meets the constraints.
    """
    reach = reach_of(world, shoppers, seed)
    scalarizer = scalarizer.now
    if not scalarizer.is_concave:
        raise ValueError(
            f"the utility of {type(scalarizer).__name__} is not concave: use its `goal` instead, or compute the whole front"
        )
    _check(scalarizer, reach.objective_names)
    search = _Search(reach, tolerance, calls)
    if scalarizer.constraints:
        return _constrained(search, scalarizer)
    return search.run(scalarizer.utility, scalarizer.gradient)


def _check(scalarizer: Scalarizer, objectives: tuple[str, ...]) -> None:
    try:
        fits = np.shape(scalarizer.weights(np.zeros(len(objectives)))) == (len(objectives),)
    except ValueError:  # arrays of different lengths
        fits = False
    if not fits:
        names = ", ".join(objectives)
        raise ValueError(
            f"{type(scalarizer).__name__} is made for another number of objectives: there are {len(objectives)}, {names}"
        )


def _constrained(search: _Search, scalarizer: Scalarizer) -> Optimum:
    number, sign, bound = map(np.array, zip(*scalarizer.constraints, strict=True))
    rows = np.zeros((len(number), len(search.ranges)))
    rows[np.arange(len(rows)), number] = sign
    limits = sign * bound
    scale = np.abs(rows) @ search.ranges

    def room(value: Floats) -> float:
        return float(((rows @ value - limits) / scale).min())

    def steepest(value: Floats) -> Floats:
        tightest = int(((rows @ value - limits) / scale).argmin())
        return np.asarray(rows[tightest] / scale[tightest])

    feasible = search.run(room, steepest, enough=0.0)
    short = -feasible.utility
    if short > search.tolerance:
        names, value = search.reach.objective_names, feasible.value
        wanted = " and ".join(
            f"{names[number]} {'>=' if sign > 0 else '<='} {bound:g}" for number, sign, bound in scalarizer.constraints
        )
        nearest = ", ".join(f"{name} {each:.6g}" for name, each in zip(names, value, strict=True))
        raise ValueError(f"no mixture of slates has {wanted}: the nearest has {nearest}")
    # Relax constraints that are missed only by rounding errors.
    limits = np.minimum(limits, limits - max(short, 0.0) * scale)
    goal = scalarizer.unconstrained
    return search.run(goal.utility, goal.gradient, rows=rows, limits=limits)


class _Search:
    """The parts found so far, which are kept from one utility to the next.

    Args:
        reach: the achievable set.
        tolerance: see `optimum`.
        calls: see `optimum`.
    """

    def __init__(self, reach: AchievableSet, tolerance: float, calls: int) -> None:
        if not tolerance > 0:
            raise ValueError(f"tolerance is {tolerance}: expected a number above 0")
        self.reach, self.tolerance, self.calls = reach, tolerance, calls
        count = len(reach.objective_names)
        ends = np.array([reach.best(each)[0] for each in np.eye(count)])
        spread = ends.max(axis=0) - ends.min(axis=0)
        self.ranges = np.where(spread > 0, spread, np.maximum(np.abs(ends).max(axis=0), 1e-12))
        self.parts = np.unique(np.vstack([ends, reach.best(1 / self.ranges)[0]]), axis=0)

    def run(
        self,
        utility: Callable[[Floats], float],
        gradient: Callable[[Floats], Floats],
        *,
        rows: Floats | None = None,
        limits: Floats | None = None,
        enough: float = np.inf,
    ) -> Optimum:
        """Maximise a concave utility of V, subject to rows (c, M) @ V >= limits (c,); at most to `enough`."""
        rows = np.zeros((0, len(self.ranges))) if rows is None else rows
        limits = np.zeros(0) if limits is None else limits
        tried = [self.parts.mean(axis=0)]
        levels, slopes = [utility(tried[0])], [gradient(tried[0])]
        best, upper = None, np.inf
        for _ in range(self.calls):
            tangents = np.array(slopes), np.array(levels) - np.einsum("jm,jm->j", np.array(slopes), np.array(tried))
            mixture, at_tangent, at_limit = _programme(self.parts, *tangents, rows, limits, self.ranges)
            value = mixture @ self.parts
            level = utility(value)
            weights = at_tangent @ tangents[0] + at_limit @ rows
            if best is None or level > best[1]:
                best = (value, level, mixture, self.parts, weights)
            # If all weights are 0, only the limits matter, and all parts are equally good.
            part, most = self.reach.best(weights) if weights.any() else (self.parts[0], 0.0)
            bound = float(at_tangent @ tangents[1] - at_limit @ limits + most)
            if bound < upper:
                upper = bound
                best = (*best[:4], weights)
            size = float(np.abs(weights) @ self.ranges)
            known = (np.abs(self.parts - part) <= 1e-12 * self.ranges).all(axis=1).any()
            stuck = known and any((np.abs(value - each) <= 1e-12 * self.ranges).all() for each in tried)
            if best[1] >= enough or upper - best[1] <= self.tolerance * size or stuck:
                break
            if not known:
                self.parts = np.vstack([self.parts, part])
            tried.append(value)
            levels.append(level)
            slopes.append(gradient(value))
        assert best is not None
        value, level, mixture, parts, weights = best
        used = mixture > 1e-9
        return Optimum(
            value, level, max(upper - level, 0.0), mixture[used] / mixture[used].sum(), parts[used], weights, self.reach.oracle
        )


def _programme(
    parts: Floats, slopes: Floats, offsets: Floats, rows: Floats, limits: Floats, ranges: Floats
) -> tuple[Floats, Floats, Floats]:
    """The mixture (p,) of parts (p, M) that maximises the lowest of the tangents slopes (j, M) @ V + offsets (j,).

    It is subject to the constraints rows (c, M) @ V >= limits (c,).

    Returns:
        The mixture, and the dual: the share (j,) of each tangent and the price (c,) of each limit.

    Raises:
        RuntimeError: the linear programme failed.
    """
    # Scale all numbers to about one: values by their centre and ranges, utilities by the flattest tangent's change over these.
    middle = parts.mean(axis=0)
    unit = float((np.abs(slopes) @ ranges).min()) or 1.0
    heights = (slopes @ middle + offsets) / unit
    base = heights.min()
    scale = np.abs(rows) @ ranges
    tangents = np.column_stack([-(slopes / unit) @ (parts - middle).T, np.ones(len(slopes))])
    bounds = np.column_stack([-(rows / scale[:, None]) @ (parts - middle).T, np.zeros(len(rows))])
    from scipy.optimize import linprog  # slow to import, and most runs have no goal

    solved = linprog(
        np.append(np.zeros(len(parts)), -1.0),
        A_ub=np.vstack([tangents, bounds]),
        b_ub=np.append(heights - base, (rows @ middle - limits) / scale),
        A_eq=np.append(np.ones(len(parts)), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * len(parts) + [(None, None)],
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if not solved.success:
        raise RuntimeError(f"the linear programme of the optimum failed: {solved.message}")
    mixture = np.maximum(np.asarray(solved.x)[:-1], 0)
    prices = np.maximum(-np.asarray(solved.ineqlin.marginals), 0)
    shares, prices = prices[: len(slopes)], prices[len(slopes) :]
    total = shares.sum()
    return mixture / mixture.sum(), shares / total, prices / total * unit / scale
