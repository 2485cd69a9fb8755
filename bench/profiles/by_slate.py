"""Levels where slates do not change shoppers: their value is that of a slate, exact for the best and for random slates."""

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
SEARCHED = 1000  # number of new shoppers among whom every segment occurs


@dataclass(frozen=True, repr=False, kw_only=True)
class SlateLevel(Level):
    """A level whose value is the mean expected value of a slate, from the step `since` on.

    All shoppers of a segment are equal, and slates do not change them, so the exact expectation of one shopper per segment
    suffices.
    """

    def outcome(self, trace: Trace) -> Outcome:
        """The mean exact value of the slates shown, and the random and best values for the same shoppers.

        Args:
            trace: trace of a run of this level with exact expectations of every slate.
        """
        weights = np.asarray(self.weights)
        value = float((trace.expected[self.since :] @ weights).mean())
        assert trace.segments is not None
        share = trace.segments[:, 0] / trace.segments[:, 0].sum()
        random, best = (float(share @ of_segments[: len(share)]) for of_segments in self.known)
        return Outcome(value, random, best)

    @cached_property
    def known(self) -> tuple[Floats, Floats]:
        """(s,) the value of a random slate and of the best slate for each segment, as means over the steps from `since` on."""
        edges = [
            self.since,
            *(change.step for change in self.world.schedule if self.since < change.step < self.steps),
            self.steps,
        ]
        values = [values_of(self.world.at(start), self.weights) for start in edges[:-1]]
        random, best = np.average(values, axis=0, weights=np.diff(edges))
        return random, best


def values_of(world: World, weights: tuple[float, ...]) -> tuple[Floats, Floats]:
    """(s,) the value of a random slate and of the best slate, for a shopper of each segment.

    Args:
        world: a world in its current state, with a position-based click model and objectives linear in clicks and conversions.
        weights: (M,) weights of the objectives.
    """
    by_weight = np.asarray(weights)
    some = one_of_each(world)
    best = world.expected(some, world.best_slate(some, weights)) @ by_weight
    # In these slates each item occurs once at each rank, so their mean value equals that of all slates.
    items = np.arange(world.choices) if world.available is None else world.available
    every = np.stack([np.roll(items, -rank) for rank in range(world.slate_size)], axis=1)
    random = [(world.expected(some.take(np.full(len(every), row)), every) @ by_weight).mean() for row in range(len(some))]
    return np.array(random), np.asarray(best)


def one_of_each(world: World) -> Shoppers:
    """A new shopper of each segment, in the order of the segments.

    Args:
        world: a world whose shoppers have segments.
    """
    some = world.shoppers(0, np.arange(SEARCHED))
    _, first = np.unique(some.segment, return_index=True)
    return some.take(first)
