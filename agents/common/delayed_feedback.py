"""Impressions that are learned once, when nothing more can come of them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.inputs import check_decision, check_feedback, check_observation
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Impressions(Brief):
    """What was seen, what was shown for it, and all that came of it.

    Attributes:
        observation: (n, o) float32.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        outcomes: (n, k, M) float32, what each item earned of each objective.
    """

    observation: Observation
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    outcomes: NDArray[np.float32]


class DelayedFeedbackBuffer:
    """For models that cannot take back what they learned: holds impressions until their delayed conversions are in.

    That takes as many steps as a conversion can be delayed; where none is delayed they come back at once.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.outcomes = problem, ItemCredit(problem)
        self.steps = problem.longest_delay
        self._open: deque[Impressions] = deque()

    def __call__(self, observation: Observation, decision: Decision, feedback: Feedback) -> Impressions | None:
        """Take the present step, and give the one that it settles, if there is one yet.

        Raises:
            ValueError: as `Agent.update`; nothing has changed then.
        """
        observation = check_observation(self.problem, observation)
        slate, propensity = check_decision(self.problem, decision, len(observation))
        slate, propensity = slate.copy(), propensity.copy()
        check_feedback(self.problem, feedback, len(observation))
        delayed = feedback.delayed
        arrived = self.outcomes.delayed(feedback)
        for age in range(1, len(self._open) + 1):
            reward = self._open[-age].outcomes
            entries = (delayed.age == age) & (delayed.row < len(reward))
            reward[delayed.row[entries], delayed.rank[entries]] += arrived[entries]
        outcomes = self.outcomes(feedback, self.problem.shown(observation, slate))
        self._open.append(Impressions(observation.copy(), slate.copy(), propensity.copy(), outcomes))
        return self._open.popleft() if len(self._open) > self.steps else None
