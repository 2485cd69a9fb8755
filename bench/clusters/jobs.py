"""Runs jobs on the machines of a cluster, with the same results as in local processes."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from slategym.bench.clusters.connection import check_version
from slategym.bench.jobs.failures import Failure
from slategym.bench.jobs.job import Job
from slategym.bench.jobs.progress import Progress, tell_runs
from slategym.bench.jobs.store import RunStore
from slategym.bench.jobs.workers import GRACE, pack, run_packed
from slategym.utils.plugins import loaded_files, make_importable
from slategym.utils.storage.fingerprint import code_version

TRIES = 3  # the largest number of attempts of a job whose worker or machine is lost
EVERY = 1.0  # seconds between progress reports of a job

Result = TypeVar("Result")


class ClusterWorkers:
    """The processors of a cluster as workers for jobs.

    If the worker or machine of a job is lost, the job runs again on another one, with the same numbers. This process stores the
    results; checkpoints are written only if the job's machine can access the folder of the store.

    Args:
        ray: the connection, from `connected`.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    @property
    def count(self) -> int:
        """The number of processors of the cluster."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def run(
        self, jobs: Sequence[Job[Result]], progress: Progress, stop: Callable[[], bool], store: RunStore | None
    ) -> list[Result | Failure | None]:
        """See `Workers.run`."""
        ray = self._ray
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            node_id=ray.get_runtime_context().get_node_id(), soft=False
        )
        board = ray.remote(Board).options(num_cpus=0, scheduling_strategy=here).remote(len(jobs))
        try:
            return _Lot(ray, board, jobs, store).run(progress, stop)
        finally:
            ray.kill(board)


class _Lot:
    """Jobs that are running or waiting."""

    def __init__(self, ray: Any, board: Any, jobs: Sequence[Job[Any]], store: RunStore | None) -> None:
        self.ray, self.board, self.jobs, self.store = ray, board, jobs, store
        self.results: list[Any] = [None] * len(jobs)
        self.waiting = deque(range(len(jobs)))
        self.running: dict[Any, int] = {}  # by the reference of the result
        self.lost = [0] * len(jobs)
        options = {"num_cpus": 1, "max_retries": 0, "scheduling_strategy": "SPREAD"}
        self.task = ray.remote(run_there).options(**options)
        self.common = ray.put((loaded_files(), code_version()))

    def run(self, progress: Progress, stop: Callable[[], bool]) -> list[Any]:
        """Distribute the jobs and collect their results."""
        while self.waiting or self.running:
            slots = max(int(self.ray.cluster_resources().get("CPU", 1)), 1)
            while self.waiting and len(self.running) < slots:
                self._give(self.waiting.popleft())
            self._collect(0.2)
            if stop():
                self._finish()
                break
            at_work = [self.jobs[number].title for number in self.running.values()]
            tell_runs(progress, len(self.jobs) - len(self.waiting) - len(at_work), len(self.jobs), at_work)
            progress(sum(self.ray.get(self.board.shown.remote())))
        return self.results

    def _give(self, number: int) -> None:
        packed = pack(self.jobs[number], self.store)
        if isinstance(packed, Failure):
            self.results[number] = packed
        else:
            self.running[self.task.remote(self.board, number, self.jobs[number].title, packed, self.common)] = number

    def _collect(self, seconds: float) -> None:
        if not self.running:
            return
        ready, _ = self.ray.wait(list(self.running), num_returns=len(self.running), timeout=seconds)
        for reference in ready:
            number = self.running.pop(reference)
            job = self.jobs[number]
            try:
                result = pickle.loads(self.ray.get(reference))
            except self.ray.exceptions.RayTaskError as error:  # an error of the job itself would be returned as a result
                result = Failure.of(job.title, error.cause if isinstance(error.cause, Exception) else error)
            except self.ray.exceptions.RayError as error:
                self.lost[number] += 1
                if self.lost[number] < TRIES:
                    self.waiting.appendleft(number)
                    continue
                said = " ".join(str(error).split())[:200]
                result = Failure(job.title, f"its worker was lost {TRIES} times ({said}); if memory ran out, use fewer shoppers")
            self.results[number] = result
            if result is not None and not isinstance(result, Failure) and self.store is not None and job.fingerprint:
                self.store.write(job.title, job.fingerprint, result, job.known)  # signed by the key of this machine's user

    def _finish(self) -> None:
        """Give running jobs some time to end by themselves, and keep their results."""
        self.board.end.remote()
        self.waiting.clear()
        until = monotonic() + GRACE
        while self.running and monotonic() < until:
            self._collect(0.1)
            self.waiting.clear()
        for reference in self.running:
            self.ray.cancel(reference, force=True)


class Board:
    """Collects the progress of jobs and signals whether they should stop; an actor on the machine of the leading process.

    Args:
        jobs: the number of jobs.
    """

    def __init__(self, jobs: int) -> None:
        self._slates = [0] * jobs
        self._over = False

    def tell(self, number: int, slates: int) -> bool:
        """Record the progress of a job, and return whether it should stop.

        Args:
            number: the number of the job.
            slates: the number of slates shown so far.
        """
        self._slates[number] = slates
        return self._over

    def shown(self) -> list[int]:
        """The slates shown by each job."""
        return self._slates

    def end(self) -> None:
        """Ask the jobs to stop."""
        self._over = True


class _Teller:
    """Reports the progress of a job to a board at intervals."""

    def __init__(self, board: Any, number: int) -> None:
        import ray

        self._get, self._board, self._number = ray.get, board, number
        self._last, self._over = monotonic(), False

    def __call__(self, slates: int) -> None:
        if monotonic() - self._last > EVERY:
            self._over = bool(self._get(self._board.tell.remote(self._number, slates)))
            self._last = monotonic()

    def stop(self) -> bool:
        return self._over


def run_there(board: Any, number: int, title: str, packed: bytes, common: tuple[dict[str, Path], Mapping[str, str]]) -> bytes:
    """Run a job on a machine of the cluster.

    Args:
        board: the actor to which the progress is reported.
        number: the number of the job.
        title: the title of the job.
        packed: the job and its store, pickled.
        common: the Python files from which custom code was loaded, and the version of the code.

    Returns:
        The result, pickled.

    Raises:
        RuntimeError: this machine has another version.
        FileNotFoundError: the run is tracked, and this machine cannot access the folder.
    """
    files, version = common
    check_version(version)
    _import_from(files)
    teller = _Teller(board, number)
    return run_packed(title, _with_store_of(title, packed), teller, teller.stop)


def _with_store_of(title: str, packed: bytes) -> bytes:
    """The job, without its store if this machine cannot access the folder."""
    try:
        job, store = pickle.loads(packed)
    except Exception:  # `run_packed` reports it
        return packed
    if store is None or store.folder.is_dir():
        return packed
    if store.track is not None:
        raise FileNotFoundError(
            f"this machine cannot access {store.folder}, where {title} is tracked: set --out to a shared folder"
        )
    return pickle.dumps((job, None))


_known: dict[str, Path] = {}


def _import_from(files: dict[str, Path]) -> None:
    further = {name: path for name, path in files.items() if name not in _known}
    if further:
        make_importable(further)
        _known.update(further)
