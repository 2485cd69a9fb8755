"""Processes that run jobs; if one dies, the others continue."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from slategym.bench.jobs.failures import Failure
from slategym.bench.jobs.interruption import children_spared
from slategym.bench.jobs.job import Job, attempt
from slategym.bench.jobs.progress import Progress, tell_runs
from slategym.bench.jobs.store import RunStore
from slategym.utils.compilation import announce, tell_by
from slategym.utils.plugins import loaded_files, make_importable

UNGUARDED = 78  # exit status of a process in which the imported script tries to start processes
GRACE = 3.0  # seconds for running jobs to write a checkpoint before they are stopped
READY = b"ready"

Result = TypeVar("Result")


class Processes:
    """New processes that run several lists of jobs, one after the other; they are started when there are jobs.

    Args:
        count: the largest number of processes.
        most: the largest number of jobs in a list.
    """

    def __init__(self, count: int, most: int) -> None:
        self.count = count
        self._context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks of torch and BLAS
        # The slates shown by each job, then whether kernels are being compiled, and last whether to stop.
        self._cells = self._context.RawArray("q", most + 2)
        self._workers: list[_Worker] = []

    def run(
        self, jobs: Sequence[Job[Result]], progress: Progress, stop: Callable[[], bool], store: RunStore | None
    ) -> list[Result | Failure | None]:
        """See `Workers.run`; if the process of a job is killed, the other jobs continue.

        Raises:
            RuntimeError: the calling script does not guard its start, or no process can be started.
        """
        if getattr(multiprocessing.current_process(), "_inheriting", False):  # a new process is importing the script
            sys.exit(UNGUARDED)
        cells, workers = self._cells, self._workers
        cells[:-2] = [0] * (len(cells) - 2)
        results: list[Result | Failure | None] = [None] * len(jobs)
        waiting = deque(range(len(jobs)))
        with children_spared():
            workers += [self._started() for _ in range(min(self.count, len(jobs)) - len(workers))]
        while waiting or any(worker.job is not None for worker in workers):
            multiprocessing.connection.wait([part for worker in workers for part in worker.signs], timeout=0.1)
            for place, worker in enumerate(workers):
                number = worker.job
                ended, result = worker.collect(jobs)
                if ended and number is not None:
                    results[number] = result
                if worker.is_idle and waiting:
                    results[waiting[0]] = worker.give(waiting[0], jobs, store)
                    waiting.popleft()
                elif worker.is_dead and waiting:
                    with children_spared():
                        workers[place] = self._started()
            if cells[-2]:
                announce()
            if stop():
                _finish(workers, jobs, results, cells)
                break
            at_work = [jobs[worker.job].title for worker in workers if worker.job is not None]
            tell_runs(progress, len(jobs) - len(waiting) - len(at_work), len(jobs), at_work)
            progress(sum(cells[:-2]))
        return results

    def end(self) -> None:
        """End the processes."""
        self._cells[-1] = 1
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _started(self) -> _Worker:
        return _Worker(self._context, self._cells)


@contextmanager
def processes_for(count: int, most: int) -> Iterator[Processes]:
    """Processes that end with the block.

    Args:
        count: see `Processes`.
        most: see `Processes`.
    """
    made = Processes(count, most)
    try:
        yield made
    finally:
        made.end()


def _finish(workers: Sequence[_Worker], jobs: Sequence[Job[Any]], results: list[Any], cells: Any) -> None:
    """Give running jobs some time to end by themselves, and keep their results."""
    cells[-1] = 1
    for place, result in enumerate(results):
        if isinstance(result, Failure) and not result.traceback:  # a signal may have ended the whole group of processes
            results[place] = None
    until = monotonic() + GRACE
    running = [worker for worker in workers if worker.job is not None]
    while running and monotonic() < until:
        multiprocessing.connection.wait([part for worker in running for part in worker.signs], timeout=0.1)
        for worker in running:
            number = worker.job
            ended, result = worker.collect(jobs)
            if ended and number is not None:
                results[number] = None if worker.is_dead else result
        running = [worker for worker in running if worker.job is not None]


class _Worker:
    """A process that runs one job after the other.

    Attributes:
        job: the number of the job in progress, or None.
        is_dead: whether its process has ended.
    """

    def __init__(self, context: Any, cells: Any) -> None:
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, cells, loaded_files()), daemon=True)
        self._process.start()
        theirs.close()
        self._ready, self.is_dead = False, False
        self.job: int | None = None

    @property
    def signs(self) -> list[Any]:
        """The objects to wait for until there is something to collect."""
        return [] if self.is_dead else [self._connection, self._process.sentinel]

    @property
    def is_idle(self) -> bool:
        """Whether the process waits for a job."""
        return self._ready and not self.is_dead and self.job is None

    def give(self, number: int, jobs: Sequence[Job[Any]], store: RunStore | None) -> Failure | None:
        """Send a job to the process; returns a `Failure` if the job cannot be sent."""
        packed = pack(jobs[number], store)
        if isinstance(packed, Failure):
            return packed
        content = pickle.dumps((number, jobs[number].title, packed))
        with suppress(OSError):  # the process may just have died, which `collect` detects
            self._connection.send_bytes(content)
        self.job = number
        return None

    def collect(self, jobs: Sequence[Job[Any]]) -> tuple[bool, Any]:
        """Whether the job has ended, and its result."""
        while not self.is_dead and self._connection.poll():
            try:
                content = self._connection.recv_bytes()
            except (EOFError, OSError):
                break
            if content == READY:
                self._ready = True
                continue
            self.job = None
            return True, pickle.loads(content)
        if self.is_dead or self._process.is_alive():
            return False, None
        return self._died(jobs)

    def _died(self, jobs: Sequence[Job[Any]]) -> tuple[bool, Any]:
        self._process.join()
        self.is_dead, code, number = True, self._process.exitcode, self.job
        if code == UNGUARDED:
            raise RuntimeError(
                "each new process imports your script, which then tries to start processes again: put the main part of the "
                'script under `if __name__ == "__main__":`, or use processes=1'
            )
        if not self._ready:
            raise RuntimeError(f"a process could not be started: it ended {how_ended(code)} while it imported your script")
        self.job = None
        if number is None:
            return False, None
        remedy = "; if memory ran out, use fewer processes or shoppers" if code == -signal.SIGKILL else ""
        return True, Failure(jobs[number].title, f"its process ended {how_ended(code)}{remedy}")

    def end(self) -> None:
        """End the process."""
        if not self.is_dead:
            self._process.terminate()
            self._process.join(1)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._connection.close()
        self._process.close()


def how_ended(code: int | None) -> str:
    """How a process ended, in words.

    Args:
        code: the exit code of the process.
    """
    if code is not None and code < 0:
        try:
            return f"by signal {-code} ({signal.Signals(-code).name})"
        except ValueError:
            return f"by signal {-code}"
    return f"with status {code}"


def pack(job: Job[Any], store: RunStore | None) -> bytes | Failure:
    """A job and its store, pickled; a `Failure` if they cannot be pickled.

    Args:
        job: any job.
        store: where the result is written, or None.
    """
    try:
        return pickle.dumps((job, store))
    except Exception as error:  # pickling can raise any error
        why = f"it cannot be sent to another process ({error}): define its classes and functions in a module, or use one process"
        return Failure(job.title, " ".join(why.split()))


def run_packed(title: str, packed: bytes, progress: Progress, stop: Callable[[], bool]) -> bytes:
    """Run a packed job in this process.

    Args:
        title: the title of the job.
        packed: the job, from `pack`.
        progress: called with the number of slates shown so far.
        stop: called often; if it returns True, the job is stopped.

    Returns:
        The result of `attempt`, pickled.
    """
    try:
        job, store = pickle.loads(packed)
    except Exception as error:  # modules that it needs may be missing here
        return pickle.dumps(Failure.of(title, error))
    result = attempt(job, progress, stop, store)
    try:
        return pickle.dumps(result)
    except Exception as error:  # pickling can raise any error
        return pickle.dumps(Failure.of(title, error))


def _serve(connection: Connection, cells: Any, files: dict[str, Path]) -> None:
    """Run the received jobs in a new process, and end when the parent ends."""
    tell_by(lambda notice: cells.__setitem__(-2, 1))  # the parent prints it once for all processes
    make_importable(files)
    threading.Thread(target=follow_parent, daemon=True).start()
    with suppress(EOFError, OSError):  # the parent has closed the connection
        connection.send_bytes(READY)
        while True:
            number, title, packed = pickle.loads(connection.recv_bytes())
            connection.send_bytes(run_packed(title, packed, partial(cells.__setitem__, number), lambda: bool(cells[-1])))


def follow_parent() -> None:
    """End this process when its parent ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
