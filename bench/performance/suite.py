"""The complete measurement of `slategym throughput`, as one dictionary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from slategym.bench.performance.measure import WORLD, Sizes, measure


def measure_all(sizes: Sizes, progress: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Measure everything.

    Returns:
        "machine", "world", "sizes", "rows" as returned by `measure`, "floor" (see `slategym.bench.performance.floor.count`) and
        "goals" (see `slategym.bench.performance.targets.evaluate_targets`).
    """
    from slategym.bench.performance.cases import contenders
    from slategym.bench.performance.floor import count
    from slategym.bench.performance.machine import machine
    from slategym.bench.performance.targets import evaluate_targets

    rows = measure(contenders(sizes), sizes, progress)
    if progress:
        progress("counting the floor of the kernel")
    floor = count(sizes)
    result: dict[str, Any] = {
        "machine": machine("sardine-rec", "mabwiser"),
        "world": WORLD,
        "sizes": asdict(sizes),
        "rows": rows,
        "floor": floor,
    }
    return result | {"goals": evaluate_targets(result)}
