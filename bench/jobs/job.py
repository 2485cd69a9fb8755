"""A job: one or several runs that a process can do by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from slategym.bench.jobs.failures import Failure
from slategym.bench.jobs.progress import Progress
from slategym.bench.jobs.store import RunStore

Result = TypeVar("Result")
JobResult = TypeVar("JobResult", covariant=True)


class Job(Protocol[JobResult]):
    """A piece of work that shows slates; with several processes it must be picklable."""

    @property
    def title(self) -> str:
        """A readable name."""
        ...

    @property
    def fingerprint(self) -> str:
        """The fingerprint of everything that the result depends on; empty if the result is not stored."""
        ...

    @property
    def size(self) -> int:
        """The number of slates of the job."""
        ...

    @property
    def known(self) -> Mapping[str, Any]:
        """Objects that the stored result refers to by name, instead of containing them."""
        ...

    def run(self, progress: Progress, stop: Callable[[], bool], store: RunStore | None) -> JobResult | None:
        """Return the result, or None if it was stopped early.

        Args:
            progress: called with the number of slates shown so far.
            stop: called often; if it returns True, the job is stopped.
            store: where its checkpoints are written, or None.
        """
        ...


class Workers(Protocol):
    """Runs jobs outside this process: in new processes (`Processes`), or on the machines of a cluster."""

    def run(
        self, jobs: Sequence[Job[Result]], progress: Progress, stop: Callable[[], bool], store: RunStore | None
    ) -> list[Result | Failure | None]:
        """Run jobs; each result is stored immediately.

        Args:
            jobs: the jobs, the longest first.
            progress: called at intervals with the number of slates shown so far in all jobs.
            stop: called often; when it returns True, running jobs have a few seconds to end, and no others are started.
            store: where results and checkpoints are written, or None.

        Returns:
            The results in the order of the jobs: a `Failure` for a job that failed, None for a job that was stopped.
        """
        ...


def attempt(job: Job[Result], progress: Progress, stop: Callable[[], bool], store: RunStore | None) -> Result | Failure | None:
    """Run a job and store its result.

    Args:
        job: the job to run.
        progress: called with the number of slates shown so far.
        stop: called often; if it returns True, the job is stopped.
        store: where the result and the checkpoints are written, or None.

    Returns:
        The result, a `Failure` if the job raised an error, or None if it was stopped.
    """
    try:
        result = job.run(progress, stop, store)
    except Exception as error:
        return Failure.of(job.title, error)
    if result is not None and store is not None and job.fingerprint:
        store.write(job.title, job.fingerprint, result, job.known)
        if checkpoints := store.checkpoints(job.title, job.fingerprint):
            checkpoints.remove()
    return result
