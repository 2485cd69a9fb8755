"""A run of one agent as a job of a comparison or a sweep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from slategym.agents.registry import AgentMaker
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.execution.evaluator import SlateReferences
from slategym.bench.execution.exactness import Exactness
from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.runner import Insider, run
from slategym.bench.execution.trace import Trace
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.bench.jobs.store import RunStore
from slategym.bench.tracking.tracker import Tracker
from slategym.sim.world import World
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import code_version, fingerprint

AnyJob = TypeVar("AnyJob", bound="AgentJob")


@dataclass(frozen=True, repr=False, kw_only=True)
class AgentJob(Brief):
    """One run of an agent; subclasses add `run`, which returns the result to keep.

    Attributes:
        world: the world in which the agent runs.
        name: the name of the agent, with its scalarizer if there is one.
        seed: the seed of the run.
        slates: the total number of slates.
        shoppers: the number of shoppers simulated together in each step.
        weights: see `run`.
        scalarizer: see `run`.
        baseline: see `run`.
        exact: see `run`.
        staggered: see `run`.
        references: see `run`.
        track: a callable that makes the tracker of the run from its title; by default that of the store, if it has one.
        fingerprint: the fingerprint of everything that the result depends on; empty if the result is not stored.
    """

    world: World
    name: str
    seed: int
    slates: int
    shoppers: int
    weights: tuple[float, ...] | None = None
    scalarizer: Scalarizer | None = None
    baseline: RegretBaseline | None = None
    exact: Exactness = "sampled"
    staggered: bool = True
    references: SlateReferences | None = None
    track: Callable[[str], Tracker] | None = None
    fingerprint: str = ""

    @property
    def title(self) -> str:
        """The agent and the seed."""
        return f"{self.name} seed {self.seed}"

    @property
    def known(self) -> Mapping[str, Any]:
        """The world, which stored results refer to by name."""
        return {"world": self.world}

    @property
    def size(self) -> int:
        """The number of slates."""
        return self.slates

    def trace(
        self,
        agent: str | AgentMaker | Insider,
        progress: Callable[[int], None],
        stop: Callable[[], bool],
        exact: Exactness | None = None,
        checkpoints: Checkpoints | None = None,
        store: RunStore | None = None,
        part_of: str = "",
    ) -> Trace | None:
        """Run an agent.

        Args:
            agent: see `run`.
            progress: called after each step with the slates shown so far.
            stop: called before each step; if it returns True, the run is stopped.
            exact: see `run`; by default the job's own.
            checkpoints: see `run`.
            store: the store of the command, which determines whether its runs are tracked.
            part_of: the title of the job that this run is a part of, for the tracker.

        Returns:
            The trace, or None if the run was stopped early.

        Raises:
            Exception: any error of the agent, with a note that names the agent and the seed.
        """
        if stop():
            return None
        make = self.track or (store.track if store else None)
        try:
            trace = run(
                self.world,
                agent,
                self.slates,
                self.seed,
                shoppers=self.shoppers,
                weights=self.weights,
                scalarizer=self.scalarizer,
                baseline=self.baseline,
                exact=exact or self.exact,
                staggered=self.staggered,
                references=self.references,
                checkpoints=checkpoints,
                progress=progress,
                stop=stop,
                track=make(f"{part_of} {self.title}".strip()) if make else None,
            )
        except Exception as error:
            error.add_note(f"in the run of agent {self.name!r} with seed {self.seed}")
            raise
        return trace if trace.finished else None


def fingerprinted(job: AnyJob, world: str, agent: Any) -> AnyJob:
    """The job with its fingerprint; without one if a part of it has no fingerprint.

    Args:
        job: a job.
        world: the fingerprint of its world.
        agent: the identity of its agent (`agents.registry.agent_identity`).
    """
    apart = ("world", "agent", "track", "fingerprint")
    content = {each.name: getattr(job, each.name) for each in fields(job) if each.name not in apart}
    try:
        return replace(job, fingerprint=fingerprint([type(job).__qualname__, content, world, agent, code_version()]))
    except ValueError:
        return job
