"""A buffer of impressions whose delayed conversions have not all arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Observation, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.inputs import check_decision, check_feedback, check_observation
from slategym.agents.common.pending import PendingRewards
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Impressions(Brief):
    """Observations, the slates shown for them, and their rewards.

    Attributes:
        observation: (n, o) float32.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        outcomes: (n, k, M) float32, the reward of each item by objective.
    """

    observation: Observation
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    outcomes: NDArray[np.float32]


class DelayedFeedbackBuffer:
    """Buffers impressions until their delayed conversions have arrived, for models that cannot take back what they learned.

    That takes as many steps as a conversion can be delayed; where none is delayed they come back at once. `DecisionHistory` is
    for models that can learn a conversion when it arrives.

    Args:
        problem: what the agent is made for.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.outcomes = problem, ItemCredit(problem)
        self._pending: PendingRewards[Impressions] = PendingRewards(problem.longest_delay)

    def __call__(self, observation: Observation, decision: Decision, feedback: Feedback) -> Impressions | None:
        """Take the present step, and give the one that is complete now, if there is one.

        Args:
            observation: (n, o).
            decision: for it.
            feedback: of the decision.

        Raises:
            ValueError: as `Agent.update`; nothing has changed then.
        """
        observation = check_observation(self.problem, observation)
        slate, propensity = check_decision(self.problem, decision, len(observation))
        check_feedback(self.problem, feedback, len(observation))
        self._pending.add_delayed(feedback.delayed, self.outcomes.delayed(feedback))
        outcomes = self.outcomes(feedback, self.problem.shown(observation, slate))
        impressions = Impressions(observation.copy(), slate.copy(), propensity.copy(), outcomes)
        complete = self._pending.push(impressions, outcomes)
        return complete[0] if complete else None
