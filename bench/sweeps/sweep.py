"""Sweeps of weights along the exact Pareto front, and runs with scalarizers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slategym.agents.registry import agent_identity, learns_any_weights
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import Scalarizer
from slategym.bench.ceilings.ceiling import affordable
from slategym.bench.ceilings.store import find_fit
from slategym.bench.comparison.results import configuration, trained_before
from slategym.bench.execution.agent_job import fingerprinted
from slategym.bench.execution.regret import RegretBaseline, reference_of
from slategym.bench.execution.runner import check_steps
from slategym.bench.fronts.front import front
from slategym.bench.fronts.indicators import weight_set
from slategym.bench.jobs.failures import failures, tell_failures
from slategym.bench.jobs.job import Workers
from slategym.bench.jobs.progress import Progress
from slategym.bench.jobs.run_jobs import run_jobs
from slategym.bench.jobs.store import RunStore
from slategym.bench.rollouts import refuse_schedule
from slategym.bench.sweeps.jobs import Exact, FrontJob, Learned, LearnJob
from slategym.bench.sweeps.summary import Runs, summarise
from slategym.sim.world import World
from slategym.sim.worlds import make_world
from slategym.utils.checked import checked
from slategym.utils.optional import require
from slategym.utils.ranges import PointCount, Positive, ProcessCount, SeedCount, ShopperCount, SlateCount
from slategym.utils.short_repr import Brief
from slategym.utils.storage.fingerprint import fingerprint

DEFAULT_AGENTS = ("popularity", "lin-ts", "conditioned-policy-gradient")
DEFAULT_SCALARIZERS = ("nash", "chebyshev")
PRECISION = {1: 1e-3, 2: 1e-3, 3: 1e-2}  # of the front, by the number of objectives; 0.05 for more than three
Key = tuple[str, int, int | str]
MOST_OBJECTIVES, MOST_RUNS = 5, 20_000
LEAST = 1e-4  # smallest weight of an objective, in ranges; not 0, so that the other objectives decide ties in one objective


@dataclass(frozen=True, repr=False)
class Sweep(Brief):
    """A planned sweep.

    Attributes:
        config: its configuration, see `configuration`.
        fronts: the run that computes the exact front, for each seed.
        runs: the agents' runs, by agent, seed, and the number of the weights or the scalarizer; -1 for conditioned agents.
        goals: the utility of each scalarizer.
    """

    config: dict[str, Any]
    fronts: tuple[FrontJob, ...]
    runs: tuple[tuple[Key, LearnJob], ...]
    goals: tuple[Scalarizer, ...]

    @property
    def size(self) -> int:
        """The number of runs."""
        return len(self.fronts) + len(self.runs)

    def run(
        self,
        processes: int | Workers | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] | None = None,
        store: RunStore | None = None,
    ) -> dict[str, Any]:
        """Execute the runs that the store does not contain yet, and summarise all runs; see `pareto`."""
        jobs: list[FrontJob | LearnJob] = [*self.fronts, *(job for _, job in self.runs)]
        done = run_jobs(jobs, processes, progress, stop, store)
        numbers = [job.seed for job in self.fronts]
        exact = {seed: result for seed, result in zip(numbers, done, strict=False) if isinstance(result, Exact)}
        results = zip(self.runs, done[len(self.fronts) :], strict=True)
        learned = {key: result for (key, _), result in results if isinstance(result, Learned)}
        return tell_failures(summarise(self.config, Runs(exact, learned, self.goals), len(done), failures(done)))


@checked
def pareto(
    world: World | str,
    agents: Sequence[str] = DEFAULT_AGENTS,
    slates: SlateCount = 50_000,
    seeds: SeedCount | Iterable[int] = 5,
    *,
    points: PointCount = 11,
    scalarizers: Sequence[str] = DEFAULT_SCALARIZERS,
    options: Mapping[str, Any] | None = None,
    processes: ProcessCount | None = None,
    shoppers: ShopperCount = 1000,
    precision: Positive | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    store: RunStore | None = None,
) -> dict[str, Any]:
    """Run every agent with weights along the front, and compare the results with the exact front.

    The exact expected rewards of the slates in the last 10 % of each run are evaluated. A conditioned policy runs once, learns
    for all weights, and is evaluated with each of them at the end. The exact front is that of the shoppers of the same last part,
    who are the same for all agents. If shoppers change with the slates shown, it is that of shoppers shown random slates.

    Args:
        world: a world or its name.
        agents: names that `slategym agents` lists.
        slates: number of slates per run.
        seeds: the seeds, or their number n for 0, ..., n - 1.
        points: number of weights, evenly spaced (in ranges); with three objectives or more, at least this number.
        scalarizers: names with options (see `agents.scalarizers.make`); every agent, except conditioned ones, maximises each of
            them in an additional run.
        options: options of the world, if it is given by name; otherwise they are only recorded in the configuration.
        processes: maximum number of processes; by default one per core.
        shoppers: see `bench.execution.runner.run`.
        precision: of the exact front (see `bench.fronts.front.front`); by default 0.001 for two objectives and 0.01 for three.
        progress: called regularly with the number of slates shown so far in all runs.
        stop: called often; once it returns True, unfinished runs are dropped and the finished ones are summarised.
        store: where each finished run is saved immediately; runs that it already contains are not repeated.

    Returns:
        See `bench.sweeps.summary.summarise`; `bench.reports.sweeps.page.write_page` writes a page of it.

    Raises:
        ValueError: an argument is out of its range, or there is no such world, agent or scalarizer.
        ImportError: the extra "mo" is not installed.
        RuntimeError: the script has no `if __name__ == "__main__":` (see `compare`), or every run failed.

    Warns:
        RunsFailedWarning: some runs failed.
    """
    planned = plan(
        world,
        agents,
        slates,
        seeds,
        points=points,
        scalarizers=scalarizers,
        options=options,
        shoppers=shoppers,
        precision=precision,
        kept=store is not None,
    )
    return planned.run(processes, progress, stop, store)


@checked
def plan(
    world: World | str,
    agents: Sequence[str] = DEFAULT_AGENTS,
    slates: SlateCount = 50_000,
    seeds: SeedCount | Iterable[int] = 5,
    *,
    points: PointCount = 11,
    scalarizers: Sequence[str] = DEFAULT_SCALARIZERS,
    options: Mapping[str, Any] | None = None,
    shoppers: ShopperCount = 1000,
    precision: Positive | None = None,
    kept: bool = False,
) -> Sweep:
    """Plan a sweep: check its arguments, without running it.

    Args:
        world: see `pareto`.
        agents: see `pareto`.
        slates: see `pareto`.
        seeds: see `pareto`.
        points: see `pareto`.
        scalarizers: see `pareto`.
        options: see `pareto`.
        shoppers: see `pareto`.
        precision: see `pareto`.
        kept: whether the runs get fingerprints, which a store needs.

    Raises:
        ValueError: see `pareto`.
        ImportError: the extra "mo" is not installed.
    """
    require("moocore", "mo")
    world = make_world(world, **(options or {})) if isinstance(world, str) else world
    refuse_schedule(world, "a Pareto front")
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    names, texts = list(agents), list(scalarizers)
    if not names or not numbers:
        raise ValueError(f"there are {len(names)} agents and {len(numbers)} seeds: expected at least one of both")
    for what, given in (("agents", names), ("scalarizers", texts), ("seeds", numbers)):
        if len(set(given)) < len(given):
            raise ValueError(f"{what} is {given}: expected each only once")
    count = len(world.objective_names)
    check_steps(slates, shoppers)
    _check_size(count, names, len(numbers), points, len(texts))
    precise = PRECISION.get(count, 0.05) if precision is None else precision
    weights = sweep_weights(world, points)
    reference = reference_of(world)
    parsed = [(text, make_scalarizer(text, world.objective_names, reference, weights=world.weights)) for text in texts]
    baselines = [(text, scalarizer, RegretBaseline.of(world, scalarizer, reference)) for text, scalarizer in parsed]
    goals = tuple(baseline.goals[-1].scalarizer for _, _, baseline in baselines)

    runs = _runs(world, names, numbers, slates, shoppers, weights, baselines)
    fit = find_fit(world) if affordable(world) else None
    fronts = [
        FrontJob(world=world, seed=seed, slates=slates, shoppers=shoppers, sweep=weights, goals=goals, precision=precise, fit=fit)
        for seed in numbers
    ]
    identities = {name: agent_identity(name) for name in names}
    if kept:
        world_print = fingerprint(world)
        fronts = [fingerprinted(job, world_print, None) for job in fronts]
        runs = [(key, fingerprinted(job, world_print, identities[job.name])) for key, job in runs]
    config = configuration(
        world,
        options,
        [identities, dict(parsed)],
        agents=names,
        **trained_before({name: name for name in names}),
        slates=slates,
        seeds=numbers,
        shoppers=shoppers,
        points=len(weights),
        scalarizers=texts,
        precision=precise,
        sweep=[list(each) for each in weights],
        random_slates=reference.disagreement.tolist(),
        fitted=fit is not None,
    )
    return Sweep(config, tuple(fronts), tuple(runs), goals)


def sweep_weights(world: World, points: int) -> tuple[tuple[float, ...], ...]:
    """The weights of a sweep, which sum to one: evenly spaced relative to the objectives' ranges, estimated on new shoppers."""
    ranges = front(world, precision=1.0).ranges
    shares = np.maximum(weight_set(len(world.objective_names), points), LEAST) / ranges
    return tuple(tuple(map(float, row)) for row in shares / shares.sum(axis=1, keepdims=True))


def _check_size(objectives: int, names: Sequence[str], seeds: int, points: int, scalarizers: int) -> None:
    """Refuse a sweep that would take too long.

    Raises:
        ValueError: there are too many objectives or too many runs.
    """
    if objectives > MOST_OBJECTIVES:
        raise ValueError(
            f"there are {objectives} objectives: expected at most {MOST_OBJECTIVES}, for which the exact front can be computed; "
            "choose some of them with --objective NAME or objectives="
        )
    weights = len(weight_set(objectives, points))
    runs = seeds * (1 + sum(1 if learns_any_weights(name) else weights + scalarizers for name in names))
    if runs > MOST_RUNS:
        raise ValueError(
            f"a sweep of {weights:,} weights has {runs:,} runs: expected at most {MOST_RUNS:,}; use fewer points or seeds"
        )


def _runs(
    world: World,
    names: Sequence[str],
    seeds: Sequence[int],
    slates: int,
    shoppers: int,
    weights: tuple[tuple[float, ...], ...],
    baselines: Sequence[tuple[str, Scalarizer, RegretBaseline]],
) -> list[tuple[Key, LearnJob]]:
    """The runs, ordered by seed, so that an interrupted sweep has all agents for some seeds."""
    runs: list[tuple[Key, LearnJob]] = []
    for seed in seeds:
        for name in names:
            job = LearnJob(world=world, name=name, seed=seed, slates=slates, shoppers=shoppers)
            if learns_any_weights(name):
                runs.append(((name, seed, -1), replace(job, ask=weights)))
                continue
            runs += [((name, seed, number), replace(job, weights=row)) for number, row in enumerate(weights)]
            for text, scalarizer, baseline in baselines:
                runs.append(((name, seed, text), replace(job, scalarizer=scalarizer, baseline=baseline, goal=text)))
    return runs
