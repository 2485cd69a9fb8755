"""Reference slates for an agent's shoppers: the best slate for everybody, and the best given the observation."""

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
SEED = 0xC0117E  # of the shoppers of a fit, so that all benchmarks of a world use the same fit
HELD_OUT = 1000  # shoppers on whom a fit is evaluated


@dataclass(frozen=True, repr=False)
class Fit(Brief):
    """The gains of a world's items: on average, and given the observation.

    Attributes:
        average: (2, 1, m), the gains of the average shopper.
        model: the model of E[gains | observation].
        report: the quality of the model (`ContextCeiling.report`), JSON values.
    """

    average: Gains
    model: ContextModel
    report: Mapping[str, Any]


def plain(world: World) -> World:
    """The world without the parts that do not affect a fit: its objectives, its name and where it was loaded from.

    Args:
        world: any world.
    """
    return replace(world, name="world", objectives=DEFAULT_OBJECTIVES, origin="")


def fit(world: World, shoppers: int | None = None, stop: Any = None) -> Fit:
    """Fit the gains of a world given the observation; this takes about a minute for 500 items.

    Args:
        world: a world that is `affordable`.
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
        world: the world in which the slates are shown.
        fit: the fit of its gains.
        goals: for a scalarizer, the baseline of the best mixtures of slates given the observation; None for a fixed sum.
    """

    world: World
    fit: Fit
    goals: RegretBaseline | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the best slate for everybody, and of the best given the observation."""
        return EVERYBODY, CONTEXT

    def slates(self, shoppers: Shoppers, weights: Floats, slates: int) -> Mapping[str, Items]:
        """The (n, k) slates by name.

        Args:
            shoppers: n shoppers.
            weights: (M,), the weights of the objectives.
            slates: the number of slates shown before, which selects the goal of a schedule of goals.
        """
        own = self.goals.at(slates).weights if self.goals else weights
        return {name: self.policy(name, own)(shoppers) for name in self.names}

    def policy(self, name: str, weights: ArrayLike) -> Policy:
        """One of the references as a policy.

        Args:
            name: one of `names`.
            weights: (M,), the weights of the objectives.
        """
        mix = np.asarray(weights, np.float64).tolist()
        if name == EVERYBODY:
            return popular_policy(self.world, self.fit.average, mix)
        return lambda shoppers: best_for(self.world, self.fit.model.gains(self.world.observe(shoppers)), mix, shoppers)


class ObservedSet(AchievableSet):
    """The set of objectives that slates chosen from the observation alone, and mixtures of them, can achieve.

    Its best points come from the fit, so they are only near the best, and there is no upper bound.

    Args:
        references: the references of the world.
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
    """The baseline of a scalarizer for mixtures of slates given the observation; None if they cannot meet its constraints.

    Args:
        references: the references of the world.
        scalarizer: the goal.
    """
    with one_thread(with_torch=True):
        reach = ObservedSet(references, *observed_sample(references.world))
        try:
            return RegretBaseline.of(references.world, scalarizer, reach=reach)
        except ValueError:
            return None
