"""What members of a fusion know of the probability of slates that another one may have chosen."""

from __future__ import annotations

import numpy as np

from slategym.agents.base import Agent, Chances, Decision, Observation, Slate
from slategym.agents.choosing.given_slates import ranked
from slategym.sim.choice import Mask


def chances_of(agent: Agent, observation: Observation, slate: Slate, own: Decision, allowed: Mask | None) -> Chances:
    """(n, k) the probability by which an agent would have chosen each item of a slate, given those above it.

    It is known where the agent's own slate was certain, and of agents with exact propensities; else it is NaN.

    Args:
        agent: who chose its own slate, and has not learned since.
        observation: (n, o) float32.
        slate: (n, k), which another agent may have chosen.
        own: what the agent chose itself.
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
    """
    sure = (own.propensity == 1).all(axis=1) & (not own.estimated)
    if agent.propensities_are == "exact" and not sure.all():
        return agent.propensities(observation, slate, allowed)
    return np.where(sure[:, None], ranked(own.slate, slate, 0.0, agent.problem.choices), np.nan)
