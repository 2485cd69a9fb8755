"""Computes the fits and reference values that are part of slategym: `python -m slategym.bench.ceilings.ship`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slategym.bench.ceilings.episodes import reference_episodes, tune
from slategym.bench.ceilings.job import EPISODES, TUNED, Prepared, episodes_of, lasting
from slategym.bench.ceilings.references import References, fit
from slategym.bench.ceilings.store import label
from slategym.bench.execution.threads import one_thread
from slategym.sim.worlds import make_world
from slategym.utils.storage.archive import write_archive
from slategym.utils.storage.files import write_text

# The other worlds have more items, and their fits would take tens of megabytes; these are computed at first use and stored.
SHIPPED = ("Shop-v0", "ShopBandit-v0", "OpenBandit-v0", "Hillstrom-v0", "RecoGym-v1")
SEEDS = 10
DATA = Path(__file__).with_name("data")


def main() -> None:
    """Write the fits of these worlds, and the reference values for the seeds 0 to 9, to `data/`."""
    values: dict[str, dict[str, Any]] = {}
    DATA.mkdir(exist_ok=True)
    with one_thread(with_torch=True):
        for name in SHIPPED:
            world = make_world(name)
            found = fit(world)
            write_archive(DATA / f"{name}.fit", found)
            tuned = tune(world, world.weights) if lasting(world) else None
            values[name] = {label(TUNED, list(world.weights)): tuned} if tuned else {}
            for seed in range(SEEDS):
                content = episodes_of(world.weights, seed, Prepared(found, tuned))
                values[name][label(*content)] = reference_episodes(
                    world, world.weights, seed, EPISODES, References(world, found), tuned
                )
            print(f"{name}: {found.report}", flush=True)
            write_text(DATA / "values.json", json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
