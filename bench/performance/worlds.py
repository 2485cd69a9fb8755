"""The speed of each world with its own sizes, compared with the original implementation if there is one that still runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from slategym.bench.performance.cases import ALL, ONE, Vector
from slategym.bench.performance.machine import machine
from slategym.bench.performance.measure import Contender, Sizes, measure
from slategym.bench.performance.peers import ORIGINALS, OriginalSardine
from slategym.sim.worlds import make_world

LEAST_SPEED, LEAST_RATIO = 300_000, 100  # targets: slates per second, and speed relative to the original


def measure_worlds(names: Sequence[str], sizes: Sizes, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Measure the vector environment of worlds, in turns.

    Args:
        names: names of the worlds, with or without options.
        sizes: shoppers, rounds and seconds are used; each world has its own items and slates.
        progress: called with a description of the next step.

    Returns:
        "machine", "world", "sizes", "rows" (see `slategym.bench.performance.measure.measure`), and "goals" (see
        `slategym.bench.performance.targets.evaluate_targets`).
    """
    contenders = []
    for name in names:
        world = make_world(name)
        told = f"{sizes.shoppers:,} shoppers, slates of {world.slate_size} of {world.choices:,} items"
        contenders.append(Contender(name, told, ALL, partial(Vector, world, sizes)))
        if name in ORIGINALS:
            told = f"one user, slates of {world.slate_size} of {world.choices:,} items; with resets"
            contenders.append(Contender(_original(name), told, ONE, partial(OriginalSardine, ORIGINALS[name])))
    rows = measure(contenders, sizes, progress)
    speeds = {row["name"]: row.get("slates_per_second") for row in rows}
    goals = []
    for name in names:
        own, theirs = speeds[name], speeds.get(_original(name))
        if name in ORIGINALS:
            ratio = None if own is None or theirs is None else own / theirs
            goals.append(_goal(f"{name} over the original", ratio, LEAST_RATIO))
        else:
            goals.append(_goal(f"slates/s of {name}", own, LEAST_SPEED))
    return {
        "machine": machine("sardine-rec"),
        "world": f"Worlds at their own sizes, {sizes.shoppers:,} shoppers,",
        "sizes": {name: getattr(sizes, name) for name in ("shoppers", "rounds", "seconds")},
        "rows": rows,
        "goals": goals,
    }


def _original(name: str) -> str:
    return f"the original of {name}"


def _goal(name: str, value: float | None, least: float) -> dict[str, Any]:
    return {"name": name, "value": value, "target": f"at least {least:,g}", "passed": None if value is None else value >= least}
