"""Failed runs: their description, and how the results of a command report them."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Failure:
    """The failure of a job.

    Attributes:
        title: the title of the job.
        error: what happened, in one line.
        traceback: Python's traceback; empty if the process was killed.
    """

    title: str
    error: str
    traceback: str = ""

    @staticmethod
    def of(title: str, error: BaseException) -> Failure:
        """Describe an error.

        Args:
            title: the title of the job.
            error: the error that the job raised.
        """
        said = f"{type(error).__name__}: {error}".strip()
        return Failure(title, " ".join(said.split()), "".join(traceback.format_exception(error)))


def status_of(finished: int, asked: int, failed: Sequence[Failure]) -> str:
    """The status of several runs: "finished", "failed" if those that did not finish failed, or "interrupted".

    Args:
        finished: the number of runs that finished.
        asked: the number of all runs.
        failed: the runs that failed.
    """
    return "interrupted" if finished + len(failed) < asked else "failed" if failed else "finished"


def as_entries(failed: Sequence[Failure]) -> list[dict[str, str]]:
    """The failures in the form of the results.

    Args:
        failed: the runs that failed.
    """
    return [{"run": failure.title, "error": failure.error, "traceback": failure.traceback} for failure in failed]


def failure_notes(failed: Sequence[Failure]) -> list[str]:
    """A sentence for each run that failed.

    Args:
        failed: the runs that failed.
    """
    return [f"Failed: {failure.title} ({failure.error}); it is not counted." for failure in failed]


class RunsFailedWarning(RuntimeWarning):
    """Some runs failed; the results contain the others."""


class RunsFailedError(RuntimeError):
    """Every run failed.

    Attributes:
        results: the results that `compare` or `pareto` would have returned, with the runs under "failed".
    """

    def __init__(self, said: str, results: Mapping[str, Any]) -> None:
        super().__init__(said)
        self.results = results


def tell_failures(results: dict[str, Any]) -> dict[str, Any]:
    """Return the results unchanged, with a warning if some of their runs failed.

    Args:
        results: results with `runs` and `failed`.

    Raises:
        RunsFailedError: every run failed.
    """
    failed = results["failed"]
    if failed:
        first = failed[0]
        said = f"{len(failed)} of {results['runs']['asked']} runs failed; the first was {first['run']}: {first['error']}"
        if results["runs"]["finished"] == 0 and results["status"] == "failed":
            raise RunsFailedError(f"{said}\n{first['traceback']}".rstrip(), results)
        warnings.warn(said, RunsFailedWarning, stacklevel=3)
    return results


def failures(results: Sequence[Any]) -> list[Failure]:
    """The failures among the results of jobs.

    Args:
        results: the results of `run_jobs`.
    """
    return [result for result in results if isinstance(result, Failure)]
