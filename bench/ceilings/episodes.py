"""Values of reference policies over whole episodes, including the best known policy with full knowledge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.ceilings.references import References
from slategym.bench.comparison.metrics import CONTEXT, EVERYBODY
from slategym.bench.rollouts import Policy, derived, item_values, oracle_policy, random_policy, rollout
from slategym.sim.selection import top_k
from slategym.sim.shoppers import Shoppers
from slategym.sim.slate import Items
from slategym.sim.world import World

Floats = NDArray[np.float64]
RANDOM, ORACLE, BEST_KNOWN = "random", "oracle", "oracle-episode"
TUNED_ON = 400  # shoppers, the same for every candidate
SEED = 0xE91503  # of these shoppers
PRICES = (0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0)  # of a point of satisfaction, in units of the oracle's mean value per slate
POWERS = (1.0, 0.5)  # exponents of the share of time left, which multiplies the price
CONVERSIONS = (1.0, 1.5, 2.0, 3.0)  # factors on the value of a conversion
MOST = (1, 2, 4)  # the largest number of items of a category on a slate


def episode_policy(
    world: World, weights: Sequence[float], price: float, power: float, conversion: float, most: float = 0
) -> Policy:
    """The best slates for a visit if satisfaction has a price that falls with the time left, and categories may be limited.

    Args:
        world: the world in which they are shown.
        weights: (M,), the weights of the objectives.
        price: the price of a point of satisfaction, in the unit of the weighted sum; it is multiplied by the share of time left.
        power: the exponent of that share.
        conversion: the factor on the value of a conversion.
        most: the largest number of items of a category on a slate; 0 for no limit.
    """
    points = np.asarray(world.user_model.satisfaction(world.catalog), np.float64)

    def policy(shoppers: Shoppers) -> Items:
        left = price * ((world.visits - 1 - shoppers.visit) / world.visits) ** power
        among = world.candidates_of(shoppers) if world.candidates is not None else None
        of_items = points[:, None, :] if among is None else points[:, among]
        values = item_values(world, shoppers, weights)
        values = values.reshape(2, 1, 1) if values.ndim == 1 else values
        priced = values * np.array([1.0, conversion]).reshape(2, 1, 1) + left[None, :, None] * of_items
        if most:
            among = best_of_categories(world, shoppers, priced, int(most))
            chosen = world.user_model.best_slate(shoppers, world.catalog, of_these(priced, among), world.slate_size, among)
            return np.take_along_axis(among, chosen, axis=1)
        extra = () if among is None else (among,)
        return world.user_model.best_slate(shoppers, world.catalog, priced, world.slate_size, *extra)

    return policy


def best_of_categories(world: World, shoppers: Shoppers, values: NDArray[np.float64], most: int) -> Items:
    """(n, g x most) the best items of each category for shoppers; a category with fewer items repeats its best one.

    Args:
        world: the world in which they are shown.
        shoppers: n shoppers.
        values: the values of a click and a conversion, as for `UserModel.best_slate`.
        most: the number of items of each category.
    """
    attraction, gain = world.user_model.gains(shoppers, world.catalog, values, None)
    score = attraction * gain
    chosen = []
    for category in range(world.catalog.categories):
        items = np.flatnonzero(world.catalog.category == category)
        if len(items):
            best = items[top_k(score[:, items], min(most, len(items)))]
            chosen += [best, *([best[:, :1]] * (most - best.shape[1]))]
    return np.concatenate(chosen, axis=1)


def of_these(values: NDArray[np.float64], items: Items) -> NDArray[np.float64]:
    """Select the values of a click and a conversion, (2, 1, m) or (2, n, m), for some items (n, c) of each shopper: (2, n, c).

    Args:
        values: the values of every item.
        items: the items, as indices of the catalogue.
    """
    if values.shape[2] == 1:
        return values
    each = np.broadcast_to(values, (2, len(items), values.shape[2]))
    return np.take_along_axis(each, np.broadcast_to(items, (2, *items.shape)), axis=2)


def tune(world: World, weights: Sequence[float], stop: Callable[[], bool] | None = None) -> dict[str, float]:
    """Search for the parameters of the best known policy for whole episodes, with the same shoppers for all candidates.

    All combinations of a price and a power are tried, then the factors on a conversion, then the limits on the items of a
    category.

    Args:
        world: a world in which shoppers change or may leave.
        weights: (M,), the weights of the objectives.
        stop: called often; if it returns True, the best parameters so far are returned.

    Returns:
        The arguments of `episode_policy`.
    """
    seed = derived(SEED, "tuned on")
    mix = np.asarray(weights, np.float64)
    oracle = rollout(world, oracle_policy(world, weights), seed, TUNED_ON)
    unit = float(oracle.total(mix).sum() / oracle.visits.sum())
    best = {"price": 0.0, "power": 1.0, "conversion": 1.0, "most": 0.0}
    highest = float(oracle.total(mix).mean())
    prices: list[dict[str, float]] = [{"price": price * unit, "power": power} for price, power in product(PRICES[1:], POWERS)]
    tried = [*prices, *({"conversion": times} for times in CONVERSIONS[1:])]
    if world.candidates is None and world.slate_size > 1:
        tried += [{"most": float(most)} for most in MOST if most * len(np.unique(world.catalog.category)) >= world.slate_size]
    for change in tried:
        if stop and stop():
            break
        # Each change is added to the best parameters so far.
        found = best | change
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
    """The value of each reference policy over the episodes of a run's shoppers, who are shown the slates of this policy.

    Args:
        world: the world that the shoppers visit.
        weights: (M,), the weights of the objectives.
        seed: the seed of the run.
        shoppers: the number of episodes.
        references: needed for the policies that need a fit; None leaves these out.
        tuned: the parameters of the best known policy; None leaves it out.

    Returns:
        By policy, in ascending order of what the policies know: `value_per_episode`, `value` per slate, `objectives` per
        episode, `visits_per_episode` and `share_staying`.
    """
    policies: dict[str, Policy] = {RANDOM: random_policy(world, derived(seed, "reference"))}
    if references:
        policies |= {name: references.policy(name, weights) for name in (EVERYBODY, CONTEXT)}
    policies[ORACLE] = oracle_policy(world, weights)
    if tuned:
        policies[BEST_KNOWN] = episode_policy(world, weights, **tuned)
    found = {}
    for name, policy in policies.items():
        # If a run is long enough, every agent gets the second shopper of each row; first shoppers are not among its episodes.
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
