"""A log in parts of consecutive steps, as steps that agents learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from slategym.agents.base import Problem
from slategym.agents.from_log.impressions import Step
from slategym.agents.from_log.slates import SlateSteps, check_observed
from slategym.logs.log import Log
from slategym.utils.checked import checked
from slategym.utils.ranges import PositiveShare
from slategym.utils.short_repr import Brief

LEAST_STEPS = 3  # of a log, one for each part


@dataclass(frozen=True, repr=False)
class Parts(Brief):
    """A log in three parts, each later than the one before.

    Attributes:
        train: the steps to learn from.
        validation: the steps by which training is stopped.
        test: the steps by which models are judged.
        path: all of these steps, with each conversion at the step at which it arrived.
        ends: of train, validation and test, the step number at which each ends.
    """

    train: tuple[Step, ...]
    validation: tuple[Step, ...]
    test: tuple[Step, ...]
    path: tuple[Step, ...]
    ends: tuple[int, int, int]

    @property
    def sizes(self) -> dict[str, int]:
        """How many slates each part has."""
        return {name: slates_of(getattr(self, name)) for name in ("train", "validation", "test")}


def slates_of(steps: tuple[Step, ...]) -> int:
    """How many slates some steps have."""
    return sum(len(observation) for observation, _, _ in steps)


@checked
def split(log: Log, problem: Problem, visits: int, validation: PositiveShare = 0.15, test: PositiveShare = 0.15) -> Parts:
    """Take a log apart by time; steps are never divided.

    A conversion belongs to the part of its impression. Conversions that arrive within a part come as they came; of its last
    impressions, those that arrive later are told at once, so that all are known (`conversions_of`). Steps at the end of the log
    whose conversions may still be on their way are left out.

    Args:
        log: with all columns.
        problem: of its world.
        visits: the most visits of an episode.
        validation: share of the steps.
        test: share of the steps.

    Raises:
        ValueError: the log has no observations, or too few steps.
    """
    check_observed(log)
    if validation + test >= 1:
        raise ValueError(f"validation and test are {validation:g} and {test:g} of the log: expected less than all of it together")
    steps = len(np.unique(log["step"]))
    count = steps - problem.longest_delay
    if count < LEAST_STEPS:
        late = f", of which the last {problem.longest_delay} wait for conversions" if problem.longest_delay else ""
        raise ValueError(
            f"the log has {steps} steps{late}: expected at least {LEAST_STEPS + problem.longest_delay}, "
            "as --slates of --shoppers at each step give them"
        )
    last = max(1, round(test * count))
    middle = max(1, round(validation * count))
    ends = (max(count - middle - last, 1), count - last, count)
    joined = SlateSteps.of(log, problem, visits)
    parts = (tuple(joined.step(at, end) for at in range(begin, end)) for begin, end in pairwise((0, *ends)))
    train, validated, tested = parts
    path = tuple(joined.step(at, len(joined)) for at in range(count))
    return Parts(train, validated, tested, path, ends)


@checked
def split_steps(steps: Sequence[Any], validation: PositiveShare = 0.15, test: PositiveShare = 0.15) -> Parts:
    """Take the steps of any log apart, whose conversions are all at their impressions.

    Args:
        steps: in the order of time, which are not divided.
        validation: share of the slates.
        test: share of the slates.

    Raises:
        ValueError: there are too few steps.
    """
    count = len(steps)
    if count < LEAST_STEPS:
        raise ValueError(f"the log has {slates_of(tuple(steps))} slates: expected at least {LEAST_STEPS}, one for each part")
    path, shares = tuple(steps), np.cumsum([len(observation) for observation, _, _ in steps], dtype=np.float64)
    shares /= shares[-1]
    last = min(max(int(np.searchsorted(shares, 1 - test - 1e-9)) + 1, 2), count - 1)
    first = min(max(int(np.searchsorted(shares, 1 - test - validation - 1e-9)) + 1, 1), last - 1)
    return Parts(path[:first], path[first:last], path[last:], path, (first, last, count))
