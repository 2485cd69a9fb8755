"""Rejection replay: an agent's online value, estimated from the logged slates that it would have shown itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent
from slategym.agents.from_log.impressions import Step
from slategym.bench.replay.logged import some_rows
from slategym.utils.short_repr import Brief

STREAM = 0x5E1EC7


@dataclass(frozen=True, repr=False)
class Accepted(Brief):
    """The accepted slates of a rejection replay.

    Attributes:
        objectives: (a, M) their rewards, in the order in which the agent learned from them.
        offered: number of slates in the log.
        matched: number of slates where the agent chose the logged slate.
        floor: matches with a higher propensity are accepted with the probability floor / propensity.
        below: number of slates whose propensity is below the floor; their matches are under-represented.
    """

    objectives: NDArray[np.float64]
    offered: int
    matched: int
    floor: float
    below: int = 0

    def _told(self) -> Iterable[str]:
        yield f"{len(self.objectives):,} of {self.offered:,} slates"


def rejection_replay(
    agent: Agent,
    steps: Sequence[Step],
    *,
    floor: float | None = None,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Accepted:
    """Replay an agent on a log: it chooses for each logged shopper, and learns only where it chose the logged slate.

    If the logging policy drew every slate with the same probability, the accepted slates have the same distribution as those of a
    run of the agent itself with as many slates (Li, Chu, Langford, Wang, "Unbiased offline evaluation of contextual-bandit-based
    news article recommendation algorithms", WSDM 2011, theorem 1). If it drew some slates more often, a match is accepted with
    the probability floor / propensity, which corrects for this (rejection sampling: Dudik, Erhan, Langford, Li, "Sample-efficient
    nonstationary policy evaluation for contextual bandits", UAI 2012, section 4). Whole slates must match, which is rare for long
    slates. Agents decide for a whole step before they learn from it.

    Args:
        agent: new or already trained; it learns during the replay.
        steps: steps of the log, with propensities; if they are unknown, the log is assumed to be uniform.
        floor: for the propensities of whole slates; by default the lowest propensity in the log, with which the replay is
            unbiased. A higher floor accepts more slates, but introduces bias.
        seed: random seed of the rejections.
        progress: called after each step with the number of slates so far.

    Raises:
        ValueError: the floor is not a probability above 0.
    """
    least = _least(steps) if floor is None else floor
    if not 0 < least <= 1:
        raise ValueError(f"floor is {least}: expected a probability above 0, at most 1")
    random = np.random.Generator(np.random.Philox(key=np.array([seed, STREAM], np.uint64)))
    earned: list[NDArray[np.float64]] = [np.zeros((0, len(agent.problem.objective_names)))]
    offered = matched = below = 0
    for step in steps:
        observation, decision, feedback = step
        own = agent.act(observation) if decision.allowed is None else agent.act(observation, decision.allowed)
        match = (own.slate == decision.slate).all(axis=1)
        joint = joint_propensity(step)
        known = np.where(np.isnan(joint), least, joint)
        accepted = match & (random.random(len(match)) < least / np.maximum(known, 1e-300))
        offered, matched = offered + len(match), matched + int(match.sum())
        below += int((known < least * (1 - 1e-6)).sum())
        if accepted.any():
            agent.update(*some_rows(step, accepted))
            earned.append(feedback.objectives[accepted].astype(np.float64))
        if progress:
            progress(offered)
    return Accepted(np.concatenate(earned), offered, matched, least, below)


def joint_propensity(step: Step) -> NDArray[np.float64]:
    """(n,) the probability with which the logging policy showed each slate; NaN where it is unknown.

    Args:
        step: a step of a log.
    """
    return np.asarray(step[1].propensity.astype(np.float64).prod(axis=1))


def _least(steps: Sequence[Step]) -> float:
    """The lowest propensity of a slate of the log; 1 if none is known."""
    found = [np.nanmin(np.where(joint > 0, joint, np.nan), initial=1.0) for joint in map(joint_propensity, steps)]
    return float(min(found, default=1.0))
