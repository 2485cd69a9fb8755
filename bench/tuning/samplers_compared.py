"""Compares random and Bayesian search with equally many trials: `python -m slategym.bench.tuning.samplers_compared OUT`.

All samplers maximise the same function of the settings, which is given by a world, its seeds and an agent's ranges. Repetitions
differ in the seed of the search. Finished trials are saved in OUT, so that the same command continues an interrupted comparison.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from slategym.bench.jobs.store import RunStore
from slategym.bench.statistics import Estimate, as_json, together
from slategym.bench.tuning.search import plan_search
from slategym.utils.storage.files import write_json

WORLD = "ShopBandit-v0:catalog_seed=10"
PLAIN, OTHERS = "random", ("tpe", "gp")
FIRST, SEARCHES = 100, 24  # seeds of the search; none of them was used to choose agents and ranges
RUN: Mapping[str, Any] = {"slates": 10_000, "shoppers": 100, "seeds": 1, "judge_seeds": 1, "trials": 20, "kept": True}
RANGES: Mapping[str, Sequence[str]] = {
    "lin-ts": ("alpha=0.005..50:log", "ridge=0.01..1000:log", "item_ridge=0.1..10000:log"),
    "lin-ucb": ("alpha=0.005..50:log", "ridge=0.01..1000:log", "item_ridge=0.1..10000:log"),
    "lin-epsilon-greedy": ("epsilon=0.0001..1:log", "ridge=0.01..1000:log", "item_ridge=0.1..10000:log"),
}


def compare_samplers(folder: Path, ranges: Mapping[str, Sequence[str]] = RANGES, searches: int = SEARCHES) -> dict[str, Any]:
    """Search the settings of each agent with each sampler and several seeds.

    Args:
        folder: folder for finished trials.
        ranges: ranges of the options, by agent.
        searches: number of seeds of the search.

    Returns:
        JSON values by agent and sampler: `found`, the best value of each search after all trials; `mean`, their mean; `after`,
        the mean of the best value after each trial; and for Bayesian samplers `difference` to random search with the same seeds,
        with intervals that hold together.
    """
    store = RunStore(folder / "runs", None)
    store.prepare()
    level = together(len(ranges) * len(OTHERS))
    results: dict[str, Any] = {}
    for agent, texts in ranges.items():
        curves: dict[str, Any] = {}
        for sampler in (PLAIN, *OTHERS):
            found = []
            for seed in range(FIRST, FIRST + searches):
                trials = plan_search([WORLD], agent, ranges=texts, sampler=sampler, seed=seed, **RUN).trials(1, store=store)
                # The defaults are left out, because all searches include them.
                found.append(list(accumulate((trial.value or 0.0 for trial in trials[1:]), max)))
            curves[sampler] = np.array(found)
        results[agent] = {
            sampler: {
                "found": curve[:, -1].tolist(),
                "mean": float(curve[:, -1].mean()),
                "after": curve.mean(axis=0).tolist(),
                **({} if sampler == PLAIN else {"difference": Estimate.from_samples(curve[:, -1] - curves[PLAIN][:, -1], level)}),
            }
            for sampler, curve in curves.items()
        }
    return dict(as_json(results))


def main(arguments: Sequence[str]) -> None:
    """Compare, print and write OUT/samplers.json."""
    folder = Path(arguments[0])
    results = compare_samplers(folder)
    write_json(folder / "samplers.json", {"world": WORLD, "run": dict(RUN), "ranges": dict(RANGES), "agents": results})
    for agent, samplers in results.items():
        for sampler, found in samplers.items():
            difference = found.get("difference")
            told = "" if difference is None else "{mean:+.4f} ({low:+.4f} to {high:+.4f})".format(**difference)
            print(f"{agent:20} {sampler:8} {found['mean']:.4f} {told}".rstrip())


if __name__ == "__main__":
    main(sys.argv[1:])
