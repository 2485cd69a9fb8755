"""The rounds of a policy on a log: its probabilities of the logged slates, and its expected rewards by a reward model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Observation, Slate
from slategym.agents.from_log.impressions import Step
from slategym.bench.evaluation.rewards import RewardModel
from slategym.bench.off_policy.rounds import Rounds
from slategym.bench.replay.progressive import rounds_of, target_of

Floats = NDArray[np.float64]
AT_ONCE = 200_000  # slates whose probabilities are computed together
SAMPLES = 4  # slates drawn to estimate the rewards at the lower ranks


def judged_rounds(agent: Agent, steps: Sequence[Step], model: RewardModel | None, draws: int) -> Rounds:
    """The rounds of a policy, which does not learn from them.

    Args:
        agent: the policy.
        steps: the steps of the log.
        model: a reward model, cross-fitted on these steps; None for estimators that need none.
        draws: number of draws for agents whose propensities are estimated.

    Raises:
        NotImplementedError: the policy cannot compute the probability of given slates.
    """
    single = agent.problem.slate_size == 1
    if model is None:
        return rounds_of(agent.problem, steps, np.concatenate([target_of(agent, step, draws) for step in steps]))
    parts = [_expectations(agent, number, step, model, draws) for number, step in enumerate(steps)]
    predicted, expected, first = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    target = first[:, None] if single else np.concatenate([target_of(agent, step, draws) for step in steps])
    return rounds_of(agent.problem, steps, target, predicted, expected)


def _expectations(agent: Agent, number: int, step: Step, model: RewardModel, draws: int) -> tuple[Floats, Floats, Floats]:
    """(n, k, M) Q_l of the logged items, and its mean if the policy chooses rank l; (n,) the probabilities of the first items.

    Q_l is the reward at rank l plus the expected reward at the lower ranks if the policy chooses the whole slate. The latter is
    taken to be the same for every item at rank l.
    """
    observation, decision, _ = step
    rewards = model.rewards(number, step)
    n, k = decision.slate.shape
    rows = np.arange(n)
    predicted = np.stack([rewards[rows, rank, decision.slate[:, rank]] for rank in range(k)], axis=1)
    expected, first = np.empty_like(predicted), np.empty(n)
    for rank in range(k):
        chances = choice_probabilities(agent, observation, decision.slate, rank, decision.allowed, draws)
        expected[:, rank] = np.einsum("nc,ncm->nm", chances, rewards[:, rank])
        if rank == 0:
            first = np.clip(chances[rows, decision.slate[:, 0]], 0, 1)
    if k > 1:
        below = _further_down(agent, observation, decision.allowed, rewards)
        predicted += below
        expected += below
    return predicted, expected, first


def _further_down(agent: Agent, observation: Observation, allowed: NDArray[np.bool_] | None, rewards: Floats) -> Floats:
    """(n, k, M) the expected rewards of the policy's own slates below each rank."""
    n, k = len(observation), rewards.shape[1]
    rows, total = np.arange(n), np.zeros((n, k, rewards.shape[-1]))
    for _ in range(SAMPLES):
        slate = (agent.act(observation) if allowed is None else agent.act(observation, allowed)).slate
        each = np.stack([rewards[rows, rank, slate[:, rank]] for rank in range(k)], axis=1)
        total[:, :-1] += np.cumsum(each[:, :0:-1], axis=1)[:, ::-1]
    return total / SAMPLES


def choice_probabilities(
    agent: Agent, observation: Observation, slate: Slate, rank: int, allowed: NDArray[np.bool_] | None, draws: int
) -> Floats:
    """(n, m), or (n, C) with candidates, the probability that a policy chooses each item at a rank, given the items above it.

    Args:
        agent: the policy.
        observation: (n, o) float32.
        slate: (n, k) slates, whose items above the rank are given.
        rank: the rank, counted from 0.
        allowed: (n, m) bool, or (n, C) with candidates, the items that may be shown; None for all.
        draws: number of draws for agents whose propensities are estimated.
    """
    count = agent.problem.choices
    known: list[NDArray[Any]] = [observation, slate[:, :rank].astype(np.float64), *([] if allowed is None else [allowed])]
    _, first, back = np.unique(np.concatenate(known, axis=1), axis=0, return_index=True, return_inverse=True)
    found = np.empty((len(first), count))
    for start in range(0, len(first), max(AT_ONCE // count, 1)):
        rows = first[start : start + max(AT_ONCE // count, 1)]
        asked = np.repeat(slate[rows], count, axis=0)
        asked[:, rank] = np.tile(np.arange(count), len(rows))
        mask = None if allowed is None else np.repeat(allowed[rows], count, axis=0)
        chances = agent.propensities(np.repeat(observation[rows], count, axis=0), _distinct_below(asked, rank), mask, draws=draws)
        found[start : start + len(rows)] = chances[:, rank].reshape(len(rows), count)
    return np.asarray(found[back.reshape(-1)])


def _distinct_below(slate: Slate, rank: int) -> Slate:
    """Repeat the first item at all ranks below a rank, where items do not matter, so that they block no other item."""
    slate[:, rank + 1 :] = slate[:, :1]
    return slate
