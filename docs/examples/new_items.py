"""What features tell of new items: fifty items are launched late, and the first blocks of features are compared with the others.

`python new_items.py --slates 240000 --shoppers 1000 --seeds 8 price price+hashing:32`
"""

import argparse

import numpy as np

from slategym.bench import Estimate, run
from slategym.sim import Launch, make_world

MEASURES = ("value per slate", "impressions", "regret of these", "regret of one", "value of one")


def measure(features: str, agent: str, slates: int, shoppers: int, seeds: int) -> np.ndarray:
    """(seeds, 5): the value of a slate after the launch; then of the first hundred impressions of a new item how many there were,
    their regret in all and of one, and the value of one."""
    launch = 2 * slates // (3 * shoppers)
    schedule = [Launch(step=launch, items=range(500, 550))]
    world = make_world("ShopBandit-v0", items=550, titles=True, features=features, schedule=schedule)
    rows = []
    for seed in range(seeds):
        trace = run(world, agent, slates=slates, seed=seed, shoppers=shoppers)
        first, weights = trace.cold_start, np.array(world.weights)
        count = max(first.impressions.sum(), 1)
        after = (trace.objectives[launch:] @ weights).mean()
        rows.append((after, first.impressions.mean(), first.regret.mean(), first.regret.sum() / count, first.value.sum() / count))
    return np.array(rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("features", nargs="+")
    parser.add_argument("--agent", default="logistic-ts")
    parser.add_argument("--slates", type=int, default=240_000)
    parser.add_argument("--shoppers", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=8)
    given = parser.parse_args()
    base = None
    print("| features |", " | ".join(MEASURES), "|")
    print("|---" * (1 + len(MEASURES)) + "|")
    for features in given.features:
        found = measure(features, given.agent, given.slates, given.shoppers, given.seeds)
        print(f"| `{features}` |", " | ".join(f"{mean:.3f}" for mean in found.mean(axis=0)), "|", flush=True)
        if base is not None:
            parts = [Estimate.from_seeds(column) for column in (found - base).T]
            print("| difference |", " | ".join(f"{each.mean:+.3f} ({each.low:+.3f} to {each.high:+.3f})" for each in parts), "|")
        base = found if base is None else base


if __name__ == "__main__":
    main()
