"""Makes the fits and reference values that come with slategym: `python -m slategym.bench.ceilings.ship`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from slategym.bench.ceilings.episodes import reference_episodes, tune
from slategym.bench.ceilings.job import EPISODES, Prepared, episodes_key, lasting, tuning_key
from slategym.bench.ceilings.references import References, fit
from slategym.bench.ceilings.store import find_fit, keep_fit
from slategym.bench.execution.threads import one_thread
from slategym.sim.worlds import WORLDS, make_world
from slategym.utils.storage.files import write_text

SEEDS = 10
DATA = Path(__file__).with_name("data")


def main() -> None:
    """Write the fits of the built-in worlds, and the values of the seeds that commands use by default, to `data/`."""
    values: dict[str, Any] = {}
    DATA.mkdir(exist_ok=True)
    with one_thread():
        for name in WORLDS:
            world = make_world(name)
            found = find_fit(world) or fit(world)
            keep_fit(world, found, DATA)
            tuned = tune(world, world.weights) if lasting(world) else None
            if tuned:
                values[tuning_key(world, world.weights) or ""] = tuned
            for seed in range(SEEDS):
                key = episodes_key(world, world.weights, seed, Prepared(found, tuned)) or ""
                values[key] = reference_episodes(world, world.weights, seed, EPISODES, References(world, found), tuned)
            print(f"{name}: {found.report}", flush=True)
            lines = ",\n".join(f'"{key}": {json.dumps(values[key])}' for key in sorted(values))
            write_text(DATA / "values.json", f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
