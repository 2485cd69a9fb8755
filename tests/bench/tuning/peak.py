"""An agent whose best option is known: it shows a good item most often where `x` is 0.1, and a bad one otherwise."""

from __future__ import annotations

from math import log10
from typing import Annotated, Literal

import numpy as np

from slategym.agents.base import Decision
from slategym.utils.ranges import Range


class Peak:
    """Shows `good` at random, as often as `x` is near 0.1 and `how` is "well".

    Args:
        x: of which 0.1 is the best.
        how: of which "well" is the best.
        good: an item.
        bad: another one.
    """

    def __init__(
        self,
        problem,
        seed=0,
        scalarizer=None,
        *,
        x: Annotated[float, Range(0, above=True)] = 1.0,
        how: Literal["badly", "well"] = "badly",
        good: int = 0,
        bad: int = 1,
    ) -> None:
        self.random = np.random.Generator(np.random.Philox(seed))
        self.share = max(0.0, 1 - ((log10(x) + 1) / 2) ** 2) * (1.0 if how == "well" else 0.5)
        self.good, self.bad = good, bad

    def act(self, observation):
        # The same draws whatever the options: a larger share shows the good item wherever a smaller one does.
        well = self.random.random((len(observation), 1)) < self.share
        slate = np.where(well, self.good, self.bad).astype(np.int64)
        return Decision(slate, np.full(slate.shape, np.nan, np.float32))

    def update(self, observation, decision, feedback):
        pass


class Fails(Peak):
    """Raises an error where `x` is above `limit`."""

    def __init__(
        self, problem, seed=0, scalarizer=None, *, x: Annotated[float, Range(0, above=True)] = 1.0, limit: float = 1.0
    ) -> None:
        super().__init__(problem, seed, scalarizer, x=x)
        self.x, self.limit = x, limit

    def act(self, observation):
        if self.x > self.limit and len(observation) > 1:
            raise RuntimeError("x is too large")
        return super().act(observation)
