"""The protocol of trackers, and the registry of trackers by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from slategym.utils.lookup import call_with
from slategym.utils.options import options_of
from slategym.utils.specification import choose_named, read_options, split_options

EXTRA = "track"
FOLDER = "tracking"
ARTIFACTS = "artifacts"  # key in results for the paths of files that belong to a run


@runtime_checkable
class Tracker(Protocol):
    """Records one run. It has no influence on the run."""

    def on_start(self, config: Mapping[str, Any]) -> None:
        """Called at the start of a run.

        Args:
            config: configuration of the run, as JSON values.
        """

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Called with the metrics since the last call.

        Args:
            step: number of slates shown so far.
            metrics: finite numbers by name (see `RunFollower`); the names may differ between calls.
        """

    def on_finish(self, results: Mapping[str, Any]) -> None:
        """Called at the end of a run.

        Args:
            results: JSON values; "status" is "finished", "interrupted" or "failed", and "artifacts" lists paths of files.
        """


# By name: module, class, and the library that it needs.
TRACKERS = {
    "csv": ("slategym.bench.tracking.csv_files", "CSV", ""),
    "tensorboard": ("slategym.bench.tracking.tensorboard_logs", "TensorBoard", "tensorboard"),
    "wandb": ("slategym.bench.tracking.wandb_runs", "WandB", "wandb"),
    "trackio": ("slategym.bench.tracking.trackio_runs", "Trackio", "trackio"),
}


@dataclass(frozen=True)
class Tracking:
    """Makes the trackers for the runs of a command or a comparison, in any process.

    Attributes:
        text: name of a tracker, with options: "csv", "wandb:project=shop".
        folder: output folder.

    Raises:
        ValueError: there is no such tracker or option.
        ImportError: its library is not installed; the message contains the command that installs it.
    """

    text: str
    folder: Path = field(default=Path(FOLDER))

    def __post_init__(self) -> None:
        self("check")  # raises if something is wrong; trackers write nothing before `on_start`

    def __call__(self, name: str) -> Tracker:
        """The tracker of a run.

        Args:
            name: name of the run, such as "lin-ts seed 0".
        """
        return self._made()(self.folder, name)

    def _made(self) -> Callable[[Path, str], Tracker]:
        name, text = split_options(self.text)
        module, made, library = choose_named("tracker", name, TRACKERS)
        if library and find_spec(library) is None:  # without importing it, which may take seconds
            raise ImportError(f'{library} is not installed: it comes with pip install "slategym[{EXTRA}]"')
        maker = getattr(import_module(module), made)
        kind = f"tracker {name!r}"
        options = read_options(kind, text, options_of(maker, ("folder", "name")))
        return partial(_make, kind, maker, options)


def _make(kind: str, maker: Callable[..., Tracker], options: Mapping[str, Any], folder: Path, name: str) -> Tracker:
    return call_with(kind, partial(maker, folder, name), options)


@contextmanager
def followed_whole(
    make: Callable[[str], Tracker] | None, name: str, config: Mapping[str, Any]
) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """Track a command or comparison as a whole: its start, and its results or its failure.

    Args:
        make: makes the tracker; None disables tracking.
        name: name of the record.
        config: configuration.

    Yields:
        A function that records the results and returns them.
    """
    if make is None:
        yield lambda results: results
        return
    tracker, told = make(name), False

    def tell(results: dict[str, Any]) -> dict[str, Any]:
        nonlocal told
        told = True
        tracker.on_finish(results)
        return results

    tracker.on_start(config)
    try:
        yield tell
    finally:
        if not told:
            tracker.on_finish({"status": "failed"})


def file_name(name: str) -> str:
    """The name of a run as a valid name of a file or folder.

    Args:
        name: name of the run.
    """
    return re.sub(r"[^\w.=+-]+", "-", name).strip("-.")[:120] or "run"


def numbers(results: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """All numbers in results by name; nested ones have names such as "agents.lin-ts.value.mean".

    Args:
        results: JSON values.
        before: prefix of the names.
    """
    found: dict[str, float] = {}
    for name, value in results.items():
        if isinstance(value, Mapping):
            found |= numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{before}{name}"] = float(value)
    return found
