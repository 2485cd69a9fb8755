"""Jobs spread over processes; the results do not depend on how many."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

from slategym.bench.execution.interruption import children_spared
from slategym.utils.compilation import announce, tell_by
from slategym.utils.plugins import loaded_files, make_importable

UNGUARDED = 78  # exit status of a process that was asked for processes while it imported the script

Progress = Callable[[int], None]
Result = TypeVar("Result")
JobResult = TypeVar("JobResult", covariant=True)


class Job(Protocol[JobResult]):
    """A piece of work that shows slates; with several processes it must be picklable."""

    @property
    def size(self) -> int:
        """How many slates it shows."""
        ...

    def run(self, progress: Progress, stop: Callable[[], bool]) -> JobResult | None:
        """Return the result, or None if it was stopped early; `progress` takes the slates shown so far."""
        ...


def run_jobs(
    jobs: Sequence[Job[Result]],
    processes: int | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[Result | None]:
    """Run jobs in processes.

    Args:
        jobs: the longest first, so that none is waited for at the end.
        processes: at most; by default one per core. One runs everything in this process.
        progress: called now and then with the slates shown so far in all jobs.
        stop: asked often; once it returns True, the running jobs are dropped.

    Returns:
        The results in the order of the jobs; None for those that were stopped.

    Raises:
        ValueError: `processes` is below 1.
        RuntimeError: a process died, or the calling script does not guard its own start.
    """
    count = min(cores() if processes is None else processes, len(jobs))
    if count < 1:
        raise ValueError(f"processes is {processes}: expected at least 1")
    report, ask = progress or (lambda slates: None), stop or (lambda: False)
    return _here(jobs, report, ask) if count == 1 else _in_processes(jobs, count, report, ask)


def cores() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(jobs: Sequence[Job[Result]], progress: Progress, stop: Callable[[], bool]) -> list[Result | None]:
    def run(job: Job[Result], before: int) -> Result | None:
        return job.run(lambda slates: progress(before + slates), stop)

    return [run(job, sum(earlier.size for earlier in jobs[:number])) for number, job in enumerate(jobs)]


def _in_processes(jobs: Sequence[Job[Result]], count: int, progress: Progress, stop: Callable[[], bool]) -> list[Result | None]:
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # the script is being imported by a new process
        sys.exit(UNGUARDED)
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of torch and BLAS
    # The slates shown by each job; then whether kernels are being compiled; last whether to stop.
    cells = context.RawArray("q", len(jobs) + 2)
    executor = ProcessPoolExecutor(count, context, _start, (cells, loaded_files()))
    before = set(multiprocessing.active_children())
    children: set[BaseProcess] = set()
    try:
        with children_spared():
            futures: list[Future[Result | None]] = [executor.submit(_work, number, job) for number, job in enumerate(jobs)]
        children = set(multiprocessing.active_children()) - before
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=0.1, return_when="FIRST_EXCEPTION")
            for future in filter(done.__contains__, futures):  # of several errors, that of the first run
                future.result()
            if waiting and stop():  # running jobs are dropped, so that processes that still import are not waited for
                cells[-1] = 1
                for worker in children:
                    worker.terminate()
            if cells[-2]:
                announce()
            progress(sum(cells[:-2]))
        return [future.result() for future in futures]
    except BrokenProcessPool as error:
        if stop():  # the processes, or the whole group, were asked to end
            return [None if future.cancelled() or future.exception() else future.result() for future in futures]
        for child in children:
            child.join(1)  # the pool is told of a death before the exit status is known
        if any(child.exitcode == UNGUARDED for child in children):
            raise RuntimeError(
                "each new process imports your script, which then asks for processes again: put what the script does under "
                '`if __name__ == "__main__":`, or ask for processes=1'
            ) from None
        raise RuntimeError(
            "a process died: out of memory (use fewer processes or shoppers), "
            "or it cannot import the agent (define the function in a module that can be imported)"
        ) from error
    finally:
        cells[-1] = 1
        executor.shutdown(wait=True, cancel_futures=True)


_cells: Any = None


def _start(cells: Any, files: dict[str, Path]) -> None:
    """In a new process: remember the counters, import the user's own classes, and end when the parent ends."""
    global _cells
    _cells = cells
    tell_by(_note_compilation)  # the parent prints it once for all
    make_importable(files)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _note_compilation(notice: str) -> None:
    _cells[-2] = 1


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _work(number: int, job: Job[Result]) -> Result | None:
    def count(slates: int) -> None:
        _cells[number] = slates

    return job.run(count, lambda: bool(_cells[-1]))
