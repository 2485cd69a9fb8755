"""Exact propensities of slates that one of several agents may have chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation
from slategym.agents.baselines import EpsilonGreedy, Random
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.fusion.base import Fusion
from slategym.agents.linear.agents import LinEpsilonGreedy
from slategym.sim.choice import Mask, highest

Slates = NDArray[np.int64]


def mixed_propensity(probability: NDArray[np.float64], chances: NDArray[np.float64]) -> NDArray[np.float32]:
    """(n, k) float32, the probability of each choice given those above it, where a member is drawn for the whole slate.

    That is the probability of the slate up to the rank, over that of the slate up to the rank before. NaN where a member that
    may have chosen the slate does not know.

    Args:
        probability: (J,) of each member.
        chances: (J, n, k) of each choice of the slate by each member, given those above it; NaN if unknown.
    """
    so_far = np.cumprod(chances, axis=2)
    joint = np.tensordot(probability, so_far, 1)
    before = np.concatenate([np.ones((len(joint), 1)), joint[:, :-1]], axis=1)
    return np.asarray(joint / before, np.float32)


def chances_of(agent: Agent, observation: Observation, slate: Slates, own: Decision, allowed: Mask | None) -> NDArray[np.float64]:
    """(n, k) the probability by which an agent would have chosen each item of a slate, given those above it.

    It is known of agents with a random item at a rank now and then, and where the agent's own slate was certain; else it is NaN.

    Args:
        agent: who chose its own slate, and has not learned since.
        observation: (n, o) float32.
        slate: (n, k), which another agent may have chosen.
        own: what the agent chose itself.
        allowed: (n, m) bool, the items that may be shown, or (n, C) of candidates; None for all.
    """
    if isinstance(agent, Random):
        return _explored(agent, np.zeros((len(slate), agent.problem.choices), np.float32), 1.0, observation, slate, allowed)
    if isinstance(agent, EpsilonGreedy | LinEpsilonGreedy | Fusion):
        return _explored(agent, np.asarray(agent.scores(observation)), agent.epsilon, observation, slate, allowed)
    certain = (own.propensity == 1).all(axis=1) & (not own.estimated)
    return np.where(certain[:, None], (slate == own.slate).astype(np.float64), np.nan)


def _explored(
    agent: Agent, scores: NDArray[np.floating], epsilon: float, observation: Observation, slate: Slates, allowed: Mask | None
) -> NDArray[np.float64]:
    """The chances of `explore` and `explore_among`."""
    choice, found = choice_of(agent.problem, observation, allowed), []
    for items in slate.T:
        eligible = choice.eligible()
        found.append(epsilon / eligible.sum(axis=1) + (1 - epsilon) * (items == highest(scores, eligible)))
        choice.take(items)
    return np.stack(found, axis=1)
