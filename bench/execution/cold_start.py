"""Cold start: the exact expected value of the first impressions of launched items, and their regret relative to the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.bench.execution.exactness import Exactness
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items, first_shown
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
FIRST = 100  # the number of impressions of an item that count
MOST = 100  # the number of launched items that count if exact expectations are sampled, spread evenly over all


@dataclass(frozen=True, repr=False)
class ColdStart(Brief):
    """The first impressions of l launched items, at most `FIRST` each.

    Attributes:
        items: (l,) int64, the items.
        impressions: (l,) int64, the number of these impressions of each item.
        value: (l,) the expected value of the item, summed over these impressions (see `value_by_rank`).
        regret: (l,) the expected value of the oracle's item at the same rank for the same shopper, minus that of the item,
            summed over these impressions. Over all ranks of a slate, the differences add up to the slate's regret.
    """

    items: NDArray[np.int64]
    impressions: NDArray[np.int64]
    value: Floats
    regret: Floats


def value_by_rank(world: World, shoppers: Shoppers, slate: Items, weights: ArrayLike) -> Floats:
    """(n, k) the exact expected value of the item at each rank; each row adds up to the value of the slate.

    It is the probability of a click times its value, plus the probability of a conversion times its value. Objectives of the
    whole slate, such as diversity, are divided equally among the ranks.

    Args:
        world: the world in which the slates are shown.
        shoppers: n shoppers.
        slate: (n, k).
        weights: (M,), the weights of the objectives.
    """
    by_weight = np.asarray(weights, np.float64)
    items = world.items(shoppers, slate)
    click, conversion = world.probabilities(shoppers, slate)
    value = np.zeros(slate.shape)
    for weight, objective in zip(by_weight, world.objectives, strict=True):
        click_value, conversion_value = objective.values(world, shoppers, items)
        value += weight * (click * click_value + conversion * conversion_value)
    rest = world.expected(shoppers, slate) @ by_weight - value.sum(axis=1)
    return np.asarray(value + rest[:, None] / slate.shape[1])


class ColdStartRecorder:
    """Sums up the first impressions of the items that a schedule launches, at every step.

    Args:
        world: the world at its first step.
        steps: the number of steps of the run.
        exact: "every" for all launched items, "sampled" for at most `MOST` of them, "off" for none.
    """

    def __init__(self, world: World, steps: int, exact: Exactness) -> None:
        self.world = world
        items = np.arange(world.launched, world.at(steps - 1).launched)
        if exact == "sampled" and len(items) > MOST:
            items = items[np.arange(MOST) * len(items) // MOST]
        self.items = items[:0] if exact == "off" else items
        self._number = np.full(world.catalog.size, -1)
        self._number[self.items] = np.arange(len(self.items))
        self.begin()

    def begin(self) -> None:
        """Set all sums to 0."""
        self.impressions = np.zeros(len(self.items), np.int64)
        self.sums = np.zeros((2, len(self.items)))

    def add(self, step: int, counted: int, shoppers: Shoppers, slate: Items, weights: ArrayLike) -> None:
        """Count a step, before its slates are shown.

        Args:
            step: the number of the step.
            counted: the number of its rows that count.
            shoppers: n shoppers.
            slate: (n, k).
            weights: (M,), the weights of the objectives, also for the oracle.
        """
        if not (self.impressions < FIRST).any():
            return
        world = self.world.at(step)
        number = self._number[world.items(shoppers, slate)[:counted]]
        row, rank = np.nonzero((number >= 0) & first_shown(slate[:counted]))
        number = number[row, rank]
        # Rows of a step count in their order: number the impressions of each item within this step, after the earlier ones.
        order = np.argsort(number, kind="stable")
        start = np.searchsorted(number[order], number[order])
        earlier = np.empty(len(order), np.int64)
        earlier[order] = np.arange(len(order)) - start
        kept = self.impressions[number] + earlier < FIRST
        row, rank, number = row[kept], rank[kept], number[kept]
        if len(row) == 0:
            return
        rows, place = np.unique(row, return_inverse=True)
        some = shoppers.take(rows)
        value = value_by_rank(world, some, slate[rows], weights)
        best = value_by_rank(world, some, world.best_slate(some, weights), weights)
        self.impressions += np.bincount(number, minlength=len(self.items))
        for total, of_ranks in zip(self.sums, (value, best - value), strict=True):
            total += np.bincount(number, of_ranks[place, rank], len(self.items))

    def state(self) -> dict[str, NDArray[Any]]:
        """The state that `restore` needs to continue from here."""
        return {"impressions": self.impressions.copy(), "sums": self.sums.copy()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Continue from a saved state.

        Args:
            state: the value that `state` returned.
        """
        self.impressions, self.sums = state["impressions"].copy(), state["sums"].copy()

    def result(self) -> ColdStart | None:
        """The sums so far; None if no item counts."""
        value, regret = self.sums
        return ColdStart(self.items, self.impressions, value, regret) if len(self.items) else None
