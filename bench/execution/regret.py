"""The baseline of the regret of a run: the best utility of any mixture of slates."""

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
SHOPPERS = 2000  # the largest number of shoppers whose front gives the reference and the tangents
ROOM = 20_000_000  # the largest product of this number and the number of items to choose from
SLATES = 10  # random slates drawn for each of these shoppers
SEED = 0x5CA1A2  # of these shoppers; it is the same for every run, so that all runs are evaluated with one utility


def observed_sample(world: World) -> tuple[int, int]:
    """The number and the seed of the new shoppers from whom references and tangents are computed.

    The number is smaller if the oracle is slow: for large catalogues, and if it has to search.

    Args:
        world: the world that the shoppers visit.
    """
    return max(200, min(SHOPPERS if world.oracle_is_exact else SHOPPERS // 4, ROOM // world.choices)), SEED


def _reach(world: World) -> AchievableSet:
    return AchievableSet(world, *observed_sample(world))


def reference_of(world: World) -> Reference:
    """The utopia of a world, from its oracle, and the disagreement, which is the expected value of random slates.

    Both are means over new shoppers, who are the same for every run, so that every agent and every seed is evaluated with the
    same utility. Random slates are the policy that needs no decision, and the logging policy of a shop that explores.
    """
    reach = _reach(world)
    shoppers = len(reach.shoppers)
    utopia = np.array([reach.best(each)[0][number] for number, each in enumerate(np.eye(len(world.objective_names)))])
    random = np.random.Generator(np.random.Philox(SEED))
    drawn = [draw_slates(random, shoppers, world.slate_size, world.choices) for _ in range(SLATES)]
    return Reference(utopia, np.mean([world.expected(reach.shoppers, slates) for slates in drawn], axis=(0, 1)))


@dataclass(frozen=True, repr=False)
class UtilityTarget(Brief):
    """A utility that holds from a number of slates on, with a tangent above it.

    Attributes:
        start: the number of slates from which it holds.
        scalarizer: the scalarizer whose utility it is.
        weights: g, (M,) the gradient at the optimum for some shoppers.
        offset: c, with u(V) <= c + g . V for every V. So for any shoppers, no mixture has a higher utility than c plus the
            g-weighted value of their best slates for g. The error of this bound is of second order in the distance between the
            optimum for these shoppers and the optimum at which g was computed. For a fixed sum the bound is exact.
    """

    start: int
    scalarizer: Scalarizer
    weights: Floats
    offset: float

    def utility(self, value: ArrayLike) -> float:
        """The utility of a mean value (M,)."""
        return self.scalarizer.utility(value)

    def most(self, best: ArrayLike) -> float:
        """The utility that no mixture exceeds if the best slates for `weights` have the mean value `best` (M,)."""
        return float(self.offset + np.asarray(best, np.float64) @ self.weights)


@dataclass(frozen=True)
class RegretBaseline:
    """The goals of a run, one after another; only a schedule has more than one.

    Attributes:
        goals: the goals in the order of their starts; the first starts at 0.
    """

    goals: tuple[UtilityTarget, ...]

    @staticmethod
    def fixed(weights: Sequence[float]) -> RegretBaseline:
        """Make the baseline of a fixed sum."""
        scalarizer = FixedSum(weights)
        return RegretBaseline((UtilityTarget(0, scalarizer, scalarizer.weights(weights), 0.0),))

    @staticmethod
    def of(
        world: World,
        scalarizer: Scalarizer | str,
        reference: Reference | None = None,
        reach: AchievableSet | None = None,
    ) -> RegretBaseline:
        """Make the baseline of a scalarizer in a world; it keeps copies of the scalarizer.

        Args:
            world: the world in which the slates are shown.
            scalarizer: the goal, or its text.
            reference: the reference points for the open parameters of the scalarizer; by default those of the world.
            reach: the achievable set; by default that of the oracle's slates.

        Raises:
            ValueError: no mixture of slates meets the constraints of a Lagrangian, or there is no such scalarizer.
        """
        given = reference or reference_of(world)
        if isinstance(scalarizer, str):
            scalarizer = make_scalarizer(scalarizer, world.objective_names, given, weights=world.weights)
        reach = reach or _reach(world)
        return RegretBaseline(tuple(_goal(reach, start, deepcopy(part.goal), given) for start, part in scalarizer.parts))

    def at(self, slates: int) -> UtilityTarget:
        """The goal that holds after a number of slates."""
        return next(goal for goal in reversed(self.goals) if goal.start <= slates)


def _goal(reach: AchievableSet, start: int, scalarizer: Scalarizer, reference: Reference) -> UtilityTarget:
    scalarizer.settle(reference)
    if scalarizer.constant_weights is not None:
        return UtilityTarget(start, scalarizer, scalarizer.constant_weights, 0.0)
    found = optimum(reach, scalarizer)
    # `utility + gap` is the tangent's value at these shoppers' best slates; subtracting their value leaves the offset.
    offset = found.utility + found.gap - reach.best(found.weights)[1]
    return UtilityTarget(start, scalarizer, found.weights, offset)
