"""Returns of visits: rewards in later visits, minus their expectation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Observation, Problem
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.policy_gradient.critic import Critic
from slategym.sim.feedback import Feedback
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Visit(Brief):
    """A visit of n shoppers to learn from.

    Attributes:
        conditioned: (n, o) float32, the observations and conditions.
        slate: (n, k) int64.
        propensity: (n, k) float32.
        advantage: (n, k, M) float64, of each choice for each objective.
        clicks: (n, k) bool.
        allowed: (n, m) bool, the items that could be shown, or (n, C) of candidates; None for all.
    """

    conditioned: NDArray[np.float32]
    slate: NDArray[np.int64]
    propensity: NDArray[np.float32]
    advantage: Floats
    clicks: NDArray[np.bool_]
    allowed: NDArray[np.bool_] | None = None


@dataclass(frozen=True, repr=False)
class Pending(Brief):
    """A visit whose return is still unknown.

    Attributes:
        visit: the visit.
        inputs: (n, p), inputs of the critic.
        reward: (n, M) float64.
        goes_on: (n,) bool, whether the same shopper visits again.
    """

    visit: Visit
    inputs: Floats
    reward: Floats
    goes_on: NDArray[np.bool_]


class Returns:
    """Keeps the latest visits until enough later visits have followed, then adds the advantage of their returns.

    The return of a visit is G = discount [r' + (1 - trace) C' + trace G'], where r' is the reward of the next visit, C' the
    critic's prediction after that visit, and G' its return; after a shopper's last visit it is 0. At the latest visit, G is C.
    With trace 1 it is the n-step return, with a smaller trace the (truncated) lambda-return (Sutton, Barto, "Reinforcement
    Learning", 2nd edition, 2018, sections 7.1 and 12.3).

    The advantage G - C is credited only to the clicked items: other items hardly change later visits, so that for most ranks the
    return would be mostly noise.

    The critic's inputs are all that is seen of a shopper, and these inputs multiplied by the remaining time.

    Args:
        problem: gives the observations and the objectives.
        horizon: n, the number of visits in a return.
        trace: lambda.
        discount: discount factor per visit.
    """

    def __init__(self, problem: Problem, horizon: int, trace: float, discount: float) -> None:
        self.horizon, self.trace, self.discount = horizon, trace, discount
        self.clock = problem.fields.get("clock")
        self.normalizer = RunningNormalizer(problem.seen_columns)
        inputs = (1 + problem.seen_columns) * (1 if self.clock is None else 2)
        self.critic = Critic(inputs, len(problem.objective_names), discount)
        self.pending: list[Pending] = []

    def __call__(self, visit: Visit, seen: Observation, feedback: Feedback) -> list[Visit]:
        """Add a visit, and return the visits whose returns are known, with these in their advantages.

        If the size of the batch changes, all earlier visits are returned with what is known so far.

        Args:
            visit: a visit of n shoppers.
            seen: (n, o - C) what was seen of the shoppers.
            feedback: the shoppers' feedback.
        """
        self.normalizer.update(seen)
        goes_on = ~(feedback.terminated | feedback.truncated)
        latest = Pending(visit, self._inputs(seen), feedback.objectives.astype(np.float64), goes_on)
        done: list[Visit] = []
        if self.pending and len(self.pending[-1].reward) != len(seen):
            while self.pending:
                done.append(self._take())
        if self.pending:
            before = self.pending[-1]
            self.critic.learn(before.inputs, latest.inputs, before.goes_on, latest.reward)
        self.pending.append(latest)
        if len(self.pending) > self.horizon:
            done.append(self._take())
        return done

    def _inputs(self, seen: Observation) -> Floats:
        """(n, p) the critic's inputs."""
        inputs = np.concatenate([np.ones((len(seen), 1)), self.normalizer(seen)], axis=1)
        if self.clock is None:
            return inputs
        left = 1 - seen[:, self.clock][:, :1].astype(np.float64)
        return np.concatenate([inputs, left * inputs], axis=1)

    def _take(self) -> Visit:
        """Remove the first visit, and return it with the advantage of its return."""
        expected = [self.critic(pending.inputs) for pending in self.pending]
        later = expected[-1]
        for number in range(len(self.pending) - 2, -1, -1):
            after = self.pending[number + 1].reward + (1 - self.trace) * expected[number + 1] + self.trace * later
            later = self.discount * self.pending[number].goes_on[:, None] * after
        visit = self.pending.pop(0).visit
        advantage = visit.advantage + visit.clicks[:, :, None] * (later - expected[0])[:, None, :]
        return replace(visit, advantage=advantage)
