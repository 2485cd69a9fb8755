"""Reference slates: the best for everybody and the best from what is observed, for the shoppers that an agent meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import override

from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.ceilings.ceiling import ContextCeiling
from slategym.bench.ceilings.model import ContextModel
from slategym.bench.comparison.metrics import CONTEXT, EVERYBODY
from slategym.bench.execution.regret import RegretBaseline, observed_sample
from slategym.bench.execution.threads import one_thread
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.rollouts import Gains, Policy, best_for, derived, popular_policy
from slategym.sim.objectives import DEFAULT_OBJECTIVES
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
SEED = 0xC0117E  # of the shoppers behind a fit, so that every benchmark of a world has the same
HELD_OUT = 1000  # shoppers on whom a fit is evaluated


@dataclass(frozen=True, repr=False)
class Fit(Brief):
    """What is known of a world's gains: on average, and given the observation.

    Attributes:
        average: (2, 1, m), of the average shopper.
        model: E[gains | observation].
        report: how good it is (`ContextCeiling.report`), JSON values.
    """

    average: Gains
    model: ContextModel
    report: Mapping[str, Any]


def plain(world: World) -> World:
    """The world without what a fit does not depend on: its objectives, its name and where it was loaded from.

    Args:
        world: any.
    """
    return replace(world, name="world", objectives=DEFAULT_OBJECTIVES, origin="")


def fit(world: World, shoppers: int | None = None, stop: Any = None) -> Fit:
    """Fit what the observation tells of a world's gains, a minute's work for 500 items.

    Args:
        world: one that `affordable` allows.
        shoppers: see `ContextCeiling`.
        stop: see `ContextCeiling`.

    Raises:
        Stopped: `stop` returned True.
    """
    bare = plain(world)
    ceiling = ContextCeiling(bare, bare.weights, SEED, shoppers, stop)
    return Fit(ceiling.average, ceiling.model, ceiling.report(bare.weights, derived(SEED, "held out"), HELD_OUT))


@dataclass(frozen=True, repr=False)
class References(Brief):
    """The reference slates of a run.

    Attributes:
        world: where slates are shown.
        fit: of its gains.
        goals: of a scalarizer, what the best mixtures of slates from the observation have; None of a fixed sum.
    """

    world: World
    fit: Fit
    goals: RegretBaseline | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The best slate for everybody, and the best from what is observed."""
        return EVERYBODY, CONTEXT

    def slates(self, shoppers: Shoppers, weights: Floats, slates: int) -> Mapping[str, Items]:
        """By name, the (n, k) slates.

        Args:
            shoppers: n of them.
            weights: (M,), of the objectives.
            slates: shown before, by which a schedule of goals goes.
        """
        own = self.goals.at(slates).weights if self.goals else weights
        return {name: self.policy(name, own)(shoppers) for name in self.names}

    def policy(self, name: str, weights: ArrayLike) -> Policy:
        """One of the references as a policy.

        Args:
            name: one of `names`.
            weights: (M,), of the objectives.
        """
        mix = np.asarray(weights, np.float64).tolist()
        if name == EVERYBODY:
            return popular_policy(self.world, self.fit.average, mix)
        return lambda shoppers: best_for(self.world, self.fit.model.gains(self.world.observe(shoppers)), mix, shoppers)


class ObservedSet(AchievableSet):
    """What slates and mixtures of them can achieve that are chosen by what is observed alone.

    Its best points are those of the fit, which are near the best: it has no bound above them.

    Args:
        references: of the world.
        shoppers: see `AchievableSet`.
        seed: see `AchievableSet`.
    """

    def __init__(self, references: References, shoppers: Shoppers | int = 1000, seed: int = 0) -> None:
        super().__init__(references.world, shoppers, seed)
        self.oracle = "estimated"
        self._gains = references.fit.model.gains(self.world.observe(self.shoppers))

    @override
    def chosen(self, weights: Floats) -> Items:
        return best_for(self.world, self._gains, weights.tolist(), self.shoppers)


def observed_goals(references: References, scalarizer: Scalarizer) -> RegretBaseline | None:
    """What the best mixtures of slates from the observation have by a scalarizer; None if they cannot meet its constraints.

    Args:
        references: of the world.
        scalarizer: the goal.
    """
    with one_thread(with_torch=True):
        reach = ObservedSet(references, *observed_sample(references.world))
        try:
            return RegretBaseline.of(references.world, scalarizer, reach=reach)
        except ValueError:
            return None
