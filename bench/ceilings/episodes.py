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
from slategym.sim.selection import top_k
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
MOST = (1, 2, 4)  # items of a category on a slate


def episode_policy(
    world: World, weights: Sequence[float], price: float, power: float, conversion: float, most: float = 0
) -> Policy:
    """The best slates for a visit where satisfaction has a price, which falls with the time left, and categories take turns.

    Args:
        world: where they are shown.
        weights: (M,), of the objectives.
        price: of a point of satisfaction at the first visit, in the unit of the weighted sum.
        power: of the share of time left, by which the price falls.
        conversion: times what a conversion is worth by the weights.
        most: items of a category on a slate; 0 for any number.
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
    """(n, g x most) the best items of each category for shoppers; a category with fewer items gives its best one again.

    Args:
        world: where they are shown.
        shoppers: n of them.
        values: of a click and a conversion, as for `UserModel.best_slate`.
        most: items of each category.
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
    """Values of a click and a conversion (2, 1, m) or (2, n, m), of some items (n, c) of each shopper: (2, n, c).

    Args:
        values: of every item.
        items: of the catalogue.
    """
    if values.shape[2] == 1:
        return values
    each = np.broadcast_to(values, (2, len(items), values.shape[2]))
    return np.take_along_axis(each, np.broadcast_to(items, (2, *items.shape)), axis=2)


def tune(world: World, weights: Sequence[float], stop: Callable[[], bool] | None = None) -> dict[str, float]:
    """The parameters of the best known policy for whole episodes, on common shoppers.

    All combinations of a price and a power are tried, then what a conversion counts, and how many items of a category a slate
    may have.

    Args:
        world: where shoppers change or may leave.
        weights: (M,), of the objectives.
        stop: asked often; what was found until then is returned.

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
        # Prices are compared at the values of the oracle; what follows builds on the best of them.
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
