"""Measures slates per second of the simulator, its environments and agents, and other libraries, in one run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

WORLD = "Shop-v0"
ARMS, FEATURES = 100, 16  # sizes of the comparison with MABWiser


@dataclass(frozen=True)
class Sizes:
    """Sizes and durations of a measurement.

    Attributes:
        shoppers: n, simulated together.
        items: m.
        slate_size: k.
        latent: q, dimensions of taste.
        slates: number of slates per run with an agent.
        rounds: how often each row is measured; rows take turns, so that other load on the machine affects all rows equally.
        seconds: minimum duration of each row in each round.

    Raises:
        ValueError: an argument is out of its range.
    """

    shoppers: int = 4096
    items: int = 1000
    slate_size: int = 10
    latent: int = 16
    slates: int = 100_000
    rounds: int = 7
    seconds: float = 0.5

    def __post_init__(self) -> None:
        least = {"shoppers": 1, "items": 1, "slate_size": 1, "latent": 1, "slates": 1, "rounds": 1}
        for name, smallest in least.items():
            if getattr(self, name) < smallest:
                raise ValueError(f"{name} is {getattr(self, name)}: expected {smallest} or more")
        if not 0 <= self.seconds <= 60:
            raise ValueError(f"seconds is {self.seconds}: expected 0..60")
        if self.slate_size > self.items:
            raise ValueError(f"slate_size is {self.slate_size}: expected at most {self.items}, the number of items")


class Work(ABC):
    """Work whose speed is measured: each call does one part of it."""

    @abstractmethod
    def __call__(self) -> int:
        """Do a part of the work.

        Returns:
            The number of slates of the part.
        """

    def measurements(self) -> dict[str, float]:
        """Measurements in addition to the speed; called once at the end."""
        return {}

    def close(self) -> None:
        """Remove the files that it made."""


@dataclass(frozen=True)
class Contender:
    """A row of the table.

    Attributes:
        name: name of the row.
        what: what it measures, in one line.
        threads: "all cores" or "one thread".
        prepare: makes the work; raises ImportError, with the command that installs it, if a library is missing.
    """

    name: str
    what: str
    threads: str
    prepare: Callable[[], Work]


def measure(contenders: Sequence[Contender], sizes: Sizes, progress: Callable[[str], None] | None = None) -> list[dict[str, Any]]:
    """Measure rows in turns.

    Args:
        contenders: the rows, in the order of the table.
        sizes: `rounds` and `seconds` are used.
        progress: called with a description of the next step.

    Returns:
        A dictionary per row: "name", "what", "threads"; "slates_per_second" of the fastest round (other load on the machine
        makes rounds slower, never faster), its "nanoseconds_per_slate", the "median" speed of the rounds, "rounds", the speed of
        each, and the additional measurements of the work; or "left_out", the reason.
    """
    tell = progress or (lambda _: None)
    works: dict[str, Work] = {}
    rows: dict[str, dict[str, Any]] = {}
    speeds: dict[str, list[float]] = {}
    try:
        for contender in contenders:
            rows[contender.name] = {"name": contender.name, "what": contender.what, "threads": contender.threads}
            tell(f"preparing {contender.name}")
            try:
                works[contender.name] = contender.prepare()
            except ImportError as error:
                rows[contender.name]["left_out"] = str(error)
                continue
            works[contender.name]()  # compiles and fills caches; not counted
            speeds[contender.name] = []
        for number in range(sizes.rounds):
            for name, work in works.items():
                tell(f"round {number + 1} of {sizes.rounds}: {name}")
                speeds[name].append(_speed(work, sizes.seconds))
        for name, work in works.items():
            best = max(speeds[name])
            rows[name] |= {
                "slates_per_second": best,
                "nanoseconds_per_slate": 1e9 / best,
                "median": median(speeds[name]),
                "rounds": speeds[name],
                **work.measurements(),
            }
    finally:
        for work in works.values():
            work.close()
    return list(rows.values())


def _speed(work: Work, seconds: float) -> float:
    slates, start = 0, perf_counter()
    while True:
        slates += work()
        taken = perf_counter() - start
        if taken >= seconds:
            return slates / taken


def speed_of(result: Mapping[str, Any], name: str) -> float | None:
    """Slates per second of a row; None if it was left out."""
    row = next(row for row in result["rows"] if row["name"] == name)
    speed: float | None = row.get("slates_per_second")
    return speed
