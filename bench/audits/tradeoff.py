"""The trade-off between two objectives: how much of one the best slate for the other loses, and the front between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.rollouts import Policy, oracle_policy
from slategym.bench.statistics import Estimate
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World

# Weights of the first objective, with each objective in units of its best value.
MIXES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
Floats = NDArray[np.float64]


def tradeoff(world: World, shoppers: Sequence[Shoppers], policies: Mapping[str, Policy]) -> dict[str, Any]:
    """Measure the trade-off between the first two objectives for shoppers at one visit; nothing is simulated further.

    Args:
        world: the world.
        shoppers: the shoppers, in batches.
        policies: the policies by name.

    Returns:
        - `losses`: `{"click": {"conversion": estimate}, ...}`, the share of the most possible conversions that the best slate
          for clicks loses, and vice versa.
        - `front`: `mix`, and by name the expected objectives per slate of the best slates for each mix.
        - `points`: the expected objectives of each policy.
        - `common`: the share of items that the best slates for either objective have in common.
    """
    names = world.objective_names[:2]
    best = [_shown(world, shoppers, oracle_policy(world, unit.tolist())) for unit in np.eye(2)]
    losses: dict[str, dict[str, Any]] = {name: {} for name in names}
    for own, other in ((0, 1), (1, 0)):
        most = best[other][1][:, other]
        losses[names[own]][names[other]] = Estimate.from_ratio(most - best[own][1][:, other], most)
    units = [float(best[objective][1][:, objective].mean()) or 1.0 for objective in (0, 1)]
    front = [_mean(best[1])]
    for mix in MIXES[1:-1]:
        front.append(_mean(_shown(world, shoppers, oracle_policy(world, (mix / units[0], (1 - mix) / units[1])))))
    front.append(_mean(best[0]))
    same = (best[0][0][:, :, None] == best[1][0][:, None, :]).any(axis=2)
    points = {name: _mean(_shown(world, shoppers, policy)) for name, policy in policies.items()}
    return {
        "losses": losses,
        "front": {"mix": list(MIXES), **dict(zip(names, map(list, zip(*front, strict=True)), strict=True))},
        "points": {name: dict(zip(names, point, strict=True)) for name, point in points.items()},
        "common": float(same.mean()),
    }


def _shown(world: World, shoppers: Sequence[Shoppers], policy: Policy) -> tuple[Items, Floats]:
    """The slates (n, k) of a policy, and their expected objectives (n, M)."""
    slates = [policy(batch) for batch in shoppers]
    expected = [world.expected(batch, slate) for batch, slate in zip(shoppers, slates, strict=True)]
    return np.concatenate(slates), np.concatenate(expected)


def _mean(shown: tuple[Items, Floats]) -> list[float]:
    """The mean of the first two objectives."""
    return [float(mean) for mean in shown[1][:, :2].mean(axis=0)]
