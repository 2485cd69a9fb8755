"""A run of an agent on a level of a task, as a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slategym.agents.registry import AgentMaker
from slategym.bench.execution.agent_job import AgentJob
from slategym.bench.jobs.store import RunStore
from slategym.bench.profiles.level import Level, Outcome


@dataclass(frozen=True, repr=False, kw_only=True)
class ProfileJob(AgentJob):
    """One run of an agent on a level, with a seed.

    Attributes:
        agent: its name, or a function that makes it.
        task: name of the task.
        level: level of the task.
    """

    agent: str | AgentMaker
    task: str
    level: Level

    @property
    def title(self) -> str:
        """The task, its dial, the agent and the seed."""
        return f"{self.task} {self.level.dial:g} {self.name} seed {self.seed}"

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool], store: RunStore | None = None) -> Outcome | None:
        """The outcome of the run, or None if it was stopped early."""
        trace = self.trace(self.agent, progress, stop, store=store)
        return None if trace is None else self.level.outcome(trace)
