"""Jobs of a comparison, spread over processes; what they give does not depend on how many."""

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

UNGUARDED = 78  # how a process ends that was asked for processes while it imported the script

Progress = Callable[[int], None]
Done = TypeVar("Done")
Gives = TypeVar("Gives", covariant=True)


class Job(Protocol[Gives]):
    """Something to run; with several processes it must be one that can be pickled."""

    @property
    def size(self) -> int:
        """How many slates it shows."""
        ...

    def run(self, progress: Progress, stop: Callable[[], bool]) -> Gives | None:
        """What came of it, or None if it was stopped early; `progress` takes the slates shown so far."""
        ...


def run_jobs(
    jobs: Sequence[Job[Done]],
    processes: int | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[Done | None]:
    """Run jobs and give what came of each, in their order; None of those that were stopped.

    Args:
        jobs: the longest first, so that none is waited for at the end.
        processes: how many at most; by default one a core. One runs everything in this process.
        progress: called now and then with the slates shown so far in all jobs.
        stop: asked often; once it says yes, the jobs under way are dropped.

    Raises:
        ValueError: there is not at least one process.
        RuntimeError: a process died, or the script that asks for processes does not guard its own start.
    """
    count = min(cores() if processes is None else processes, len(jobs))
    if count < 1:
        raise ValueError(f"processes is {processes}: expected at least 1")
    report, ask = progress or (lambda slates: None), stop or (lambda: False)
    return _here(jobs, report, ask) if count == 1 else _in_processes(jobs, count, report, ask)


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _here(jobs: Sequence[Job[Done]], progress: Progress, stop: Callable[[], bool]) -> list[Done | None]:
    def run(job: Job[Done], before: int) -> Done | None:
        return job.run(lambda slates: progress(before + slates), stop)

    return [run(job, sum(each.size for each in jobs[:number])) for number, job in enumerate(jobs)]


def _in_processes(jobs: Sequence[Job[Done]], count: int, progress: Progress, stop: Callable[[], bool]) -> list[Done | None]:
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # the script is being imported by a new process
        sys.exit(UNGUARDED)
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of torch and BLAS
    # The slates that each job has shown; then whether kernels are being compiled; at the end whether to stop.
    cells = context.RawArray("q", len(jobs) + 2)
    executor = ProcessPoolExecutor(count, context, _start, (cells, loaded_files()))
    before = set(multiprocessing.active_children())
    children: set[BaseProcess] = set()
    try:
        with children_spared():
            futures: list[Future[Done | None]] = [executor.submit(_work, number, job) for number, job in enumerate(jobs)]
        children = set(multiprocessing.active_children()) - before
        waiting = set(futures)
        while waiting:
            done, waiting = wait(waiting, timeout=0.1, return_when="FIRST_EXCEPTION")
            for future in filter(done.__contains__, futures):  # of several errors, that of the first run
                future.result()
            if waiting and stop():  # what is under way is dropped, so nobody waits for a process that may still be importing
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
            "a process died: for want of memory (fewer processes or shoppers need less), "
            "or because it cannot import the agent (a function must stand in a module that can be imported)"
        ) from error
    finally:
        cells[-1] = 1
        executor.shutdown(wait=True, cancel_futures=True)


_cells: Any = None


def _start(cells: Any, files: dict[str, Path]) -> None:
    """In a new process: remember where to count, know the user's own classes, and go when the parent has gone."""
    global _cells
    _cells = cells
    tell_by(_note_compilation)  # the parent tells it, once for all
    make_importable(files)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _note_compilation(notice: str) -> None:
    _cells[-2] = 1


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _work(number: int, job: Job[Done]) -> Done | None:
    def count(slates: int) -> None:
        _cells[number] = slates

    return job.run(count, lambda: bool(_cells[-1]))
