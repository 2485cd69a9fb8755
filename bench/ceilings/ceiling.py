"""The upper limit for agents that see only the observation, and how reliable this number is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from slategym.bench.ceilings.model import ContextModel, Sample, sample
from slategym.bench.rollouts import (
    Policy,
    average_gains,
    best_for,
    derived,
    oracle_policy,
    popular_policy,
    random_policy,
    rollout,
    sample_visited,
)
from slategym.bench.statistics import Estimate, meaningful
from slategym.sim.objectives.base import ItemObjective, Objective
from slategym.sim.objectives.item import Novelty
from slategym.sim.world import World

CELLS = 12_000_000  # the largest shoppers x items of a sample
SHOPPERS = 24_000  # the largest number of shoppers in a sample
ITEMS = 20_000  # the largest number of items, because the fit has an embedding for each
AVERAGED = 2000  # shoppers whose average gains determine the popular slate
WIDTH = 128


class ContextCeiling:
    """The best slates that the observation allows, from a large supervised fit.

    The fit predicts the expected gains of every item given the observation, with one network per objective. Its targets are the
    exact probabilities of shoppers at their visits. Because the observation depends on the slates shown before, shoppers are
    sampled in three stages, with a new fit after each: a quarter under random, popular and oracle slates, a quarter under the
    slates of the first fit, and half under those of the second (Ross, Gordon, Bagnell, "A reduction of imitation learning and
    structured prediction to no-regret online learning", AISTATS 2011). The last fit has layers twice as wide.

    Like the oracle, these slates are the best for a single visit, here given the observation of this visit. An agent that looks
    ahead, or remembers more than the observation contains, may exceed them.

    Args:
        world: a world with at most 20,000 items and objectives that are linear in clicks and conversions (see `affordable`).
        weights: (M,), the weights for which slates are shown to the shoppers of the sample; the fit also serves other weights.
        seed: the seed of the shoppers and of the fit.
        shoppers: N, the number of shoppers in the sample, 24,000 by default; it is reduced so that N times the number of items
            is at most 12 million.
        stop: called often; if it returns True, the work is stopped.

    Attributes:
        average: (2, 1, m) the gains of the average shopper, under random slates.
        fits: the three fits; the last one is used.
        shoppers: N.

    Raises:
        ValueError: the world is not `affordable`.
        Stopped: `stop` returned True.
    """

    def __init__(
        self,
        world: World,
        weights: Sequence[float],
        seed: int = 0,
        shoppers: int | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        if not affordable(world):
            raise ValueError(
                f"{world.name} has {world.catalog.size:,} items and the objectives {', '.join(world.objective_names)}: "
                f"the fit to the observation needs at most {ITEMS:,} items, objectives that are linear in clicks and "
                "conversions, no schedule of changes and no rules for slates"
            )
        self.world = world
        count = min(SHOPPERS if shoppers is None else shoppers, CELLS // world.catalog.size)
        random = random_policy(world, seed)
        self.average = average = average_gains(
            world, list(sample_visited(world, random, derived(seed, "average"), min(count, AVERAGED)))
        )
        policies = {"random": random, "popular": popular_policy(world, average, weights), "oracle": oracle_policy(world, weights)}
        known, *others = [
            sample(world, each, derived(seed, f"met by {name}"), -(-count // 12)) for name, each in policies.items()
        ]
        known = known.then(*others)
        self.fits = [ContextModel(known, derived(seed, "fit 0"), WIDTH // 2, stop)]
        for stage, width in ((1, WIDTH // 2), (2, WIDTH)):
            # Double the sample with shoppers under the slates of the last fit.
            slates = self._policy(self.fits[-1], weights)
            known = known.then(sample(world, slates, derived(seed, f"met by fit {stage}"), len(known)))
            self.fits.append(ContextModel(known, derived(seed, f"fit {stage}"), width, stop))
        self.shoppers = len(known)

    @property
    def model(self) -> ContextModel:
        """The last fit, which uses all shoppers."""
        return self.fits[-1]

    def policy(self, weights: Sequence[float]) -> Policy:
        """The slates of the last fit."""
        return self._policy(self.model, weights)

    def report(self, weights: Sequence[float], seed: int, shoppers: int) -> dict[str, Any]:
        """Evaluate the fit on new shoppers.

        Args:
            weights: (M,), the weights of the objectives.
            seed: the seed of the new shoppers.
            shoppers: number of new shoppers.

        Returns:
            - `explained`: for clicks and conversions, the explained share of the variance between shoppers in the gains of an
              item (R squared relative to the items' means); null if the world's probabilities are estimates.
            - `more_per_slate`: paired estimate of how much more the last fit earns per slate than the previous one, which has
              half the shoppers and half the width. If it is near 0, more shoppers and a larger network would change nothing.
            - `more`: the same as a share; empty if a share is not meaningful.
            - `shoppers`: the number of shoppers in the fit.
            - `useful`: for clicks and conversions, whether the observation is informative.
        """
        smaller, larger = (rollout(self.world, self._policy(model, weights), seed, shoppers) for model in self.fits[-2:])
        test = sample(self.world, self.policy(weights), seed, shoppers)
        reward = smaller.expected.sum(axis=(0, 1)) / smaller.visits.sum()
        gains = ("click", "conversion")
        now, before = larger.total(weights) / larger.visits, smaller.total(weights) / smaller.visits
        return {
            "explained": dict(zip(gains, [None] * 2 if self.world.estimated else explained(self.model, test), strict=True)),
            "more": Estimate.from_ratio(now - before, before) if meaningful(reward, weights) else Estimate(None),
            "more_per_slate": Estimate.from_samples(now - before),
            "shoppers": self.shoppers,
            "useful": dict(zip(gains, self.model.useful, strict=True)),
        }

    def _policy(self, model: ContextModel, weights: Sequence[float]) -> Policy:
        return lambda shoppers: best_for(self.world, model.gains(self.world.observe(shoppers)), weights, shoppers)


def affordable(world: World) -> bool:
    """Whether a world can be fitted: no schedule, no rules, not too many items, objectives linear in clicks and conversions.

    The values of items may depend on the observation, as those of `novelty` do, but not on hidden traits.
    """
    return (
        not world.schedule
        and not world.rules
        and world.catalog.size <= ITEMS
        and all(_is_observed(world, objective) for objective in world.objectives)
    )


def _is_observed(world: World, objective: Objective) -> bool:
    if not isinstance(objective, ItemObjective):
        return False
    values = objective.values(world, world.shoppers(0, np.arange(2)), None)
    return isinstance(objective, Novelty) or all(np.ndim(each) < 2 or np.shape(each)[0] == 1 for each in values)


def explained(model: ContextModel, test: Sample) -> list[float | None]:
    """For clicks and conversions, the explained share of the variance around the items' means; None if there is no variance."""
    shares: list[float | None] = []
    for found, true in zip(model.gains(test.observation), test.gains, strict=True):
        around = float(np.square(true - true.mean(axis=0), dtype=np.float64).sum())
        # Variance within rounding errors counts as none.
        nothing = around <= 1e-9 * float(np.square(true, dtype=np.float64).sum())
        shares.append(None if nothing else 1 - float(np.square(found - true, dtype=np.float64).sum()) / around)
    return shares
