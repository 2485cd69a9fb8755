"""What reference policies earn of whole episodes, among them the best known with full knowledge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.ceilings.references import References
from slategym.bench.comparison.metrics import CONTEXT, EVERYBODY
from slategym.bench.rollouts import Policy, derived, item_values, oracle_policy, random_policy, rollout
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World

Floats = NDArray[np.float64]
RANDOM, ORACLE, BEST_KNOWN = "random", "oracle", "oracle-episode"
TUNED_ON = 400  # shoppers, the same for every candidate
SEED = 0xE91503  # of those
PRICES = (0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0)  # of a point of satisfaction, in mean values of the oracle's slates
POWERS = (1.0, 0.5)  # of the time left, by which the price falls
CONVERSIONS = (1.0, 1.5, 2.0, 3.0)  # times the value of a conversion


def episode_policy(world: World, weights: Sequence[float], price: float, power: float, conversion: float) -> Policy:
    """The best slates for a visit where satisfaction has a price, which falls with the time left.

    Args:
        world: where they are shown.
        weights: (M,), of the objectives.
        price: of a point of satisfaction at the first visit, in the unit of the weighted sum.
        power: of the share of time left, by which the price falls.
        conversion: times what a conversion is worth by the weights.
    """
    points = np.asarray(world.user_model.satisfaction(world.catalog), np.float64)

    def policy(shoppers: Shoppers) -> Items:
        left = price * ((world.visits - 1 - shoppers.visit) / world.visits) ** power
        among = world.candidates_of(shoppers) if world.candidates is not None else None
        of_items = points[:, None, :] if among is None else points[:, among]
        values = item_values(world, shoppers, weights)
        values = values.reshape(2, 1, 1) if values.ndim == 1 else values
        priced = values * np.array([1.0, conversion]).reshape(2, 1, 1) + left[None, :, None] * of_items
        extra = () if among is None else (among,)
        return world.user_model.best_slate(shoppers, world.catalog, priced, world.slate_size, *extra)

    return policy


def tune(world: World, weights: Sequence[float], stop: Callable[[], bool] | None = None) -> dict[str, float]:
    """The parameters of the best known policy for whole episodes, on common shoppers.

    All combinations of a price and a power are tried, and then what a conversion counts.

    Args:
        world: where shoppers may leave.
        weights: (M,), of the objectives.
        stop: asked often; what was found until then is returned.

    Returns:
        `price`, `power` and `conversion` of `episode_policy`.
    """
    seed = derived(SEED, "tuned on")
    mix = np.asarray(weights, np.float64)
    oracle = rollout(world, oracle_policy(world, weights), seed, TUNED_ON)
    unit = float(oracle.total(mix).sum() / oracle.visits.sum())
    best = {"price": 0.0, "power": 1.0, "conversion": 1.0}
    highest = float(oracle.total(mix).mean())
    tried = [(price, power, None) for price, power in product(PRICES[1:], POWERS)]
    for price, power, conversion in [*tried, *((None, None, times) for times in CONVERSIONS[1:])]:
        if stop and stop():
            break
        found = dict(best) if price is None else {"price": price * unit, "power": power or 1.0, "conversion": 1.0}
        found["conversion"] = conversion or 1.0
        value = float(rollout(world, episode_policy(world, weights, **found), seed, TUNED_ON).total(mix).mean())
        if value > highest:
            best, highest = found, value
    return best


def reference_episodes(
    world: World,
    weights: Sequence[float],
    seed: int,
    shoppers: int,
    references: References | None,
    tuned: Mapping[str, float] | None,
) -> dict[str, Any]:
    """What each reference policy earns of the episodes of a run's shoppers, on trajectories of its own.

    Args:
        world: where they come.
        weights: (M,), of the objectives.
        seed: of the run.
        shoppers: how many episodes.
        references: for the policies that need a fit; None leaves them out.
        tuned: the parameters of the best known policy; None leaves it out.

    Returns:
        By policy, from the one that knows least to the one that knows most: `value_per_episode`, `value` per slate, `objectives`
        per episode, `visits_per_episode` and `share_staying`.
    """
    policies: dict[str, Policy] = {RANDOM: random_policy(world, derived(seed, "reference"))}
    if references:
        policies |= {name: references.policy(name, weights) for name in (EVERYBODY, CONTEXT)}
    policies[ORACLE] = oracle_policy(world, weights)
    if tuned:
        policies[BEST_KNOWN] = episode_policy(world, weights, **tuned)
    found = {}
    for name, policy in policies.items():
        # Every agent meets the second shoppers of its rows, if the run is long enough; first ones are not among its episodes.
        episodes = rollout(world, policy, seed, shoppers, earlier=1)
        value = episodes.total(weights)
        found[name] = {
            "value_per_episode": float(value.mean()),
            "value": float(value.sum() / episodes.visits.sum()),
            "objectives": episodes.expected.sum(axis=1).mean(axis=0).tolist(),
            "visits_per_episode": float(episodes.visits.mean()),
            "share_staying": float(1 - episodes.left.mean()),
        }
    return found
