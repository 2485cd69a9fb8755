"""The protocol of trackers, and the trackers by name."""

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
ARTIFACTS = "artifacts"  # of results: the paths of files that belong to a run


@runtime_checkable
class Tracker(Protocol):
    """What follows one run. It changes nothing of it: it is told, and never asked."""

    def on_start(self, config: Mapping[str, Any]) -> None:
        """Begin a run.

        Args:
            config: what is run, as JSON values.
        """

    def on_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Take what happened since the last call.

        Args:
            step: the slates shown so far.
            metrics: finite numbers by name (see `RunFollower`); not always the same ones.
        """

    def on_finish(self, results: Mapping[str, Any]) -> None:
        """End a run.

        Args:
            results: JSON values, with "status" "finished", "interrupted" or "failed"; "artifacts" are paths of files.
        """


# By name: where the class is, and the library that it needs.
TRACKERS = {
    "csv": ("slategym.bench.tracking.csv_files", "CSV", ""),
    "tensorboard": ("slategym.bench.tracking.tensorboard_logs", "TensorBoard", "tensorboard"),
    "wandb": ("slategym.bench.tracking.wandb_runs", "WandB", "wandb"),
    "trackio": ("slategym.bench.tracking.trackio_runs", "Trackio", "trackio"),
}


@dataclass(frozen=True)
class Tracking:
    """Makes the trackers of the runs of a command or a comparison, in whatever process they run.

    Attributes:
        text: the name of a tracker, with options: "csv", "wandb:project=shop".
        folder: where the files go.

    Raises:
        ValueError: there is no such tracker or option.
        ImportError: its library is not installed; the message names the command that installs it.
    """

    text: str
    folder: Path = field(default=Path(FOLDER))

    def __post_init__(self) -> None:
        self("check")  # trackers write nothing before they are told of a run

    def __call__(self, name: str) -> Tracker:
        """The tracker of a run.

        Args:
            name: of the run, "lin-ts seed 0".
        """
        return self._made()(self.folder, name)

    def _made(self) -> Callable[[Path, str], Tracker]:
        name, text = split_options(self.text)
        module, made, library = choose_named("tracker", name, TRACKERS)
        if library and find_spec(library) is None:  # not imported here, which may take seconds
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
    """Follow what consists of many runs: its beginning, and its results or its failure.

    Args:
        make: makes the tracker; None follows nothing.
        name: of the whole.
        config: what is run.

    Yields:
        What takes the results, and returns them.
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
    """The name of a run as that of a file or folder.

    Args:
        name: of the run.
    """
    return re.sub(r"[^\w.=+-]+", "-", name).strip("-.")[:120] or "run"


def numbers(results: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """The numbers of results by their names, those within others as "agents.lin-ts.value.mean".

    Args:
        results: JSON values.
        before: what the names begin with.
    """
    found: dict[str, float] = {}
    for name, value in results.items():
        if isinstance(value, Mapping):
            found |= numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found[f"{before}{name}"] = float(value)
    return found
