"""The value of the best slates from the observation, for the shoppers of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slategym.agents.base import Agent, Problem
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.ceilings.ceiling import SHOPPERS, ContextAgent, ContextCeiling
from slategym.bench.ceilings.model import Stopped
from slategym.bench.execution.agent_job import AgentJob
from slategym.bench.execution.store import RunStore
from slategym.bench.execution.threads import one_thread
from slategym.bench.execution.trace import Trace
from slategym.bench.rollouts import derived
from slategym.sim.world import World
from slategym.utils.short_repr import Brief

FEWEST = 2000  # training shoppers, at least
HELD_OUT = 1000  # shoppers on whom the fit is evaluated


@dataclass(frozen=True)
class ContextRuns:
    """The runs of the best slates from the observation.

    Attributes:
        traces: by seed.
        fit: how good the fit is (`ContextCeiling.report`).
    """

    traces: dict[int, Trace]
    fit: dict[str, Any]


@dataclass(frozen=True, repr=False)
class ContextJob(Brief):
    """One fit, and a run of its slates with each seed, on the shoppers that the agents of that seed have."""

    world: World
    seeds: tuple[int, ...]
    slates: int
    shoppers: int
    weights: tuple[float, ...]
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """What it runs."""
        return "best slates from the observation"

    @property
    def known(self) -> Mapping[str, Any]:
        """The world, which results name instead of holding it."""
        return {"world": self.world}

    @property
    def size(self) -> int:
        """How many slates it shows in all."""
        return self.slates * len(self.seeds)

    @property
    def learned(self) -> int:
        """Number of training shoppers: no more than slates of the agents in all, unless those are few."""
        return min(SHOPPERS, max(self.size, FEWEST))

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> ContextRuns | None:
        """The runs, or None if they were stopped early."""
        try:
            with one_thread():
                ceiling = ContextCeiling(self.world, self.weights, self.seeds[0], self.learned, stop)
                fit = ceiling.report(self.weights, derived(self.seeds[0], "held out"), HELD_OUT)
        except Stopped:
            return None

        def agent(problem: Problem, seed: int, scalarizer: Scalarizer) -> Agent:
            return ContextAgent(ceiling, problem, seed, scalarizer)

        traces: dict[int, Trace] = {}

        def advance(slates: int) -> None:
            progress(len(traces) * self.slates + slates)

        for seed in self.seeds:
            job = AgentJob(
                world=self.world,
                name=ContextAgent.name,
                seed=seed,
                slates=self.slates,
                shoppers=self.shoppers,
                weights=self.weights,
            )
            trace = job.trace(agent, advance, stop)
            if trace is None:
                return None
            traces[seed] = trace
        return ContextRuns(traces, fit)
