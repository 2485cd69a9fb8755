"""The probability of a slate under the policy of a member that may not have chosen it."""

from __future__ import annotations

import numpy as np

from slategym.agents.base import Agent, Chances, Decision, Observation, Slate
from slategym.agents.choosing.given_slates import ranked
from slategym.sim.choice import Mask


def chances_of(agent: Agent, observation: Observation, slate: Slate, own: Decision, allowed: Mask | None) -> Chances:
    """(n, k) the probability with which an agent would have chosen each item of a slate, given the items above it.

    It is known if the agent's own slate had propensity 1 or the agent has exact propensities; else it is NaN.

    Args:
        agent: the agent, which has not learned since it chose its own slate.
        observation: (n, o) float32.
        slate: (n, k), a slate that another agent may have chosen.
        own: the agent's own decision.
        allowed: (n, m) bool, the items that may be shown, or (n, C) for candidates; None: all.
    """
    sure = (own.propensity == 1).all(axis=1) & (not own.estimated)
    if agent.propensities_are == "exact" and not sure.all():
        return agent.propensities(observation, slate, allowed)
    return np.where(sure[:, None], ranked(own.slate, slate, 0.0, agent.problem.choices), np.nan)
