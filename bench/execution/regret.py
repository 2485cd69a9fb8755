"""The baseline of the regret of a run: the best utility that any mixture of slates could have."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.choosing.exploration import draw_slates
from slategym.agents.scalarizers import Reference, make_scalarizer
from slategym.agents.scalarizers.base import FixedSum, Scalarizer
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.fronts.optimum import optimum
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
SHOPPERS = 2000  # at most, whose front gives the reference and the tangents
ROOM = 20_000_000  # of these times the items to choose from
SLATES = 10  # drawn at random for each of them
SEED = 0x5CA1A2  # of those shoppers, the same for every run, so that every run is judged by one utility


def observed_sample(world: World) -> tuple[int, int]:
    """The newcomers behind references and tangents, their number and their seed.

    There are fewer where the oracle takes its time: in large catalogues, and where it has to search.

    Args:
        world: the world that the shoppers visit.
    """
    return max(200, min(SHOPPERS if world.oracle_is_exact else SHOPPERS // 4, ROOM // world.choices)), SEED


def _reach(world: World) -> AchievableSet:
    return AchievableSet(world, *observed_sample(world))


def reference_of(world: World) -> Reference:
    """The utopia of a world, from its oracle, and the disagreement: what slates drawn at random are worth, in expectation.

    Both are means over newcomers, the same ones whatever the run, so that every agent and every seed is judged by the same
    utility. Random slates are the policy that needs no choice, and the logging policy of a shop that explores.
    """
    reach = _reach(world)
    shoppers = len(reach.shoppers)
    utopia = np.array([reach.best(each)[0][number] for number, each in enumerate(np.eye(len(world.objective_names)))])
    random = np.random.Generator(np.random.Philox(SEED))
    drawn = [draw_slates(random, shoppers, world.slate_size, world.choices) for _ in range(SLATES)]
    return Reference(utopia, np.mean([world.expected(reach.shoppers, slates) for slates in drawn], axis=(0, 1)))


@dataclass(frozen=True, repr=False)
class UtilityTarget(Brief):
    """A utility, from a number of slates on, and a tangent above it.

    Attributes:
        start: the slates from which it holds.
        scalarizer: its utility.
        weights: g, (M,) the gradient at the optimum of some shoppers.
        offset: c, with u(V) <= c + g . V for every V. So for any shoppers no mixture has more utility than c plus the g-weighted
            value of their best slates for g; by how much less the best one has is of second order in how far these shoppers'
            optimum is from that of the shoppers behind g. Of a fixed sum it is exact.
    """

    start: int
    scalarizer: Scalarizer
    weights: Floats
    offset: float

    def utility(self, value: ArrayLike) -> float:
        """The utility of a mean value (M,)."""
        return self.scalarizer.utility(value)

    def most(self, best: ArrayLike) -> float:
        """The utility that no mixture exceeds, where the best slates for `weights` have the mean value `best` (M,)."""
        return float(self.offset + np.asarray(best, np.float64) @ self.weights)


@dataclass(frozen=True)
class RegretBaseline:
    """The goals of a run, one after another; all but a schedule have one.

    Attributes:
        goals: in the order of their starts, the first at 0.
    """

    goals: tuple[UtilityTarget, ...]

    @staticmethod
    def fixed(weights: Sequence[float]) -> RegretBaseline:
        """Of a fixed sum."""
        scalarizer = FixedSum(weights)
        return RegretBaseline((UtilityTarget(0, scalarizer, scalarizer.weights(weights), 0.0),))

    @staticmethod
    def of(
        world: World,
        scalarizer: Scalarizer | str,
        reference: Reference | None = None,
        reach: AchievableSet | None = None,
    ) -> RegretBaseline:
        """Of a scalarizer in a world, of which it keeps copies.

        Args:
            world: the world in which the slates are shown.
            scalarizer: the goal, or its text.
            reference: by which the scalarizer is settled; by default the world's.
            reach: what can be achieved; by default by the oracle.

        Raises:
            ValueError: no mixture of slates meets the constraints of a Lagrangian, or there is no such scalarizer.
        """
        given = reference or reference_of(world)
        if isinstance(scalarizer, str):
            scalarizer = make_scalarizer(scalarizer, world.objective_names, given, weights=world.weights)
        reach = reach or _reach(world)
        return RegretBaseline(tuple(_goal(reach, start, deepcopy(part.goal), given) for start, part in scalarizer.parts))

    def at(self, slates: int) -> UtilityTarget:
        """The goal in force after so many slates."""
        return next(goal for goal in reversed(self.goals) if goal.start <= slates)


def _goal(reach: AchievableSet, start: int, scalarizer: Scalarizer, reference: Reference) -> UtilityTarget:
    scalarizer.settle(reference)
    if scalarizer.constant_weights is not None:
        return UtilityTarget(start, scalarizer, scalarizer.constant_weights, 0.0)
    found = optimum(reach, scalarizer)
    # The certificate is the tangent's value for these shoppers: without their best slates it is the tangent itself.
    offset = found.utility + found.gap - reach.best(found.weights)[1]
    return UtilityTarget(start, scalarizer, found.weights, offset)
