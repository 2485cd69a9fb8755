"""The off-policy value of an agent while it learns from a log, each policy evaluated on slates it has not learned from yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Problem
from slategym.agents.common.credit import ItemCredit
from slategym.agents.from_log.following import learned
from slategym.agents.from_log.impressions import Step
from slategym.agents.from_log.learning import learn_steps
from slategym.bench.off_policy.rounds import Actions, Rounds, Slates
from slategym.bench.replay.logged import shoppers_of

Floats = NDArray[np.float64]


def progressive_rounds(
    agent: Agent, steps: Sequence[Step], *, draws: int = 200, progress: Callable[[int], None] | None = None
) -> Rounds:
    """Let an agent learn from a whole log, and record the probability of each logged slate under the policy just before it.

    The weighted mean of the rounds is the mean value of the policies that the agent goes through (progressive validation: Blum,
    Kalai, Langford, COLT 1999; with importance weights: Bietti, Agarwal, Langford, "A contextual bandit bake-off", JMLR 2021,
    section 4.1).

    Args:
        agent: the agent, which learns.
        steps: steps of a log with propensities.
        draws: number of draws for agents whose propensities are estimated (`Agent.propensities`).
        progress: called after each step with the number of slates so far.

    Returns:
        `Actions` for slates of one item, otherwise `Slates`.

    Raises:
        NotImplementedError: the agent cannot compute the probability of a given slate.
    """
    targets: list[Floats] = []

    def watched() -> Iterator[Step]:
        done = 0
        for step in learned(agent, steps):
            targets.append(target_of(agent, step, draws))
            yield step  # the agent learns from it now
            done += len(step[0])
            if progress:
                progress(done)

    learn_steps(agent, watched())
    return rounds_of(agent.problem, steps, np.concatenate(targets))


def target_of(agent: Agent, step: Step, draws: int) -> Floats:
    """(n, k) the probabilities with which an agent would show the slates of a step.

    Args:
        agent: the agent in its current state.
        step: a step of a log.
        draws: number of draws for agents whose propensities are estimated.
    """
    observation, decision, _ = step
    return np.asarray(np.clip(agent.propensities(observation, decision.slate, decision.allowed, draws=draws), 0, 1))


def rounds_of(
    problem: Problem,
    steps: Sequence[Step],
    target: Floats,
    predicted: Floats | None = None,
    expected: Floats | None = None,
) -> Rounds:
    """The rounds of a log and a policy, as input for estimators.

    Args:
        problem: problem of the log.
        steps: steps of the log.
        target: (n, k) the policy's probabilities of the logged items.
        predicted: (n, k, M) rewards of the logged items, predicted by a reward model.
        expected: (n, k, M) expected rewards of the policy, predicted by the model.

    Returns:
        `Actions` for slates of one item, otherwise `Slates`; with a reward for each objective.
    """
    credit = ItemCredit(problem)
    reward = np.concatenate([credit(feedback, problem.shown(seen, shown.slate)) for seen, shown, feedback in steps])
    behaviour = np.concatenate([decision.propensity for _, decision, _ in steps]).astype(np.float64)
    shopper = shoppers_of(steps)
    cluster = shopper if len(shopper) and shopper.max() + 1 < len(shopper) else None  # if shoppers come several times
    if problem.slate_size == 1:
        model, expectation = (None if each is None else each[:, 0] for each in (predicted, expected))
        return Actions(reward[:, 0], behaviour[:, 0], target[:, 0], model, expectation, cluster=cluster)
    return Slates(reward, behaviour, target, predicted, expected, cluster=cluster)
