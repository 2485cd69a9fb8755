"""Reports the metrics of a run to a tracker, as means since the previous report, from columns that every run records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.comparison.metrics import CONTEXT, averages, per_slate, weight_of
from slategym.bench.execution.recorder import Recorder
from slategym.bench.statistics import share
from slategym.bench.tracking.system import System
from slategym.bench.tracking.tracker import Tracker

POINTS = 100  # reports per run


@contextmanager
def followed(
    tracker: Tracker | None, config: Mapping[str, Any], recorder: Recorder, weights: Any, done: int
) -> Iterator[RunFollower | None]:
    """Report the start and the end of a run, or its failure, to a tracker.

    Args:
        tracker: the tracker, or None.
        config: configuration of the run.
        recorder: recorder of the run.
        weights: (M,) weights of the objectives.
        done: number of steps that were done before an interruption.

    Yields:
        The follower, to call after each step; None without a tracker.
    """
    if tracker is None:
        yield None
        return
    tracker.on_start(config)
    follower = RunFollower(tracker, recorder, weights)
    follower.begin(done)
    try:
        yield follower
    except BaseException as error:
        tracker.on_finish({"status": "failed", "error": f"{type(error).__name__}: {error}"})
        raise
    tracker.on_finish(follower.results())


class RunFollower:
    """Reports to a tracker about a hundred times per run, at the same slates whether or not the run was interrupted.

    Each report covers the slates since the previous one:

    - `value_per_slate` and `<plural>_per_slate`: the utility of the mean objectives, and the mean objectives.
    - `weight_of_<objective>`: the mean normalised weight of each objective when the agent chose.
    - `regret_per_slate`; with a fixed sum also `share_of_oracle` and, if it is known, `share_of_context`, the value as a share of
      that of the best slates given the observation. These cover the slates whose expectations were computed since the previous
      report, if there are any.
    - `value_per_episode` (with a fixed sum), `<plural>_per_episode` and `visits_per_episode`: means over the episodes that ended.
    - `slates_per_second`: the speed of agent and environment.
    - `memory_megabytes` and `cpu_cores` of the process (see `System`).
    - the entries of `agent.losses`, under their own names.

    The last two are missing for the part of a run before an interruption.

    Args:
        tracker: the tracker.
        recorder: recorder of the run.
        weights: (M,) weights of the objectives.
    """

    def __init__(self, tracker: Tracker, recorder: Recorder, weights: Any) -> None:
        self.tracker, self.recorder, self.weights = tracker, recorder, np.asarray(weights, np.float64)
        self.every = max(recorder.steps // POINTS, 1)
        goals = recorder.evaluator.baseline.goals
        self.scalarized = len(goals) > 1 or not isinstance(goals[0].scalarizer, FixedSum)
        self.system = System()
        self.told = self.judged = 0  # number of steps reported so far, and of those whose expectations were reported

    def begin(self, done: int) -> None:
        """Report what was recorded before the run was interrupted.

        Args:
            done: number of steps done by then.
        """
        for step in range(self.every, done + 1, self.every):
            self._tell(step, {})

    def step(self, done: int, agent: Any) -> None:
        """Report the last steps, if a report is due.

        Args:
            done: number of steps done so far.
            agent: agent of the run.
        """
        if done % self.every == 0 or done == self.recorder.steps:
            self._tell(done, {**(getattr(agent, "losses", None) or {}), **self.system.measure()})

    def results(self) -> dict[str, Any]:
        """The number of slates shown, and the metrics over all of them."""
        done = self.told
        status = "finished" if done == self.recorder.steps else "interrupted"
        self.told = 0
        shown = int(self.recorder.slates[:done].sum())
        whole = self._earned(done) if done else {}
        return {"status": status, "slates": shown, **{name: float(value) for name, value in whole.items() if np.isfinite(value)}}

    def _tell(self, done: int, more: Mapping[str, float]) -> None:
        found = {**self._earned(done), **self._compared(done), **self._of_episodes(done), **more}
        shown = int(self.recorder.slates[:done].sum())
        self.tracker.on_step(shown, {name: float(value) for name, value in found.items() if np.isfinite(value)})
        self.told = done

    def _earned(self, done: int) -> dict[str, float]:
        recorder, rows = self.recorder, slice(self.told, done)
        slates, columns = recorder.slates[rows], recorder.columns
        mean = averages(columns["objectives"][rows], slates)
        plurals = recorder.world.plurals
        found = {"value_per_slate": self._goal(self.told).utility(mean)}
        found |= {per_slate(plural): value for plural, value in zip(plurals.values(), mean, strict=True)}
        size = np.abs(columns["weights"][rows]).sum(axis=1, keepdims=True)
        weights = (columns["weights"][rows] / np.where(size > 0, size, 1)).mean(axis=0)
        found |= {weight_of(name): value for name, value in zip(plurals, weights, strict=True)}
        seconds = float(columns["seconds"][rows].sum())
        return found | {"slates_per_second": len(slates) * recorder.count / seconds if seconds else np.nan}

    def _compared(self, done: int) -> dict[str, float]:
        """Metrics of the slates evaluated since the previous report; slates may be evaluated some steps after they are shown."""
        columns = self.recorder.columns
        known = self.judged + np.flatnonzero(columns["evaluated"][self.judged : done])
        if not len(known):
            return {}
        goal, sample = self._goal(self.judged), columns["evaluated"][known]
        self.judged = int(known[-1]) + 1
        expected, best = (averages(columns[name][known], sample) for name in ("expected", "best"))
        utility, most = goal.utility(expected), goal.most(best)
        found = {"regret_per_slate": most - utility}
        if not self.scalarized:
            found["share_of_oracle"] = share(utility, best, goal.weights)
            if CONTEXT in columns:
                found["share_of_context"] = share(utility, averages(columns[CONTEXT][known], sample), goal.weights)
        return found

    def _of_episodes(self, done: int) -> dict[str, float]:
        length, objectives = self.recorder.episodes.ended(self.told, done)
        if not len(length):
            return {}
        mean = objectives.mean(axis=0)
        names = (per_slate(plural).removesuffix("_slate") + "_episode" for plural in self.recorder.world.plurals.values())
        found = {} if self.scalarized else {"value_per_episode": float(self.weights @ mean)}
        return found | dict(zip(names, mean, strict=True)) | {"visits_per_episode": float(length.mean())}

    def _goal(self, step: int) -> Any:
        return self.recorder.evaluator.baseline.at(int(self.recorder.slates[:step].sum()))
