"""Buffers impressions until their delayed conversions have arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.inputs import check_decision, check_feedback, check_observation
from slategym.agents.common.step_buffer import StepBuffer
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Impressions(Brief):
    """The impressions of one step with their complete outcomes.

    Attributes:
        observation: (n, o) float32.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        outcomes: (n, k, M) float32, the outcome of each item for each objective.
    """

    observation: Observation
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    outcomes: NDArray[np.float32]


class DelayedFeedbackBuffer:
    """Buffers impressions until their delayed conversions have arrived, for models that learn each impression once.

    A step is complete after as many steps as a conversion can be delayed; without delays, it is returned at once. For models that
    can learn an impression now and its delayed conversions later, see `DecisionHistory`.

    Args:
        problem: defines the longest delay and the objectives.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.item_credit = problem, ItemCredit(problem)
        self._steps: StepBuffer[Impressions] = StepBuffer(problem.longest_delay)

    def __call__(self, observation: Observation, decision: Decision, feedback: Feedback) -> Impressions | None:
        """Add the current step, and return the step that is complete now, or None.

        Raises:
            ValueError: as for `Agent.update`; the buffer is unchanged in this case.
        """
        observation = check_observation(self.problem, observation)
        slate, propensity = check_decision(self.problem, decision, len(observation))
        slate, propensity = slate.copy(), propensity.copy()
        check_feedback(self.problem, feedback, len(observation))
        delayed, credit = feedback.delayed, self.item_credit.delayed(feedback)
        for step, entries in self._steps.arrivals(delayed):
            step.outcomes[delayed.row[entries], delayed.rank[entries]] += credit[entries]
        outcomes = self.item_credit(feedback, self.problem.shown(observation, slate))
        return self._steps.push(Impressions(observation.copy(), slate, propensity, outcomes), len(slate))
