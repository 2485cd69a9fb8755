"""A trial: runs of an agent with certain settings on all worlds and seeds of a search; it can be stopped early."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.comparison.metrics import summary
from slategym.bench.execution.agent_job import AgentJob
from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.runner import Insider
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.store import RunStore
from slategym.bench.tuning.samplers import is_hopeless, make_pruner, quiet, with_reports
from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
PARTS = 8  # parts of a run; the value earned so far is reported after each part


@dataclass(frozen=True, repr=False)
class TrialResult(Brief):
    """The result of a trial.

    Attributes:
        values: (r,) the value of each run, by the metric of its world; if the trial was stopped early, of the finished runs.
        earned: (r, p) the value that each run earned by the end of each of its parts, per slate of the whole run; NaN for parts
            that were not reached.
        slates: total number of slates shown.
    """

    values: tuple[float, ...]
    earned: Floats
    slates: int

    @property
    def pruned(self) -> bool:
        """Whether it was stopped early."""
        return len(self.values) < len(self.earned)


@dataclass(frozen=True, repr=False)
class TrialJob(Brief):
    """The runs of a trial, executed one after another.

    Attributes:
        title: its name in messages.
        agent: name of the agent, with the settings as options.
        runs: the runs on all worlds and seeds.
        metrics: metric of each run: "value" or "value_per_episode".
        pruner: name and options of the pruner; empty if the trial is never stopped early.
        units: (r,) unit by which the value of each run is divided in reports.
        others: reports of the finished trials, with which the pruner compares.
        places: (r,) name of each run's world, which trackers add to the run's name; empty with a single world.
        fingerprint: covers everything that the result depends on; empty if the result is not saved.
    """

    title: str
    agent: str
    runs: tuple[AgentJob, ...]
    metrics: tuple[str, ...]
    pruner: str = ""
    units: tuple[float, ...] = ()
    others: tuple[tuple[float, ...], ...] = ()
    places: tuple[str, ...] = ()
    fingerprint: str = ""

    @property
    def known(self) -> Mapping[str, Any]:
        """Empty, because the result consists of numbers only."""
        return {}

    @property
    def size(self) -> int:
        """The number of slates of all its runs."""
        return sum(run.size for run in self.runs)

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> TrialResult | None:
        """The result, or None if `stop` returned True."""
        steps = -(-self.runs[0].slates // min(self.runs[0].shoppers, self.runs[0].slates))
        earned = np.full((len(self.runs), min(PARTS, steps)), np.nan)
        hopeless = self._pruning(earned)
        values: list[float] = []
        shown = 0
        for number, (run, metric) in enumerate(zip(self.runs, self.metrics, strict=True)):
            earnings = _Earnings(run, steps, earned[number], hopeless)

            def make(simulation: Simulation, seed: int, scalarizer: Scalarizer, earnings: _Earnings = earnings) -> Agent:
                return _watched(make_agent(self.agent, simulation, seed, scalarizer), earnings)

            def ended(earnings: _Earnings = earnings) -> bool:
                return earnings.hopeless or stop()

            def advance(slates: int, before: int = shown) -> None:
                progress(before + slates)

            part_of = f"{self.title} {self.places[number]}" if self.places else self.title
            trace = run.trace(Insider(make), advance, ended, store=store, part_of=part_of)
            if trace is None and not earnings.hopeless:
                return None
            if trace is None:
                shown += earnings.steps * run.shoppers
                break
            values.append(_metric(trace, run, metric))
            shown += run.slates
        return TrialResult(tuple(values), earned, shown)

    def _pruning(self, earned: Floats) -> Callable[[], bool]:
        """A function that returns whether the trial should be stopped, given the value it has earned so far."""
        if not (self.pruner and self.others):
            return lambda: False
        with quiet():
            pruner = make_pruner(self.pruner)
            study = with_reports([dict(enumerate(each)) for each in self.others])

        def hopeless() -> bool:
            reports = as_reports(earned, self.units)
            with quiet():
                return is_hopeless(pruner, study, {step: value for step, value in enumerate(reports) if np.isfinite(value)})

        return hopeless


def as_reports(earned: Floats, units: Sequence[float]) -> list[float]:
    """The value that a trial earned by each point of its runs, one run after another; NaN for points that were not reached.

    The values are cumulative. With positive rewards they increase, so that the best report so far, which Optuna's pruners
    compare, is the last one.

    Args:
        earned: (r, p), see `TrialResult`.
        units: (r,), see `TrialJob`.
    """
    scaled = earned / np.asarray(units)[:, None]
    before = np.concatenate([[0.0], np.cumsum(scaled[:-1, -1])])
    return [float(each) for each in (scaled + before[:, None]).ravel()]


def _metric(trace: Trace, run: AgentJob, metric: str) -> float:
    names = run.world.plurals
    return summary(trace, run.weights or run.world.weights, names)[metric]


class _Earnings:
    """Records the value that a run earns, part by part.

    Args:
        run: the run.
        steps: its number of steps.
        earned: (p,) array for the value by the end of each part.
        ask: returns whether to stop early; called at the end of each part.
    """

    def __init__(self, run: AgentJob, steps: int, earned: Floats, ask: Callable[[], bool]) -> None:
        self.total = np.zeros(len(run.world.objective_names))
        self.goals = run.baseline or RegretBaseline.fixed(run.weights or run.world.weights)
        self.all_steps, self.earned, self.ask = steps, earned, ask
        self.shoppers = run.shoppers
        self.steps, self.part, self.hopeless = 0, 0, False

    def add(self, feedback: Feedback) -> None:
        """Count a step."""
        self.total += feedback.objectives.mean(axis=0, dtype=np.float64)
        self.steps += 1
        parts = len(self.earned)
        if self.steps * parts >= (self.part + 1) * self.all_steps:
            goal = self.goals.at((self.steps - 1) * self.shoppers)
            self.earned[self.part] = goal.utility(self.total / self.steps) * self.steps / self.all_steps
            self.part += 1
            self.hopeless = self.steps < self.all_steps and self.ask()


def _watched(agent: Agent, earnings: _Earnings) -> Agent:
    """The agent; each of its updates also records the rewards."""
    learn = agent.update

    def update(observation: Observation, decision: Decision, feedback: Feedback) -> None:
        learn(observation, decision, feedback)
        earnings.add(feedback)

    vars(agent)["update"] = update  # not a wrapper class, because the runner checks the agent's class
    return agent
