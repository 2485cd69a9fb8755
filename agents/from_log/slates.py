"""Converts a log that slategym wrote, whose world is known, to steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.agents.from_log.impressions import Step
from slategym.agents.problem import Decision, Problem
from slategym.logs.log import Log
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.utils.short_repr import Brief


def steps_of_slates(log: Log, problem: Problem) -> Iterator[Step]:
    """The steps of a log, with conversions reported at their impressions.

    The last steps are omitted, since some of their delayed conversions may not be in the log.

    Args:
        log: a log with all columns.
        problem: the problem of its world.

    Raises:
        ValueError: the log has no observations, does not state the number of visits, or belongs to another problem.
    """
    check_observed(log)
    visits = log.config.get("visits")
    if not isinstance(visits, int):
        raise ValueError("the log does not state the number of visits of an episode: expected a log of `slategym simulate`")
    if log["observation"].shape[1] != problem.layout.size or log["slate"].shape[1] != problem.slate_size:
        raise ValueError(
            f"the log has observations of {log['observation'].shape[1]} numbers and slates of {log['slate'].shape[1]}, but the "
            f"problem {problem.layout.size} and {problem.slate_size}: expected the problem of the log's world"
        )
    steps = SlateSteps.of(log, problem, visits)
    return (steps.step(at, 0) for at in range(len(steps) - problem.longest_delay))


def check_observed(log: Log) -> None:
    """Check that a log has observations.

    Args:
        log: the log that agents will learn from.

    Raises:
        ValueError: it has no observations.
    """
    if "observation" not in log.columns:
        raise ValueError("the log has no observations, which models need as input: write it without --no-log-observations")


@dataclass(frozen=True, repr=False)
class SlateSteps(Brief):
    """The steps of a log with delayed conversions joined to their impressions, and information from each shopper's next visit.

    Attributes:
        log: the joined log.
        problem: the problem of its world.
        edges: (steps + 1,) the first row of each step, and the number of rows.
        positions: (r, k) the slates in the form that agents use: items, or positions among the candidates.
        after: (r,) the row of the shopper's next visit, or the row itself if there is none.
        terminated: (r,) whether the shopper left after this visit.
        truncated: (r,) whether the episode ended because this visit was the last possible one.
    """

    log: Log
    problem: Problem
    edges: NDArray[np.int64]
    positions: NDArray[np.int64]
    after: NDArray[np.int64]
    terminated: NDArray[np.bool_]
    truncated: NDArray[np.bool_]

    @staticmethod
    def of(log: Log, problem: Problem, visits: int) -> SlateSteps:
        """The steps of a log.

        Args:
            log: a log with all columns.
            problem: the problem of its world.
            visits: the largest number of visits of an episode.
        """
        edges = np.append(np.flatnonzero(np.diff(log["step"], prepend=-1)), len(log))
        joined, rows = log.join_delayed(), np.arange(len(log))
        key = joined["step"] * (int(joined["row"].max()) + 1) + joined["row"]
        following = key + int(joined["row"].max()) + 1
        place = np.minimum(np.searchsorted(key, following), len(key) - 1)
        known = key[place] == following  # the row exists at the next step, with the same shopper or another one
        same = known & (joined["shopper"][place] == joined["shopper"])
        over, last = known & ~same, joined["visit"] + 1 >= visits
        return SlateSteps(
            joined, problem, edges, _positions(joined, problem), np.where(same, place, rows), over & ~last, over & last
        )

    def __len__(self) -> int:
        return len(self.edges) - 1

    def step(self, at: int, end: int) -> Step:
        """A step of a part of the log that ends before the step `end`.

        Conversions that arrive after the part are reported at their impressions.

        Args:
            at: number of the step.
            end: end of the part; 0: all conversions are reported at their impressions.
        """
        log, rows = self.log, slice(self.edges[at], self.edges[at + 1])
        delay = log["delay"][rows]
        told = log["conversions"][rows] & ((delay == 0) | (at + delay >= end))
        begin = self.edges[max(at - self.problem.longest_delay, 0) if at < end else at]
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
    """(r, k) the slates in the form that agents use: items, or positions among the candidates."""
    slate = log["slate"].astype(np.int64)
    if problem.candidates is None:
        return slate
    found = log["candidates"][:, None, :] == slate[:, :, None]
    return np.asarray(found.argmax(axis=2), np.int64)
