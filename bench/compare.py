"""Agents against each other: every agent with every seed, in as many processes as there are cores."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slategym.bench.context_ceiling import affordable
from slategym.bench.context_runs import ContextJob, ContextRuns
from slategym.bench.interruption import children_spared
from slategym.bench.results import configuration, summarise
from slategym.bench.runner import AgentMaker, run
from slategym.bench.trace import Trace
from slategym.sim.plugins import loaded_files, run_files
from slategym.sim.world import World
from slategym.sim.worlds import make_world

DEFAULT_AGENTS = ("random", "popularity", "epsilon-greedy", "lin-ucb", "lin-ts", "policy-gradient")
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Job:
    """One run: an agent with a seed."""

    world: World
    name: str
    agent: str | AgentMaker
    seed: int
    slates: int
    shoppers: int
    weights: tuple[float, ...]

    @property
    def size(self) -> int:
        """How many slates it shows."""
        return self.slates

    def run(self, progress: Callable[[int], None], stop: Callable[[], bool]) -> Trace | None:
        """The trace, or None if it was stopped early."""
        if stop():
            return None
        try:
            trace = run(
                self.world,
                self.agent,
                self.slates,
                self.seed,
                shoppers=self.shoppers,
                weights=self.weights,
                progress=progress,
                stop=stop,
            )
        except Exception as error:
            error.add_note(f"in the run of agent {self.name!r} with seed {self.seed}")
            raise
        return trace if trace.finished else None


Work = Job | ContextJob
Done = Trace | ContextRuns | None


def compare(
    world: World | str,
    agents: Sequence[str] | Mapping[str, str | AgentMaker] = DEFAULT_AGENTS,
    slates: int = 200_000,
    seeds: int | Iterable[int] = 5,
    *,
    options: Mapping[str, Any] | None = None,
    processes: int | None = None,
    shoppers: int = 1000,
    weights: Sequence[float] = (1.0, 10.0),
    context_ceiling: bool = False,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Run every agent with every seed and say which is better; the same seed brings every agent the same shoppers.

    The numbers, speeds aside, do not depend on the number of processes. A script that asks for more than one must guard its own
    start with `if __name__ == "__main__":`, as `multiprocessing` wants.

    Args:
        world: a world or its name.
        agents: names that `slategym agents` lists, or a name of your own for each agent or function that makes one (`run` says
            which); with several processes, a function must be one that can be pickled.
        slates: of each run.
        seeds: the seeds, or how many: 0, 1, ...
        options: of the world, if it is given by name; of another they are noted in the configuration, and no more.
        processes: how many at most; by default one a core. One runs everything in this process.
        shoppers: see `run`.
        weights: see `run`.
        context_ceiling: also fit what the observation tells, once, and run its best slates with each seed, beside the agents'
            runs (see `ContextCeiling`); agents then have a `share_of_context`. Not for shops of more than 20,000 items.
        progress: called now and then with the slates shown so far in all runs.
        stop: asked often; once it says yes, the runs under way are dropped and the finished ones summed up.

    Returns:
        What `bench.results.summarise` describes; `bench.report.write_report` makes a page of it.

    Raises:
        ValueError: an argument is out of its range, or there is no such world or agent.
        RuntimeError: a process died.
    """
    world = make_world(world, **(options or {})) if isinstance(world, str) else world
    makers: dict[str, str | AgentMaker] = dict(agents) if isinstance(agents, Mapping) else {name: name for name in agents}
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(seeds)
    if not makers or not numbers:
        raise ValueError(f"there are {len(makers)} agents and {len(numbers)} seeds: expected at least one of both")
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"seeds is {numbers}: one comes twice, and would count as two independent runs")
    worth = tuple(float(weight) for weight in weights)
    config = configuration(
        world,
        options,
        agents=list(makers),
        slates=slates,
        seeds=numbers,
        shoppers=shoppers,
        weights=list(worth),
        context_ceiling=context_ceiling and affordable(world),
    )
    # Seed by seed, so that a comparison that is interrupted has compared all agents on some seeds.
    runs = [Job(world, name, agent, seed, slates, shoppers, worth) for seed in numbers for name, agent in makers.items()]
    # The ceiling takes longest, so it begins first.
    ceiling = [ContextJob(world, tuple(numbers), slates, shoppers, worth)] if config["context_ceiling"] else []
    jobs: list[Work] = [*ceiling, *runs]
    count = min(cores() if processes is None else processes, len(jobs))
    if count < 1:
        raise ValueError(f"processes is {processes}: expected at least 1")
    report, ask = progress or (lambda slates: None), stop or (lambda: False)
    done = _here(jobs, report, ask) if count == 1 else _in_processes(jobs, count, report, ask)
    context = next((each for each in done if isinstance(each, ContextRuns)), None)
    traces = zip(runs, done[len(ceiling) :], strict=True)
    return summarise(config, {(job.name, job.seed): trace for job, trace in traces if isinstance(trace, Trace)}, context)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(jobs: Sequence[Work], progress: Progress, stop: Callable[[], bool]) -> list[Done]:
    def run(job: Work, before: int) -> Done:
        return job.run(lambda slates: progress(before + slates), stop)

    return [run(job, sum(each.size for each in jobs[:number])) for number, job in enumerate(jobs)]


def _in_processes(jobs: Sequence[Work], count: int, progress: Progress, stop: Callable[[], bool]) -> list[Done]:
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of torch and BLAS
    cells = context.RawArray("q", len(jobs) + 1)  # the slates that each job has shown, and at the end whether to stop
    executor = ProcessPoolExecutor(count, context, _start, (cells, loaded_files()))
    try:
        with children_spared():
            futures: list[Future[Done]] = [executor.submit(_work, number, job) for number, job in enumerate(jobs)]
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=0.1, return_when="FIRST_EXCEPTION")
            for future in filter(done.__contains__, futures):  # of several errors, that of the first run
                future.result()
            if stop():
                cells[-1] = 1
            progress(sum(cells[:-1]))
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        if stop():  # the whole group was asked to end
            return [None if future.cancelled() or future.exception() else future.result() for future in futures]
        raise RuntimeError(
            "a process died: for want of memory (fewer processes or shoppers need less), "
            "or because it cannot import the agent (a function must stand in a module that can be imported)"
        ) from error
    finally:
        cells[-1] = 1
        executor.shutdown(wait=True, cancel_futures=True)


_cells: Any = None


def _start(cells: Any, files: list[Path]) -> None:
    """In a new process: remember where to count, know the user's own classes, and go when the parent has gone."""
    global _cells
    _cells = cells
    run_files(files)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _work(number: int, job: Work) -> Done:
    def count(slates: int) -> None:
        _cells[number] = slates

    return job.run(count, lambda: bool(_cells[-1]))
