"""The runs of a sweep: agents, each with its own weights, and the exact front of their shoppers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from slategym.agents.base import Agent, Decision, Observation
from slategym.agents.registry import learns_any_weights, make_agent
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.ceilings.references import Fit, ObservedSet, References
from slategym.bench.comparison.metrics import averages
from slategym.bench.execution.agent_job import AgentJob
from slategym.bench.execution.runner import Insider
from slategym.bench.execution.threads import one_thread
from slategym.bench.execution.trace import Trace
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.fronts.front import Front, front
from slategym.bench.fronts.optimum import Optimum, optimum
from slategym.bench.jobs.store import RunStore
from slategym.sim.feedback import Feedback
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import Simulation
from slategym.utils.short_repr import Brief

Floats = NDArray[np.float64]
LAST = 0.1  # share of the run, at its end, that is evaluated
PATH = 60  # points of a path
OBSERVED = 4000  # maximum number of shoppers for the front of slates chosen from the observation alone
COARSE = 5e-3  # precision of that front, whose slates are only approximately the best
Stop = Callable[[], bool]
Progress = Callable[[int], None]


@dataclass(frozen=True, repr=False)
class Exact(Brief):
    """The exact front of the shoppers of a seed.

    Attributes:
        front: the front.
        at: (N, M) the best values for each of the sweep's weights.
        optima: the best mixture for each scalarizer; None if no mixture meets its constraints.
        observed: the front of slates that are chosen from the observation alone; None without a fit.
    """

    front: Front
    at: Floats
    optima: tuple[Optimum | None, ...]
    observed: Front | None = None


@dataclass(frozen=True, repr=False)
class Learned(Brief):
    """The result of one run.

    Attributes:
        value: (M,) exact expected rewards per slate in the last 10 % of the run.
        best: (M,) the same for the oracle's slates, for the same shoppers and weights.
        asked: (N, M) exact expected rewards of a conditioned agent's slates for each of the weights, for the shoppers of the last
            part; otherwise (0, M).
        slates: (p,) number of slates shown until each point of the path.
        path: (p, M) mean expected rewards of all slates shown until then.
        weights: (p, M) weights with which the agent chose at each point.
    """

    value: Floats
    best: Floats
    asked: Floats
    slates: NDArray[np.int64]
    path: Floats
    weights: Floats


@dataclass(frozen=True, repr=False, kw_only=True)
class FrontJob(AgentJob):
    """The exact front of the shoppers in the last part of a run that shows random slates.

    Attributes:
        sweep: N weights whose best values are computed too.
        goals: scalarizers whose best mixtures are computed too.
        precision: precision of the front.
        fit: fitted model for the front of slates chosen from the observation alone, or None.
    """

    sweep: tuple[tuple[float, ...], ...]
    goals: tuple[Scalarizer, ...]
    precision: float
    fit: Fit | None = None
    name: str = "random"

    @property
    def title(self) -> str:
        """The seed."""
        return f"exact front seed {self.seed}"

    def run(self, progress: Progress, stop: Stop, store: RunStore | None = None) -> Exact | None:
        """The front, or None if the run was stopped early."""
        watched = _Watched(self.slates, self.shoppers, self.name)
        if self.trace(Insider(watched.make), progress, stop, exact="off") is None:
            return None
        with one_thread(with_torch=self.fit is not None):
            reach = AchievableSet(self.world, watched.visited)
            exact_front = front(reach, precision=self.precision)
            at = np.array([reach.best(weights)[0] for weights in self.sweep])
            observed = None
            if self.fit:
                seen = watched.visited.take(slice(0, OBSERVED))
                observed = front(ObservedSet(References(self.world, self.fit), seen), precision=max(self.precision, COARSE))
            return Exact(exact_front, at, tuple(_optimum(reach, goal) for goal in self.goals), observed)


@dataclass(frozen=True, repr=False, kw_only=True)
class LearnJob(AgentJob):
    """One run of an agent: with fixed weights, with a scalarizer, or a conditioned agent that is evaluated with many weights.

    Attributes:
        ask: N weights with which a conditioned agent is evaluated at the end.
        goal: name and options of the scalarizer; empty with fixed weights.
    """

    ask: tuple[tuple[float, ...], ...] = ()
    goal: str = ""

    @property
    def title(self) -> str:
        """The agent, its weights or scalarizer, and the seed."""
        towards = self.goal or ("all weights" if self.ask else " ".join(f"{weight:.3g}" for weight in self.weights or ()))
        return f"{self.name} {towards} seed {self.seed}"

    def run(self, progress: Progress, stop: Stop, store: RunStore | None = None) -> Learned | None:
        """The result of the run, or None if it was stopped early."""
        watched = _Watched(self.slates, self.shoppers, self.name, keep=bool(self.ask))
        trace = self.trace(Insider(watched.make), progress, stop, store=store)
        if trace is None:
            return None
        answers = [watched.value(weights) for weights in self.ask]
        value, best = (_last(trace, values) for values in (trace.expected, trace.best))
        return Learned(value, best, np.array(answers).reshape(len(answers), len(value)), *_path(trace))


def _optimum(reach: AchievableSet, goal: Scalarizer) -> Optimum | None:
    try:
        return optimum(reach, goal)
    except ValueError:  # these shoppers cannot meet the constraints, though others may
        return None


def last_steps(steps: int) -> int:
    """The number of steps that are evaluated."""
    return -(-steps // round(1 / LAST))


def _last(trace: Trace, values: Floats) -> Floats:
    rows = slice(len(trace.slates) - last_steps(len(trace.slates)), None)
    return averages(values[rows], trace.sample[rows])


def _path(trace: Trace) -> tuple[NDArray[np.int64], Floats, Floats]:
    steps = len(trace.slates)
    at = np.unique(np.geomspace(1, steps, PATH).round().astype(np.int64)) - 1
    shown = np.cumsum(trace.slates)
    sample = trace.sample[:, None]
    sums = np.cumsum(np.where(sample > 0, trace.expected * sample, 0), axis=0)
    mean = sums / np.maximum(np.cumsum(sample, axis=0), 1)
    weights = np.full_like(mean, np.nan) if trace.weights is None else trace.weights
    return shown[at], mean[at], weights[at]


class _Watched:
    """Makes an agent, and keeps the shoppers of the last part of its run."""

    def __init__(self, slates: int, shoppers: int, name: str, keep: bool = True) -> None:
        self.count = min(slates, shoppers)
        self.steps = -(-slates // self.count)
        self.rest = slates - (self.steps - 1) * self.count
        self.name, self.keep = name, keep
        self.kept: list[Shoppers] = []

    def make(self, simulation: Simulation, seed: int, scalarizer: Scalarizer) -> Agent:
        """Make the agent, when `run` calls this."""
        options: dict[str, Any] = {"spread": 1.0} if learns_any_weights(self.name) else {}
        self.agent = make_agent(self.name, simulation, seed, scalarizer, **options)
        self.world, self.simulation, self.step = simulation.world, simulation, 0
        return cast("Agent", _Keeping(self)) if self.keep else self.agent  # _Keeping forwards every attribute

    def note(self) -> None:
        """Count a step, and keep a copy of its shoppers if it is one of the last."""
        self.step += 1
        if self.step > self.steps - last_steps(self.steps):
            rows = self.rest if self.step == self.steps else self.count
            self.kept.append(self.simulation.shoppers.take(np.arange(rows)))

    @property
    def visited(self) -> Shoppers:
        """The shoppers that were kept."""
        return Shoppers.joined(self.kept)

    def value(self, weights: tuple[float, ...]) -> Floats:
        """(M,) the expected rewards of the agent's best slates for other weights, for the shoppers that were kept."""
        agent = self.agent.with_weights(weights)
        values = [self.world.expected(batch, agent.best(self.world.observe(batch))) for batch in self.kept]
        return np.asarray(np.concatenate(values).mean(axis=0))


class _Keeping:
    """An agent whose steps are counted by a `_Watched`."""

    def __init__(self, watched: _Watched) -> None:
        self._watched = watched

    def __getattr__(self, name: str) -> Any:
        return getattr(self._watched.agent, name)

    def act(self, observation: Observation) -> Decision:
        self._watched.note()
        return self._watched.agent.act(observation)

    def update(self, observation: Observation, decision: Decision, feedback: Feedback) -> None:
        self._watched.agent.update(observation, decision, feedback)
