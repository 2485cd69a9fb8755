"""The record of a run, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.cold_start import ColdStart
from slategym.bench.execution.episodes import WholeEpisodes
from slategym.bench.execution.regret import RegretBaseline
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Trace(Brief):
    """The mean objectives of each of t steps.

    Attributes:
        slates: (t,) int64, slates of the step that count: one per shopper, in the last step only the remaining ones.
        objectives: (t, M) reward per slate; a delayed conversion counts at the step at which it arrives.
        expected: (t, M) exact expectation of the slates shown, given the shoppers, including conversions that arrive later. It
            is the mean over the slates that were evaluated, NaN at a step without any.
        best: (t, M) exact expectation of the oracle's slates for the same shoppers at the same visit, for the run's weights, or
            for those of the baseline if there is one.
        seconds: (t,) time of agent and environment, without the oracle and the log.
        shoppers: n, slates shown in each step.
        asked: the requested total number of slates.
        weights: (t, M) the weights with which the agent chose; NaN for an agent without weights.
        baseline: the baseline of the regret, if the run had a scalarizer; if not, it is the fixed sum with the run's weights.
        evaluated: (t,) int64, the number of slates of the step that were evaluated; by default all that count.
        latency: (t,) seconds of each decision for n shoppers.
        episodes: the shoppers' whole episodes; None if they were not recorded.
        impressions: (m,) int64, the number of impressions of each item.
        segments: (s, 1 + M), the number of slates and the total reward of each segment, in a world that has segments.
        references: by name, (t, M) the exact expectation of other slates for the shoppers that were evaluated.
        observed: for a scalarizer, the baseline of the best mixtures of slates given the observation.
        cold_start: the first impressions of the items that the world's schedule launches; None if it launches none.
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
    evaluated: NDArray[np.int64] | None = None
    latency: Floats | None = None
    episodes: WholeEpisodes | None = None
    impressions: NDArray[np.int64] | None = None
    segments: Floats | None = None
    references: Mapping[str, Floats] = field(default_factory=dict)
    observed: RegretBaseline | None = None
    cold_start: ColdStart | None = None

    @property
    def finished(self) -> bool:
        """Whether all requested slates were shown."""
        return int(self.slates.sum()) == self.asked

    @property
    def sample(self) -> NDArray[np.int64]:
        """(t,) the number of slates of each step that were evaluated."""
        return self.slates if self.evaluated is None else self.evaluated

    @property
    def slates_per_second(self) -> float:
        """Slates per second of agent and environment, without the oracle and the log."""
        return float(len(self.slates) * self.shoppers / self.seconds.sum()) if len(self.slates) else float("nan")
