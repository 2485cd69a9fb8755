"""What features tell of new items: fifty items are launched late, and the first blocks of features are compared with the others.

`python new_items.py --slates 240000 --shoppers 1000 --seeds 8 price price+hashing:32`
"""

import argparse
from collections.abc import Callable, Mapping

import numpy as np

from slategym.bench import Estimate, run
from slategym.sim import Launch, World, make_world

MEASURES = ("value per slate", "impressions", "regret of these", "regret of one", "value of one")


def shop(features: str, launch: int) -> World:
    """Five hundred items, and fifty more from a step on."""
    schedule = [Launch(step=launch, items=range(500, 550))]
    return make_world("ShopBandit-v0", items=550, titles=True, features=features, schedule=schedule)


def measure(world: World, agent: str, slates: int, shoppers: int, seed: int) -> tuple[float, ...]:
    """The value of a slate after the launch; then of the first hundred impressions of a new item how many there were, their
    regret in all and of one, and the value of one."""
    trace = run(world, agent, slates=slates, seed=seed, shoppers=shoppers)
    first, launch = trace.cold_start, world.schedule[0].step
    count = max(first.impressions.sum(), 1)
    after = (trace.objectives[launch:] @ np.array(world.weights)).mean()
    return after, first.impressions.mean(), first.regret.mean(), first.regret.sum() / count, first.value.sum() / count


def compare(runs: Mapping[str, Callable[[int], tuple[float, ...]]], seeds: int) -> None:
    """Print a row for each name, and below it the difference to the first one over the same seeds, with its interval."""
    base = None
    print("| features |", " | ".join(MEASURES), "|")
    print("|---" * (1 + len(MEASURES)) + "|")
    for name, make in runs.items():
        found = np.array([make(seed) for seed in range(seeds)])
        print(f"| `{name}` |", " | ".join(f"{mean:.3f}" for mean in found.mean(axis=0)), "|", flush=True)
        if base is not None:
            parts = [Estimate.from_seeds(column) for column in (found - base).T]
            print("| difference |", " | ".join(f"{each.mean:+.3f} ({each.low:+.3f} to {each.high:+.3f})" for each in parts), "|")
        base = found if base is None else base


def arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What the command says of the runs."""
    parser.add_argument("--agent", default="logistic-ts")
    parser.add_argument("--slates", type=int, default=240_000)
    parser.add_argument("--shoppers", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=8)
    given = parser.parse_args()
    given.launch = 2 * given.slates // (3 * given.shoppers)
    return given


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("features", nargs="+")
    given = arguments(parser)

    def runs(features: str) -> Callable[[int], tuple[float, ...]]:
        world = shop(features, given.launch)
        return lambda seed: measure(world, given.agent, given.slates, given.shoppers, seed)

    compare({features: runs(features) for features in given.features}, given.seeds)


if __name__ == "__main__":
    main()
