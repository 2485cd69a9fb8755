"""A log that is corrupted on purpose: missing values, outliers, flipped labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from slategym.agents.base import Problem
from slategym.agents.from_log.impressions import Step
from slategym.bench.rollouts import generator
from slategym.sim.feedback import Feedback
from slategym.sim.objectives.base import CLICK, CONVERSION
from slategym.utils.checked import checked
from slategym.utils.ranges import Share

Kind = Literal["missing", "outliers", "labels"]
LEVELS = (0.05, 0.1, 0.2, 0.4)
FACTOR = 10  # by which an outlier is further from the mean


@checked
def corrupted(steps: Sequence[Any], problem: Problem, kind: Kind, level: Share, seed: int) -> tuple[Step, ...]:
    """A copy of steps in which a share of the values is wrong; at a higher level, those and others.

    Args:
        steps: of a log.
        problem: of its world.
        kind: "missing" puts the column's mean in place of values of the context, which is 0 once they are standardised;
            "outliers" moves them ten times as far from it; "labels" turns answers around: clicks of impressions, and conversions
            of clicks.
        level: the probability of each value to be wrong.
        seed: decides which they are.
    """
    random, columns = generator(seed, f"corruption by {kind}"), problem.context()
    total = sum(observation[:, columns].sum(axis=0, dtype=np.float64) for observation, _, _ in steps)
    mean = (total / max(sum(len(observation) for observation, _, _ in steps), 1)).astype(np.float32)
    changed: list[Step] = []
    for observation, decision, feedback in steps:
        if kind == "labels":
            first, second = (random.random(feedback.clicks.shape) < level for _ in range(2))
            changed.append((observation, decision, _flipped(feedback, first, second, problem)))
            continue
        wrong = random.random((len(observation), len(columns))) < level
        values = observation[:, columns]
        moved = np.broadcast_to(mean, values.shape) if kind == "missing" else mean + FACTOR * (values - mean)
        copy = observation.copy()
        copy[:, columns] = np.where(wrong, moved, values)
        changed.append((copy, decision, feedback))
    return tuple(changed)


def _flipped(feedback: Feedback, click: Any, conversion: Any, problem: Problem) -> Feedback:
    """A feedback whose answers are turned around where the masks (n, k) say so; counts of them follow."""
    clicks = feedback.clicks ^ click
    conversions = (feedback.conversions ^ (conversion & clicks)) & clicks
    objectives = feedback.objectives.copy()
    for name, before, after in ((CLICK, feedback.clicks, clicks), (CONVERSION, feedback.conversions, conversions)):
        if name in problem.objective_names:
            objectives[:, problem.objective_names.index(name)] += after.sum(axis=1) - before.sum(axis=1).astype(np.float32)
    return replace(feedback, clicks=clicks, conversions=conversions, objectives=objectives)
