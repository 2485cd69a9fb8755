"""Levels where slates do not change shoppers: the mean slate counts, and the best and the random one are exact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.trace import Trace
from slategym.bench.profiles.level import Level, Outcome
from slategym.sim.shoppers import Shoppers
from slategym.sim.world import World

Floats = NDArray[np.float64]
SEARCHED = 1000  # newcomers among whom there is one of each segment


@dataclass(frozen=True, repr=False, kw_only=True)
class SlateLevel(Level):
    """What counts is the expected value of a slate, over all steps from `since` on.

    All shoppers of a segment are alike, and slates do not change them, so that a few exact expectations are those of everybody.
    """

    def outcome(self, trace: Trace) -> Outcome:
        """The mean exact value of the slates shown, beside those for the same shoppers.

        Args:
            trace: of a run of this level with exact expectations of every slate.
        """
        weights = np.asarray(self.weights)
        value = float((trace.expected[self.since :] @ weights).mean())
        assert trace.segments is not None
        share = trace.segments[:, 0] / trace.segments[:, 0].sum()
        random, best = (float(share @ of_segments[: len(share)]) for of_segments in self.known)
        return Outcome(value, random, best)

    @cached_property
    def known(self) -> tuple[Floats, Floats]:
        """The value (s,) of a random slate, and of the best one, for each segment: means over the steps that count."""
        edges = [
            self.since,
            *(change.step for change in self.world.schedule if self.since < change.step < self.steps),
            self.steps,
        ]
        values = [values_of(self.world.at(start), self.weights) for start in edges[:-1]]
        random, best = np.average(values, axis=0, weights=np.diff(edges))
        return random, best


def values_of(world: World, weights: tuple[float, ...]) -> tuple[Floats, Floats]:
    """The value (s,) of a random slate, and of the best one, for a shopper of each segment.

    Args:
        world: as it is now, with position bias and objectives that are linear in clicks and conversions.
        weights: (M,), of the objectives.
    """
    by_weight = np.asarray(weights)
    some = one_of_each(world)
    best = world.expected(some, world.best_slate(some, weights)) @ by_weight
    # Each item once at each rank: the mean of these slates is that of all.
    items = np.arange(world.choices) if world.available is None else world.available
    every = np.stack([np.roll(items, -rank) for rank in range(world.slate_size)], axis=1)
    random = [(world.expected(some.take(np.full(len(every), row)), every) @ by_weight).mean() for row in range(len(some))]
    return np.array(random), np.asarray(best)


def one_of_each(world: World) -> Shoppers:
    """A newcomer of each segment, in their order.

    Args:
        world: whose newcomers have segments.
    """
    some = world.shoppers(0, np.arange(SEARCHED))
    _, first = np.unique(some.segment, return_index=True)
    return some.take(first)
