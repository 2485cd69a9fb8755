"""A job: a run, or several, that a process can do by itself."""

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
        """Names it, for people."""
        ...

    @property
    def fingerprint(self) -> str:
        """Of all that its result depends on; empty if the result is not to be kept."""
        ...

    @property
    def size(self) -> int:
        """How many slates it shows."""
        ...

    @property
    def known(self) -> Mapping[str, Any]:
        """What its result names instead of holding it, by name."""
        ...

    def run(self, progress: Progress, stop: Callable[[], bool], store: RunStore | None) -> JobResult | None:
        """Return the result, or None if it was stopped early.

        Args:
            progress: takes the slates shown so far.
            stop: called often; if it returns True, the work is stopped.
            store: where its checkpoints go, if anywhere.
        """
        ...


class Workers(Protocol):
    """What runs jobs elsewhere than in this process: new processes (`Processes`), or the machines of a cluster."""

    def run(
        self, jobs: Sequence[Job[Result]], progress: Progress, stop: Callable[[], bool], store: RunStore | None
    ) -> list[Result | Failure | None]:
        """Run jobs; each result is in the store as soon as it is there.

        Args:
            jobs: the longest first.
            progress: called now and then with the slates shown so far in all jobs.
            stop: called often; once it returns True, running jobs have a few seconds to end, and no others are begun.
            store: where results and checkpoints go, if anywhere.

        Returns:
            The results in the order of the jobs; a `Failure` for those that failed, None for those that were stopped.
        """
        ...


def attempt(job: Job[Result], progress: Progress, stop: Callable[[], bool], store: RunStore | None) -> Result | Failure | None:
    """Run a job and keep its result.

    Args:
        job: what to run.
        progress: takes the slates shown so far.
        stop: called often; if it returns True, the work is stopped.
        store: where its result and its checkpoints go, if anywhere.

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
