"""Levels with a utility of several objectives: the utility of the mean slate counts, and the best mixture is exact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.execution.regret import reference_of
from slategym.bench.execution.trace import Trace
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.fronts.optimum import optimum
from slategym.bench.profiles.level import Level, Outcome


@dataclass(frozen=True, repr=False, kw_only=True)
class UtilityLevel(Level):
    """What counts is the utility of the mean expected objectives of a slate, over all steps from `since` on.

    Attributes:
        scalarizer: what agents maximise, as a text.
    """

    scalarizer: str

    @cached_property
    def goal(self) -> Scalarizer:
        """The scalarizer by which runs are measured, as the runs' own."""
        return make_scalarizer(self.scalarizer, self.world.objective_names, reference_of(self.world), weights=self.world.weights)

    def outcome(self, trace: Trace) -> Outcome:
        """The utility of the mean exact objectives of the slates shown.

        Args:
            trace: of a run of this level with exact expectations of every slate.
        """
        return Outcome(self.goal.utility(trace.expected[self.since :].mean(axis=0)), *self.known)

    @cached_property
    def known(self) -> tuple[float, float]:
        """The utility of random slates, and of the best mixture of slates, which has a certificate (`fronts.optimum`)."""
        goal, reach = self.goal, AchievableSet(self.world, 1)
        items = np.arange(self.world.catalog.size)[:, None]
        every = self.world.expected(reach.shoppers.take(np.zeros(len(items), np.int64)), items)
        return goal.utility(every.mean(axis=0)), optimum(reach, goal).utility
