"""What a run leaves behind: its numbers, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.regret import RegretBaseline
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Trace(Brief):
    """The mean objectives of each of t steps.

    Attributes:
        slates: (t,) int64, how many slates of the step count: all shoppers', but in the last step only as many as were asked for.
        objectives: (t, M) what was earned per slate; a delayed conversion counts at the step where it arrives.
        expected: (t, M) the exact expectation of the slates shown, given the shoppers as they were; delayed conversions in full.
        best: (t, M) the exact expectation of the oracle's slates for the same shoppers at the same moment: the best by the
            weights, and where there is a judge, by the weights of its goal.
        seconds: (t,) of agent and environment, without the oracle and the log.
        shoppers: n, the slates that each step took to show.
        asked: the slates that were to be shown.
        weights: (t, M) those by which the agent chose; NaN of an agent that does not tell.
        judge: what the run is judged by, where it had a scalarizer; without one it is the fixed sum with the run's weights.
    """

    slates: NDArray[np.int64]
    objectives: Floats
    expected: Floats
    best: Floats
    seconds: Floats
    shoppers: int
    asked: int
    weights: Floats | None = None
    baseline: RegretBaseline | None = None

    @property
    def finished(self) -> bool:
        """Whether every slate that was asked for was shown."""
        return int(self.slates.sum()) == self.asked

    @property
    def slates_per_second(self) -> float:
        """Slates that agent and environment got through in a second, without the oracle and the log."""
        return float(len(self.slates) * self.shoppers / self.seconds.sum()) if len(self.slates) else float("nan")
