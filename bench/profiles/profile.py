"""The profile of an agent: runs of the agent and of reference agents on every level of the tasks."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from slategym.agents.registry import AgentMaker, agent_identity, make_agent
from slategym.bench.comparison.results import LIBRARIES, trained_before
from slategym.bench.execution.agent_job import fingerprinted
from slategym.bench.execution.regret import RegretBaseline
from slategym.bench.execution.steps import check_follows
from slategym.bench.jobs.failures import failures, tell_failures
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.profiles.job import ProfileJob
from slategym.bench.profiles.level import Level, Outcome
from slategym.bench.profiles.summary import summarise
from slategym.bench.profiles.tasks import TASKS
from slategym.sim.simulation import Simulation
from slategym.utils.checked import checked
from slategym.utils.lookup import choose
from slategym.utils.ranges import SeedCount
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import code_version, fingerprint

DEFAULT_REFERENCES = ("random", "popularity", "lin-ts", "logistic-ts", "oracle")


@dataclass(frozen=True, repr=False)
class Profile(Brief):
    """A planned profile.

    Attributes:
        config: its configuration.
        runs: the runs, ordered by seed, so that an interrupted profile has all agents for some seeds.
    """

    config: dict[str, Any]
    runs: tuple[ProfileJob, ...]

    @property
    def size(self) -> int:
        """The number of slates of all runs."""
        return sum(job.size for job in self.runs)

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Execute the runs that the store does not contain yet, and summarise all runs; see `summary.summarise`.

        Args:
            processes: maximum number of processes, by default one per core; or the workers of a cluster. The numbers do not
                depend on it.
            progress: called regularly with the number of slates shown so far in all runs.
            stop: called often; once it returns True, unfinished runs are dropped and the finished ones are summarised.
            store: where each finished run is saved immediately; runs that it already contains are not repeated.

        Raises:
            RunsFailedError: every run failed.

        Warns:
            RunsFailedWarning: some runs failed.
        """
        done = run_jobs(self.runs, processes, progress, stop, store)
        found = {
            (job.name, job.task, job.level.dial, job.seed): outcome
            for job, outcome in zip(self.runs, done, strict=True)
            if isinstance(outcome, Outcome)
        }
        return tell_failures(summarise(self.config, found, len(self.runs), failures(done)))


@checked
def plan_profile(
    agent: str | AgentMaker,
    *,
    references: Sequence[str] = DEFAULT_REFERENCES,
    tasks: Sequence[str] | None = None,
    seeds: SeedCount = 5,
    kept: bool = False,
) -> Profile:
    """Plan the profile of an agent, similar to bsuite's profiles of reinforcement-learning agents.

    All agents show slates to the same shoppers on each level of eight small frozen tasks (`tasks.TASKS`), whose best value is
    known exactly. A score is (value - random) / (best - random): 0 for random slates, 1 for the best policy (Osband et al.,
    "Behaviour Suite for Reinforcement Learning", ICLR 2020).

    Args:
        agent: a name that `slategym agents` lists, or a class or function of (problem, seed, scalarizer) that makes an agent.
        references: names of agents to compare with.
        tasks: names of tasks; by default all.
        seeds: number of seeds; each agent runs each level with each seed.
        kept: whether the runs get fingerprints, which a store needs.

    Raises:
        ValueError: there is no such agent or task, one is named twice, or the agent can do none of the tasks.
        ImportError: an agent needs a library that is not installed.
    """
    name = agent if isinstance(agent, str) else getattr(agent, "__name__", type(agent).__name__)
    makers: dict[str, str | AgentMaker] = {name: agent, **{each: each for each in references if each != name}}
    chosen = list(TASKS) if tasks is None else [choose("task", each, {name: name for name in TASKS}) for each in tasks]
    for what, names in (("references", list(references)), ("tasks", chosen)):
        if twice := [each for each in names if names.count(each) > 1]:
            raise ValueError(f"{what} name {twice[0]!r} twice")
    if not chosen:
        raise ValueError(f"tasks is empty: expected at least one of {', '.join(TASKS)}")
    refused = {each: refusals(maker, chosen) for each, maker in makers.items()}
    numbers, identities = list(range(seeds)), {each: agent_identity(maker) for each, maker in makers.items()}
    levels = {task: TASKS[task].levels for task in chosen}
    config = {
        "agent": name,
        "references": list(makers)[1:],
        "tasks": chosen,
        "seeds": numbers,
        "frozen": {task: [fingerprint(level)[:16] for level in levels[task]] for task in chosen},
        **trained_before(makers),
        **({"refused": {each: reasons for each, reasons in refused.items() if reasons}} if any(refused.values()) else {}),
        "fingerprint": _fingerprint([levels, numbers, identities, code_version()]),
        "versions": {"python": platform.python_version(), **{library: version(library) for library in LIBRARIES}},
    }
    fields = [(task, level, *_measured(level)) for task in chosen for level in levels[task]]
    runs = []
    for seed in numbers:
        for task, level, goal, baseline in fields:
            for each, maker in makers.items():
                if task in refused[each]:
                    continue
                job = ProfileJob(
                    world=level.world,
                    name=each,
                    agent=maker,
                    task=task,
                    level=level,
                    seed=seed,
                    slates=level.slates,
                    shoppers=level.shoppers,
                    weights=level.weights,
                    scalarizer=goal,
                    baseline=baseline,
                    exact="every",
                    staggered=False,
                )
                runs.append(fingerprinted(job, fingerprint(level.world), identities[each]) if kept else job)
    return Profile(config, tuple(runs))


def refusals(agent: str | AgentMaker, tasks: Sequence[str]) -> dict[str, str]:
    """The reasons why an agent cannot run on tasks, by name of the task.

    Args:
        agent: its name, or a function that makes it.
        tasks: names of tasks.

    Raises:
        ValueError: it cannot run on any of them; the message is the reason for the first task.
    """
    reasons: dict[str, str] = {}
    first: ValueError | None = None
    for task in tasks:
        level = TASKS[task].levels[-1]
        try:
            check_follows(make_agent(agent, Simulation(level.world, 0, 1), 0, deepcopy(level.goal)), level.world)
        except ValueError as error:
            first = first or error
            reasons[task] = str(error)
    if first is not None and len(reasons) == len(tasks):
        raise first
    return reasons


def _measured(level: Level) -> tuple[Any, RegretBaseline | None]:
    """The goal of a level and its baseline. This also computes the level's known values once, instead of in every run."""
    _ = level.known  # cached in the level, which is sent to the processes with the jobs
    goal = level.goal
    return goal, None if goal is None else RegretBaseline.of(level.world, goal)


def _fingerprint(content: Any) -> str | None:
    try:
        return fingerprint(content)
    except ValueError:
        return None
