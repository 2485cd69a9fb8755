"""Learning from logs, with corrections for biased logging policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from slategym.agents.choosing.parts import forget_shoppers, parts_of
from slategym.agents.from_log.correction import LARGEST, Correction
from slategym.agents.from_log.following import learned
from slategym.agents.from_log.impressions import Step, steps_of_impressions
from slategym.agents.from_log.slates import steps_of_slates
from slategym.agents.problem import Problem
from slategym.logs.impressions import ImpressionLog
from slategym.logs.segments import Segments

if TYPE_CHECKING:
    from slategym.agents.base import Agent
    from slategym.logs.log import Log


def steps_of(log: Log | ImpressionLog, problem: Problem, segments: Segments | None = None) -> Iterator[Step]:
    """The steps of a log of either kind.

    Args:
        log: a log of impressions (`steps_of_impressions`), or a log that slategym wrote (`steps_of_slates`).
        problem: the problem of the log or of its world.
        segments: the segments that form the context, for a log of impressions.

    Raises:
        ValueError: the log and the problem do not match; the message says what to do.
    """
    if isinstance(log, ImpressionLog):
        return steps_of_impressions(log, problem, segments)
    if segments is not None:
        raise ValueError("a log of slategym has its own observations: expected segments only with a log of impressions")
    return steps_of_slates(log, problem)


def check_learns(agent: Agent) -> None:
    """Check that an agent can learn from a log.

    Args:
        agent: the agent.

    Raises:
        ValueError: it learns from its own slates only.
    """
    if any(getattr(part, "own_slates_only", False) for part in parts_of(agent)):
        raise ValueError(
            f"{agent.name} learns from its own slates only, not from a log: train it in a world, such as one that "
            "`slategym fit` fits to the log, or use another agent, such as policy-gradient"
        )


def learn_steps(agent: Agent, steps: Iterable[Step], *, correct: bool = True) -> int:
    """Let an agent learn from steps in their order.

    Effects of a biased logging policy on agents, and their corrections:

    - Item means (popularity, epsilon-greedy) are biased if the logging policy showed an item to shoppers who click more. Their
      impressions are weighted by clipped inverse propensities (`Correction`).
    - Models of clicks given the context (lin-..., logistic-..., predictor:...) are unbiased if the context contains everything
      that the logging policy used, and if the model can represent the interactions of items and context (for items without
      features, linear models with `form="disjoint"`). They are not weighted.
    - Policies (policy-gradient, actor-critic, ppo) weight each choice by the ratio of their own probability to the propensity,
      clipped at `LARGEST` instead of at the option `largest_ratio`, which is made for slates that the agent chose itself.
    - Fusions by weights or stacking always weight their members' predictions by clipped inverse propensities.
    - Recommenders (recommender:...) learn which shoppers clicked which items, and are not corrected. Agents that learn from their
      own slates only cannot learn from a log: sb3:... raise an error, and the searches of nsga2 and pso make no progress.

    Args:
        agent: the agent.
        steps: steps, such as `steps_of` a log.
        correct: whether item means and policies are corrected; choices with unknown propensities never are.

    Returns:
        The number of slates.

    Raises:
        ValueError: the agent learns from its own slates only, or a step does not belong to its problem.
    """
    check_learns(agent)
    parts = parts_of(agent)
    means = [part for part in parts if hasattr(part, "correction")]
    policies = [(part, part.largest_ratio) for part in parts if hasattr(part, "largest_ratio")]
    slates = 0
    try:
        for part in means if correct else ():
            part.correction = Correction(part.problem.choices)
        for part, ratio in policies if correct else ():
            part.largest_ratio = max(ratio, LARGEST)
        for step in learned(agent, steps):
            agent.update(*step)
            slates += len(step[0])
    finally:
        for part in means:
            part.correction = None
        for part, ratio in policies:
            part.largest_ratio = ratio
        forget_shoppers(agent)
    return slates
