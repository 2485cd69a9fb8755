"""Levels with a utility of several objectives: their value is the utility of the mean objectives; the best one is exact."""

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
    """A level whose value is the utility of the mean expected objectives, from the step `since` on.

    Attributes:
        scalarizer: name of the scalarizer that agents maximise.
    """

    scalarizer: str

    @cached_property
    def goal(self) -> Scalarizer:
        """The scalarizer that evaluates runs, with the same parameters as in the runs."""
        return make_scalarizer(self.scalarizer, self.world.objective_names, reference_of(self.world), weights=self.world.weights)

    def outcome(self, trace: Trace) -> Outcome:
        """The utility of the mean exact objectives of the slates shown.

        Args:
            trace: trace of a run of this level with exact expectations of every slate.
        """
        return Outcome(self.goal.utility(trace.expected[self.since :].mean(axis=0)), *self.known)

    @cached_property
    def known(self) -> tuple[float, float]:
        """The utility of random slates, and of the best mixture of slates, whose optimality is certified (`fronts.optimum`)."""
        goal, reach = self.goal, AchievableSet(self.world, 1)
        items = np.arange(self.world.catalog.size)[:, None]
        every = self.world.expected(reach.shoppers.take(np.zeros(len(items), np.int64)), items)
        return goal.utility(every.mean(axis=0)), optimum(reach, goal).utility
