"""What a tracker is told of a run: its means since the last time, from the columns that are recorded anyway."""

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

POINTS = 100  # of a run


@contextmanager
def followed(
    tracker: Tracker | None, config: Mapping[str, Any], recorder: Recorder, weights: Any, done: int
) -> Iterator[RunFollower | None]:
    """Follow a run: tell a tracker its beginning and its end, a failure too.

    Args:
        tracker: None follows nothing.
        config: what is run.
        recorder: of the run.
        weights: (M,), of the objectives.
        done: steps that were done before.

    Yields:
        What is told of each step; None without a tracker.
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
    """Tells a tracker of a run about a hundred times, at the same slates whether or not the run was interrupted.

    The metrics of the slates since the last time:

    - `value_per_slate` and `<plural>_per_slate`: the utility of the mean objectives, and these.
    - `weight_of_<objective>`: the mean share of an objective among the weights by which the agent chose.
    - `regret_per_slate`, and of a fixed sum `share_of_oracle` and, where it is known, `share_of_context`, the share of the best
      slates from what is observed: of the slates whose expectations have been computed since, where some have.
    - `value_per_episode` of a fixed sum, `<plural>_per_episode` and `visits_per_episode`: of the episodes that ended.
    - `slates_per_second`: of agent and environment.
    - `memory_megabytes` and `cpu_cores` of the process (see `System`).
    - what `agent.losses` says, by its own names.

    The last two only of what was shown since the run began or went on.

    Args:
        tracker: is told.
        recorder: of the run.
        weights: (M,), of the objectives.
    """

    def __init__(self, tracker: Tracker, recorder: Recorder, weights: Any) -> None:
        self.tracker, self.recorder, self.weights = tracker, recorder, np.asarray(weights, np.float64)
        self.every = max(recorder.steps // POINTS, 1)
        goals = recorder.evaluator.baseline.goals
        self.scalarized = len(goals) > 1 or not isinstance(goals[0].scalarizer, FixedSum)
        self.system = System()
        self.told = self.judged = 0  # steps that were told, and of which expectations were

    def begin(self, done: int) -> None:
        """Tell what was recorded before the run was interrupted.

        Args:
            done: steps that were done.
        """
        for step in range(self.every, done + 1, self.every):
            self._tell(step, {})

    def step(self, done: int, agent: Any) -> None:
        """Tell the last steps, if it is time.

        Args:
            done: steps that are done.
            agent: of the run.
        """
        if done % self.every == 0 or done == self.recorder.steps:
            self._tell(done, {**(getattr(agent, "losses", None) or {}), **self.system.measure()})

    def results(self) -> dict[str, Any]:
        """The slates that were shown, and the means of all of them."""
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
        """Of the slates that were evaluated since the last time; those of a step may be evaluated some steps later."""
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
