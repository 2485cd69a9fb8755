"""Agents that learn from logs."""

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
        log: of impressions (`steps_of_impressions`), or as slategym wrote it (`steps_of_slates`).
        problem: of the log, or of its world.
        segments: which the context is made of, for a log of impressions.

    Raises:
        ValueError: the log and the problem do not fit together; the message says what to do.
    """
    if isinstance(log, ImpressionLog):
        return steps_of_impressions(log, problem, segments)
    if segments is not None:
        raise ValueError("a log of slategym has its own observations: expected segments for a log of impressions alone")
    return steps_of_slates(log, problem)


def check_learns(agent: Agent) -> None:
    """Refuse an agent that cannot learn from a log.

    Args:
        agent: the one.

    Raises:
        ValueError: it learns from its own slates alone.
    """
    if any(getattr(part, "own_slates_only", False) for part in parts_of(agent)):
        raise ValueError(
            f"{agent.name} learns from its own slates alone, not from a log: train it in a world, such as one that "
            "`slategym fit` makes of the log, or take another agent, such as policy-gradient"
        )


def learn_steps(agent: Agent, steps: Iterable[Step], *, correct: bool = True) -> int:
    """Let an agent learn steps in their order.

    What a biased logger does to agents, and what corrects it:

    - Means of items (popularity, epsilon-greedy) are wrong where the logger showed an item to shoppers who click more; their
      impressions are weighted by clipped inverse propensities (`Correction`).
    - Models of clicks given the context (lin-..., logistic-..., predictor:...) are right where the context holds what the logger
      chose by, and the model can hold what items and context do together (of items without features, the linear ones in the
      form "disjoint"): their answers are conditional on both. They are not weighted.
    - Policies (policy-gradient, actor-critic, ppo) weight each choice by the ratio of their own probability to the propensity,
      clipped at `LARGEST` instead of the option `largest_ratio`, which is made for slates of their own.
    - Fusions by weights or stacking weight what their members predicted by clipped inverse propensities, always.
    - Recommenders (recommender:...) learn what was clicked by whom, and are not corrected. Agents that learn from their own
      slates alone learn nothing from a log: sb3:... are refused, and the searches of nsga2 and pso stand still.

    Args:
        agent: that learns.
        steps: such as `steps_of` a log.
        correct: whether means of items and policies are corrected; by propensities that are not known, nothing is.

    Returns:
        How many slates there were.

    Raises:
        ValueError: the agent learns from its own slates alone, or a step is not of its problem.
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
