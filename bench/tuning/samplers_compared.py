"""Random against Bayesian search at equal trials: `python -m slategym.bench.tuning.samplers_compared OUT`. No judgement.

Both look for the highest value of the same trials: a world, its seeds and an agent's ranges make one function of the settings.
What differs is the seed of the search. Finished trials are kept in OUT, so that the same command continues.
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
FIRST, SEARCHES = 100, 24  # seeds of the search, of which none was looked at when agents and ranges were chosen
RUN: Mapping[str, Any] = {"slates": 10_000, "shoppers": 100, "seeds": 1, "judge_seeds": 1, "trials": 20, "kept": True}
RANGES: Mapping[str, Sequence[str]] = {
    "lin-ts": ("alpha=0.005..50:log", "ridge=0.01..1000:log", "item_ridge=0.1..10000:log"),
    "lin-ucb": ("alpha=0.005..50:log", "ridge=0.01..1000:log", "item_ridge=0.1..10000:log"),
    "lin-epsilon-greedy": ("epsilon=0.0001..1:log", "ridge=0.01..1000:log", "item_ridge=0.1..10000:log"),
}


def compare_samplers(folder: Path, ranges: Mapping[str, Sequence[str]] = RANGES, searches: int = SEARCHES) -> dict[str, Any]:
    """Search the settings of each agent with each sampler and several seeds.

    Args:
        folder: of the finished trials.
        ranges: by agent.
        searches: how many seeds of the search.

    Returns:
        JSON values by agent and sampler: `found`, the best value after all trials of each search; `mean`; `after`, its mean over
        the searches after each trial; and for the Bayesian ones `difference`, to random search with the same seed, with an
        interval that holds for all of them at once.
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
                # Without the defaults, which all searches have in common.
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
