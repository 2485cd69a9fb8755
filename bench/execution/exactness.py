"""Determines which slates of a run are compared with exact expectations: all, a sample, or none."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from slategym.sim.world import World

Exactness = Literal["sampled", "every", "off"]
STEPS = 160  # the number of steps in a sample, two for each point of a curve
SHARE = 1 / 100  # the evaluated share of the slates of a long run
LEAST = 2000  # the number of evaluated slates of a short run
USUAL = 500  # the number of items for which SHARE and LEAST are set; the oracle's time grows with the number of items
SLOW = 8  # the factor on the oracle's time if it searches or simulates


class ExactSample:
    """The steps and rows whose slates are evaluated; they are spread evenly over a run and are the same for every agent.

    In a sample, each step has some consecutive rows, which follow those of the step before. They are so few that the oracle takes
    about a fifth of the time of a run of random slates.

    Args:
        world: the world in which the slates are shown.
        exact: "sampled", "every" or "off".
        steps: the number of steps of the run.
        shoppers: n, the number of shoppers in each step.
        slates: the number of slates of the run.
        part: the rows that this process simulates, if the run is divided into shards; all by default.
    """

    def __init__(self, world: World, exact: Exactness, steps: int, shoppers: int, slates: int, part: range | None = None) -> None:
        self._shoppers, self._part = shoppers, part
        cost = max(world.choices / USUAL, 0.2) * (1 if world.oracle_is_exact else SLOW)
        wanted = max(LEAST, SHARE * slates) / cost
        if exact == "every" or (exact == "sampled" and wanted >= slates):
            self._steps, self._rows = np.ones(steps, np.bool_), shoppers
        else:
            count = 0 if exact == "off" else min(STEPS, steps)
            self._steps = np.zeros(steps, np.bool_)
            self._steps[((np.arange(count) + 0.5) * steps / max(count, 1)).astype(np.int64)] = True
            self._rows = min(max(1, round(wanted / max(count, 1))), shoppers)
        self._number = np.cumsum(self._steps) - 1  # the index of each step among those of the sample

    def rows(self, step: int, counted: int) -> NDArray[np.int64]:
        """(r,) int64, the rows of a step that are evaluated, among those that count; for a part, relative to its first row.

        Args:
            step: the number of the step.
            counted: the number of its rows that count.
        """
        if self._part is None:
            return self._of_all(step, counted)
        if self._rows >= self._shoppers and self._steps[step]:
            return np.arange(len(self._part))
        rows = self._of_all(step, self._shoppers)
        return rows[(rows >= self._part.start) & (rows < self._part.stop)] - self._part.start

    def _of_all(self, step: int, counted: int) -> NDArray[np.int64]:
        if not self._steps[step]:
            return np.zeros(0, np.int64)
        if self._rows >= counted:
            return np.arange(counted)
        return np.asarray((self._number[step] * self._rows + np.arange(self._rows)) % counted)
