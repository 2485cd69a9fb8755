"""A log in parts of consecutive steps, as steps that agents learn from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Decision, Problem
from slategym.agents.predictors.fit import Step
from slategym.logs.log import Log
from slategym.sim.feedback import DelayedConversions, Feedback
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
        ends: of train, validation and test, the step number at which each ends.
    """

    train: tuple[Step, ...]
    validation: tuple[Step, ...]
    test: tuple[Step, ...]
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
    if "observation" not in log.columns:
        raise ValueError("the log has no observations, which models predict from: write it without --no-log-observations")
    if validation + test >= 1:
        raise ValueError(f"validation and test are {validation:g} and {test:g} of the log: expected less than all of it together")
    starts = np.flatnonzero(np.diff(log["step"], prepend=-1))
    edges = np.append(starts, len(log))
    count = len(starts) - problem.longest_delay
    if count < LEAST_STEPS:
        late = f", of which the last {problem.longest_delay} wait for conversions" if problem.longest_delay else ""
        raise ValueError(
            f"the log has {len(starts)} steps{late}: expected at least {LEAST_STEPS + problem.longest_delay}, "
            "as --slates of --shoppers at each step give them"
        )
    last = max(1, round(test * count))
    middle = max(1, round(validation * count))
    ends = (max(count - middle - last, 1), count - last, count)
    joined = _Joined.of(log, problem, visits, edges)
    parts = (tuple(joined.step(at, end) for at in range(begin, end)) for begin, end in pairwise((0, *ends)))
    train, validated, tested = parts
    return Parts(train, validated, tested, ends)


@dataclass(frozen=True, repr=False)
class _Joined(Brief):
    """A log whose delayed conversions are joined, and what each row's next visit says of it."""

    log: Log
    problem: Problem
    edges: NDArray[np.int64]
    positions: NDArray[np.int64]
    after: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]

    @staticmethod
    def of(log: Log, problem: Problem, visits: int, edges: NDArray[np.int64]) -> _Joined:
        joined, rows = log.join_delayed(), np.arange(len(log))
        key = joined["step"] * (int(joined["row"].max()) + 1) + joined["row"]
        following = key + int(joined["row"].max()) + 1
        place = np.minimum(np.searchsorted(key, following), len(key) - 1)
        known = key[place] == following  # the row goes on, with the same shopper or another
        same = known & (joined["shopper"][place] == joined["shopper"])
        over, last = known & ~same, joined["visit"] + 1 >= visits
        return _Joined(
            joined, problem, edges, _positions(joined, problem), np.where(same, place, rows), over & ~last, over & last
        )

    def step(self, at: int, end: int) -> Step:
        """A step of a part that ends before the step `end`."""
        log, rows = self.log, slice(self.edges[at], self.edges[at + 1])
        delay = log["delay"][rows]
        told = log["conversions"][rows] & ((delay == 0) | (at + delay >= end))
        begin = self.edges[max(at - self.problem.longest_delay, 0)]
        feedback = Feedback(
            clicks=log["clicks"][rows],
            conversions=told,
            revenue=np.where(told, log["revenue"][rows], 0).astype(np.float32),
            objectives=log["objectives"][rows],
            terminated=self.terminated[rows],
            truncated=self.truncated[rows],
            delayed=self._arrivals(at, slice(begin, self.edges[at])),
            next_observation=log["observation"][self.after[rows]],
            behaviours={name.partition(":")[2]: log[name][rows] for name in log.columns if name.startswith("behaviour:")},
            days_away=log["days_away"][rows].astype(np.int64) if "days_away" in log.columns else None,
        )
        return log["observation"][rows], Decision(self.positions[rows], log["propensity"][rows]), feedback

    def _arrivals(self, at: int, rows: slice) -> DelayedConversions:
        """The conversions of earlier rows that arrive at a step."""
        log, number = self.log, np.searchsorted(self.edges, np.arange(rows.start, rows.stop), side="right") - 1
        delay = log["delay"][rows]
        place, rank = np.nonzero((delay > 0) & (number[:, None] + delay == at))
        return DelayedConversions(
            row=log["row"][rows][place],
            age=delay[place, rank].astype(np.int64),
            rank=rank.astype(np.int64),
            item=log["slate"][rows][place, rank].astype(np.int64),
            revenue=log["revenue"][rows][place, rank].astype(np.float32),
        )


def _positions(log: Log, problem: Problem) -> NDArray[np.int64]:
    """(r, k) what slates hold for agents: items, or their positions among the candidates."""
    slate = log["slate"].astype(np.int64)
    if problem.candidates is None:
        return slate
    found = log["candidates"][:, None, :] == slate[:, :, None]
    return np.asarray(found.argmax(axis=2), np.int64)
