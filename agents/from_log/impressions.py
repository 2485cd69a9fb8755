"""Converts a log of impressions to steps: observations, the slates shown, and their feedback."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from slategym.agents.from_log.problem import rows_by_slate
from slategym.agents.problem import Decision, Observation, Problem
from slategym.logs.impressions import ImpressionLog
from slategym.logs.segments import Segments
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.objectives.base import CLICK, CONVERSION
from slategym.sim.user_models.history import HISTORY_DECAY
from slategym.utils.checked import checked
from slategym.utils.ranges import ShopperCount, VisitCount

Step = tuple[Observation, Decision, Feedback]  # the arguments of `Agent.update`
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
TOLD = ("click", "conversion", "revenue", "profit", "ad-revenue")  # objectives that can be computed from a log of impressions
SECONDS = 86_400.0  # seconds of a day


@checked
def steps_of_impressions(
    log: ImpressionLog,
    problem: Problem,
    segments: Segments | None = None,
    *,
    rows: ShopperCount = 1000,
    visits: VisitCount | None = None,
) -> Iterator[Step]:
    """The slates of a log as steps, in chronological order.

    A shopper with several visits keeps the same row from the first to the last visit, so that agents can remember clicks;
    shoppers enter in the order of their first visits. Conversions are reported with their impressions, without delay. A
    conversion without a click counts as a click as well. Slates that do not fill the problem's ranks are left out.

    Args:
        log: a log of impressions.
        problem: the problem of the log (`problem_of`), or of a world that was fitted to it.
        segments: the segments that form the problem's context.
        rows: largest number of shoppers in a step.
        visits: largest number of visits of a shopper; None: as in the log.

    Yields:
        For each step, the observations, the slates with their propensities (NaN if the log lacks them), and the feedback.

    Raises:
        ValueError: the problem has other items or another context, has objectives that cannot be computed from the log, or has
            candidates; or no slate fills its ranks.
    """
    _check(log, problem, segments)
    return _Steps(log, problem, segments, visits).walk(rows)


def _check(log: ImpressionLog, problem: Problem, segments: Segments | None) -> None:
    width = 0 if segments is None else len(segments.names)
    place = problem.layout["context"] if "context" in problem.layout else slice(0, 0)
    if place.stop - place.start != width:
        raise ValueError(
            f"the problem has {place.stop - place.start} columns of context, and the segments give {width}: expected the "
            "segments that the problem was made with"
        )
    if problem.items < log.items:
        raise ValueError(f"the problem has {problem.items} items, and {log.source} {log.items}: expected a problem of the log")
    if problem.candidates is not None:
        raise ValueError(f"the problem has candidates: expected a log that slategym wrote, not impressions ({log.source})")
    for name in problem.objective_names:
        if name not in TOLD:
            raise ValueError(f"a log of impressions lacks the objective {name!r}: expected some of {', '.join(TOLD)}")


class _Steps:
    """The columns of a log that its steps are made from."""

    def __init__(self, log: ImpressionLog, problem: Problem, segments: Segments | None, visits: int | None) -> None:
        self.log, self.problem = log, problem
        self.rows, self.slates = rows_by_slate(log, problem.slate_size)
        self.seen = np.zeros((log.slates, 0), np.float32) if segments is None else segments.one_hot(log)
        nothing = np.zeros(len(log), np.bool_)
        self.converted = log.events.get(CONVERSION, nothing)
        self.clicked = log.events.get(CLICK, self.converted) | self.converted
        known = log.propensity if log.propensity is not None or problem.slate_size > 1 else log.joint_propensity
        self.propensity = np.full(len(log), np.nan) if known is None else known
        self.day = None if log.time is None else log.time / (SECONDS if log.time_unit == "seconds" else 1.0)
        shopper = None if log.shopper is None else log.of_slate(log.shopper)[self.slates]
        self.starts, self.places = _by_shopper(shopper, len(self.slates))
        self.longest = int(np.diff(self.starts).max())
        self.visits = visits or self.longest

    def walk(self, rows: int) -> Iterator[Step]:
        shoppers = len(self.starts) - 1
        of_row, coming = np.arange(min(rows, shoppers)), min(rows, shoppers)
        visit = np.zeros(len(of_row), np.int64)
        state = _State(self.problem, len(of_row))
        observation = self._observe(of_row, visit, state)
        while len(of_row):
            rank = self.rows[self.places[self.starts[of_row] + visit]]
            over = visit + 1 == self.starts[of_row + 1] - self.starts[of_row]
            state.add(self.log.item[rank], self.clicked[rank], self.converted[rank])
            following = np.where(over, visit, visit + 1)
            after = self._observe(of_row, following, state)
            yield self._step(observation, rank, over, over & (visit + 1 < self.visits) & (self.longest > 1), after)
            fresh = np.flatnonzero(over)
            entering = np.arange(coming, min(coming + len(fresh), shoppers))
            coming += len(entering)
            of_row, visit = of_row.copy(), following
            of_row[fresh[: len(entering)]], visit[fresh] = entering, 0
            state.forget(fresh)
            stays = np.ones(len(of_row), np.bool_)
            stays[fresh[len(entering) :]] = False
            if not stays.all():
                of_row, visit, after = of_row[stays], visit[stays], after[stays]
                state.keep(stays)
            observation = after
            if len(fresh):
                observation = self._observe(of_row, visit, state)

    def _observe(self, shopper: Ints, visit: Ints, state: _State) -> Observation:
        """(n, o) the observations of shoppers at their visits."""
        layout, slate = self.problem.layout, self.slates[self.places[self.starts[shopper] + visit]]
        found = np.zeros((len(shopper), layout.size), np.float32)
        if "context" in layout:
            found[:, layout["context"]] = self.seen[slate]
        found[:, layout["clock"]] = (visit / self.visits)[:, None]
        if "exposure" in layout:
            found[:, layout["exposure"]], found[:, layout["engagement"]] = state.exposure, state.engagement
        if "day" in layout and self.day is not None:
            first = self.slates[self.places[self.starts[shopper]]]
            since = self.day[self.log.starts[slate]] - self.day[self.log.starts[first]]
            found[:, layout["day"]] = since[:, None]
        return found

    def _step(self, observation: Observation, rank: Ints, over: Mask, left: Mask, after: Observation) -> Step:
        item, clicks, conversions = self.log.item[rank], self.clicked[rank], self.converted[rank]
        paid = np.zeros(rank.shape) if self.log.revenue is None else self.log.revenue[rank]
        revenue = np.where(conversions, paid, 0).astype(np.float32)
        amounts = {
            "click": clicks,
            "conversion": conversions,
            "revenue": revenue,
            "profit": revenue * self.problem.margin[item],
            "ad-revenue": clicks * self.problem.bid[item],
        }
        objectives = np.stack([amounts[name].sum(axis=1) for name in self.problem.objective_names], axis=1)
        feedback = Feedback(
            clicks=clicks,
            conversions=conversions,
            revenue=revenue,
            objectives=objectives.astype(np.float32),
            terminated=left,
            truncated=over & ~left,
            delayed=DelayedConversions.none(),
            next_observation=after,
        )
        return observation, Decision(item, self.propensity[rank].astype(np.float32), allowed=self._allowed(rank)), feedback

    def _allowed(self, rank: Ints) -> Mask | None:
        """(n, m) the items that could be shown, including those shown; None if the log does not contain candidates."""
        if self.log.candidates is None:
            return None
        offsets, items = self.log.candidates
        slate = self.log.slate[rank[:, 0]]
        count = offsets[slate + 1] - offsets[slate]
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        found = np.zeros((len(slate), self.problem.items), np.bool_)
        found[np.repeat(np.arange(len(slate)), count), items[np.repeat(offsets[slate], count) + within]] = True
        np.put_along_axis(found, self.log.item[rank], True, axis=1)
        return found


class _State:
    """The history in observations: decayed numbers of impressions by category, of clicks and of conversions."""

    def __init__(self, problem: Problem, rows: int) -> None:
        self.category = problem.category
        width = problem.layout["exposure"] if "exposure" in problem.layout else slice(0, 0)
        self.exposure = np.zeros((rows, width.stop - width.start), np.float32)
        self.engagement = np.zeros((rows, 2), np.float32)

    def add(self, item: Ints, clicks: Mask, conversions: Mask) -> None:
        decay = np.float32(HISTORY_DECAY)
        self.engagement = self.engagement * decay + np.stack([clicks.sum(axis=1), conversions.sum(axis=1)], axis=1)
        self.engagement = self.engagement.astype(np.float32)
        if self.exposure.shape[1]:
            self.exposure *= decay
            np.add.at(self.exposure, (np.arange(len(item))[:, None], self.category[item]), 1.0)

    def forget(self, rows: Ints) -> None:
        self.exposure[rows], self.engagement[rows] = 0.0, 0.0

    def keep(self, rows: Mask) -> None:
        self.exposure, self.engagement = self.exposure[rows], self.engagement[rows]


def _by_shopper(shopper: Ints | None, count: int) -> tuple[Ints, Ints]:
    """The order of the slates by shopper, in the order of first visits, and the start of each shopper in it."""
    if shopper is None:
        return np.arange(count + 1), np.arange(count)
    _, first, inverse = np.unique(shopper, return_index=True, return_inverse=True)
    place = np.empty(len(first), np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    order = np.argsort(place[inverse], kind="stable")
    return np.concatenate([[0], np.cumsum(np.bincount(place[inverse]))]), order
