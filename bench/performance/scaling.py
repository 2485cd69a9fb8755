"""Time and memory by the number of shoppers, items and slate size; each point is measured in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slategym.bench.jobs.store import RunStore
from slategym.bench.performance.machine import machine
from slategym.utils.storage.fingerprint import code_version, fingerprint

ENVIRONMENT = "environment"
AGENTS = ("random", "lin-ts")
MANY, CANDIDATES = 10_000, 100  # with this number of items or more, agents choose among this number of candidates
SHOPPERS, ITEMS, SLATE_SIZE = 10_000, 1_000, 5  # values of the axes that are held fixed
AGENT_SHOPPERS = 1_000
WORLD = "Shop-v0"


@dataclass(frozen=True)
class Point:
    """A point of the measurement.

    Attributes:
        axis: the axis that varies: "shoppers", "items" or "slate_size"; or "all" for the point where all are large.
        who: "environment", for `SlateVectorEnv.step` with prepared slates; or an agent, which also acts and learns.
        shoppers: n.
        items: m.
        slate_size: k.
        candidates: C, or None.
    """

    axis: str
    who: str
    shoppers: int = SHOPPERS
    items: int = ITEMS
    slate_size: int = SLATE_SIZE
    candidates: int | None = None

    @property
    def memory(self) -> int:
        """Approximate memory needed, in bytes."""
        return 300_000_000 + self.shoppers * (600 + 40 * self.slate_size) + self.items * (700 + 200 * self.slate_size)


def points(largest: int = 10_000_000) -> list[Point]:
    """The points of the table, with at most `largest` shoppers."""
    shoppers = [10**power for power in range(2, 8) if 10**power <= largest]
    items = [10**power for power in range(2, 7)]
    sizes = [1, 2, 5, 10, 20, 50]
    made = [Point("shoppers", ENVIRONMENT, shoppers=n) for n in shoppers]
    made += [Point("items", ENVIRONMENT, items=m) for m in items]
    made += [Point("slate_size", ENVIRONMENT, slate_size=k) for k in sizes]
    for agent in AGENTS:
        made += [Point("items", agent, AGENT_SHOPPERS, m, candidates=CANDIDATES if m >= MANY else None) for m in items]
        made += [Point("slate_size", agent, AGENT_SHOPPERS, slate_size=k) for k in sizes]
    return [*made, Point("all", ENVIRONMENT, shoppers=shoppers[-1], items=items[-1])]


def measure_all(
    which: Iterable[Point],
    seconds: float = 1.0,
    progress: Callable[[dict[str, Any]], None] | None = None,
    stop: Callable[[], bool] | None = None,
    store: RunStore | None = None,
) -> dict[str, Any]:
    """Measure points one after the other.

    Args:
        which: the points.
        seconds: minimum duration of each measurement, after a first step that does not count.
        progress: called with each finished row.
        stop: called after each point; if it returns True, the finished points are returned.
        store: where each point is saved immediately; points that it already contains are not measured again.

    Returns:
        "config", see `measurement`; "machine"; "status": "finished", "interrupted", or "failed" if the process of a point failed;
        and "points": a dictionary for each, with the fields of `Point` and those of `slategym.bench.performance.scaling_point`,
        or with "left_out", the reason, if it needs more memory than is free or its process failed.
    """
    which = list(which)
    config, rows, status = measurement(which, seconds), [], "finished"
    for point in which:
        title = " ".join(map(str, asdict(point).values()))
        found = store.read(title, config["conditions"], {}) if store else None
        row = found or asdict(point) | _in_a_process(point, seconds)
        if stop and stop():  # Ctrl-C also reached the process of the point, so its result does not count
            status = "interrupted"
            break
        rows.append(row)
        if row.get("failed"):
            status = "failed"
        elif store and not found and "left_out" not in row:
            store.write(title, config["conditions"], row, {})
        if progress:
            progress(row)
    return {"config": config, "machine": machine(), "world": WORLD, "seconds": seconds, "status": status, "points": rows}


def measurement(which: Sequence[Point], seconds: float) -> dict[str, Any]:
    """The configuration of a measurement.

    Args:
        which: the points.
        seconds: minimum duration of each measurement.

    Returns:
        "seconds"; "conditions", a fingerprint of seconds, machine and code; and "fingerprint", which also covers the points.
    """
    conditions = fingerprint([seconds, machine(), code_version()])
    return {
        "seconds": seconds,
        "conditions": conditions,
        "fingerprint": fingerprint([conditions, [asdict(each) for each in which]]),
    }


def _in_a_process(point: Point, seconds: float) -> dict[str, Any]:
    free = _free_memory()
    if free is not None and point.memory > free:
        return {"left_out": f"needs about {point.memory / 1e9:.1f} GB of memory, but only {free / 1e9:.1f} GB are free"}
    command = [sys.executable, "-m", "slategym.bench.performance.scaling_point", json.dumps(asdict(point)), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        return {"left_out": f"its process ended with {done.returncode}: {last[0]}", "failed": True}
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _free_memory() -> int | None:
    """Bytes available without swapping; None on systems other than Linux."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
