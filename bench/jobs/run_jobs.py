"""Runs jobs in this process or in several; the results do not depend on the number of processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from slategym.bench.jobs.failures import Failure
from slategym.bench.jobs.job import Job, Workers, attempt
from slategym.bench.jobs.progress import Progress, Shifted, tell_runs
from slategym.bench.jobs.store import RunStore
from slategym.bench.jobs.workers import processes_for

Result = TypeVar("Result")


def run_jobs(
    jobs: Sequence[Job[Result]],
    processes: int | Workers | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    store: RunStore | None = None,
) -> list[Result | Failure | None]:
    """Run jobs in processes. If a job fails, or its process is killed, the other jobs continue.

    Args:
        jobs: the jobs, the longest first, so that no long job runs alone at the end.
        processes: the largest number of processes; by default one per core. 1 runs everything in this process. Or the workers:
            processes that several calls share, or a cluster.
        progress: called at intervals with the number of slates shown so far in all jobs.
        stop: called often; when it returns True, the running jobs are dropped.
        store: where each result is stored immediately; results that are already there are read instead.

    Returns:
        The results in the order of the jobs: a `Failure` for a job that failed, None for a job that was stopped.

    Raises:
        ValueError: `processes` is below 1.
        RuntimeError: the calling script does not guard its start, or no process can be started.
    """
    if isinstance(processes, int) and processes < 1:
        raise ValueError(f"processes is {processes}: expected at least 1")
    report, ask = progress or (lambda slates: None), stop or (lambda: False)
    done: list[Result | Failure | None] = [_kept(job, store) for job in jobs]
    left = [number for number, result in enumerate(done) if result is None]
    before = sum(job.size for job, result in zip(jobs, done, strict=True) if result is not None)
    if not left:
        return done
    todo = [jobs[number] for number in left]
    shifted = Shifted(report, before, len(jobs) - len(left), len(jobs))
    workers = cores() if processes is None else processes
    if not isinstance(workers, int):
        results = workers.run(todo, shifted, ask, store)
    elif min(workers, len(todo)) == 1:
        results = _here(todo, shifted, ask, store)
    else:
        with processes_for(min(workers, len(todo)), len(todo)) as started:
            results = started.run(todo, shifted, ask, store)
    for number, result in zip(left, results, strict=True):
        done[number] = result
    return done


def cores() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kept(job: Job[Result], store: RunStore | None) -> Result | None:
    if store is None or not job.fingerprint:
        return None
    found: Result | None = store.read(job.title, job.fingerprint, job.known)
    return found


def _here(
    jobs: Sequence[Job[Result]], progress: Progress, stop: Callable[[], bool], store: RunStore | None
) -> list[Result | Failure | None]:
    done: list[Result | Failure | None] = []
    for number, job in enumerate(jobs):
        before = sum(earlier.size for earlier in jobs[:number])
        tell_runs(progress, number, len(jobs), [job.title])
        done.append(None if stop() else attempt(job, Shifted(progress, before), stop, store))
    return done
