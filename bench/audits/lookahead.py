"""The value of lookahead: slates chosen for whole episodes, compared with the oracle for single visits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.bench.rollouts import Episodes, Gains, Policy, derived, generator, item_gains, oracle_policy, rollout
from slategym.bench.statistics import Estimate, meaningful, scale, together
from slategym.sim.selection import top_k
from slategym.sim.shoppers import Shoppers
from slategym.sim.simulation import Simulation
from slategym.sim.slate import Items
from slategym.sim.world import World

Floats = NDArray[np.float64]
GREEDY = "greedy oracle"
LOOKAHEAD = "one-step lookahead"
SHIFT = 3.0  # factor on the weight of one objective
FADING = 0.1  # the rate at which recent impressions of a category lower its items' scores, for "categories rest"
NEGLIGIBLE = 0.02  # as a share of the oracle's value per episode
ROUNDING = 1e-9  # as a share of the same value
PAYS, HARDLY, DOES_NOT, UNDECIDED = "pays", "hardly pays", "does not pay", "not decided"
CHOSEN_ON = 200  # shoppers used to choose the parts of the one-step lookahead
FUTURES = 2  # simulated futures of each candidate slate

DESCRIPTIONS = {
    "conversions only": "the best slate for conversions alone",
    f"conversions x {SHIFT:g}": f"the best slate with the weight of conversions times {SHIFT:g}",
    f"clicks x {SHIFT:g}": f"the best slate with the weight of clicks times {SHIFT:g}",
    "clicks only": "the best slate for clicks alone",
    "one of a category": "the best items, at most one of each category",
    "categories rest": "the best items, after lowering the scores of categories that were shown recently",
    "random of the best": "a random half of the best items for two slates",
    LOOKAHEAD: "the slate with the best simulated future, among those of the oracle and of the two best policies above",
}


def variants(world: World, weights: Sequence[float], seed: int) -> dict[str, Policy]:
    """Policies that may give up value at this visit for later ones, in any world; without the oracle (see `DESCRIPTIONS`).

    Args:
        world: a world whose objectives are clicks and conversions.
        weights: (2,), the weights of clicks and conversions.
        seed: the seed of the random choices.
    """
    click, conversion = weights
    policies = {
        "conversions only": oracle_policy(world, (0.0, conversion)),
        f"conversions x {SHIFT:g}": oracle_policy(world, (click, SHIFT * conversion)),
        f"clicks x {SHIFT:g}": oracle_policy(world, (SHIFT * click, conversion)),
        "clicks only": oracle_policy(world, (click, 0.0)),
    }
    if not world.estimated:  # these need the gains of single items
        random = generator(seed, "random of the best")
        policies |= {
            "one of a category": _by_item(
                world, weights, lambda scores, _: _varied(scores, world.catalog.category, world.slate_size)
            ),
            "categories rest": _by_item(
                world, weights, lambda scores, seen: top_k(_rested(world, scores, seen), world.slate_size)
            ),
            "random of the best": _by_item(world, weights, lambda scores, _: _random_of_best(scores, world.slate_size, random)),
        }
    return policies


def lookahead(
    world: World, weights: Sequence[float], seed: int, greedy: Episodes, chosen_on: int = CHOSEN_ON
) -> dict[str, Any] | None:
    """Compare policies for whole episodes with the oracle, paired by shopper with common random numbers.

    All variants are evaluated on the same shoppers, and the intervals hold for all of them at once, so the best variant may be
    picked by its value. The parts of the one-step lookahead are chosen on other shoppers, whose number is fixed.

    Args:
        world: a world whose objectives are clicks and conversions.
        weights: (2,), the weights of clicks and conversions.
        seed: the seed of the shoppers.
        greedy: the episodes under the oracle, for the same seed.
        chosen_on: number of other shoppers on whom the one-step lookahead is chosen.

    Returns:
        None in a world of single visits, else:

        - `greedy`: estimates of the oracle's value `per_episode` and `visits`.
        - `variants`: by name, `per_episode`, `visits` and the `difference` to greedy (paired, with a simultaneous interval).
        - `verdict`: "pays" if the interval of a variant lies above 0, "does not pay" if no interval extends above 0,
          "hardly pays" if none extends above `NEGLIGIBLE` times the value of greedy, else "not decided".
        - `best`: the name of the best variant, among those whose interval lies above 0 if there are any.
        - `lead`, `lead_share`: its difference to greedy, and this as a share of greedy; empty if such a share is not meaningful.
        - `most`: the highest upper end of the intervals.
    """
    if world.visits < 2:
        return None
    base, count = greedy.total(weights), len(greedy.here)
    policies = variants(world, weights, seed)
    episodes = {name: rollout(world, policy, seed, count) for name, policy in policies.items()}
    episodes[LOOKAHEAD] = rollout(world, _improved_policy(world, weights, seed, policies, chosen_on), seed, count)

    objectives = greedy.expected.sum(axis=1).mean(axis=0)
    unit, sizes = float(base.mean()) if meaningful(objectives, weights) else None, scale(objectives, weights)
    more = {name: episode.total(weights) - base for name, episode in episodes.items()}
    level = together(len(episodes))
    gaps = {name: Estimate.from_samples(np.where(np.abs(gap) > ROUNDING * sizes, gap, 0.0), level) for name, gap in more.items()}
    above = [name for name, gap in gaps.items() if (gap.low or 0.0) > 0]
    best = max(above or gaps, key=lambda name: gaps[name].mean or 0.0)
    most = max(gap.high or 0.0 for gap in gaps.values())
    return {
        "greedy": {"per_episode": Estimate.from_samples(base), "visits": Estimate.from_samples(greedy.visits)},
        "variants": {
            name: {
                "per_episode": Estimate.from_samples(episode.total(weights)),
                "difference": gaps[name],
                "visits": Estimate.from_samples(episode.visits),
            }
            for name, episode in episodes.items()
        },
        "verdict": _verdict(bool(above), most / sizes if sizes else 0.0),
        "best": best,
        "lead": gaps[best],
        "lead_share": gaps[best].divided_by(unit),
        "most": most,
    }


def _verdict(above: bool, most: float) -> str:
    """The verdict, given whether a variant is above the oracle, and the highest end of an interval as a share of its value."""
    if above:
        return PAYS
    return DOES_NOT if most <= 0 else HARDLY if most <= NEGLIGIBLE else UNDECIDED


def _improved_policy(world: World, weights: Sequence[float], seed: int, policies: Mapping[str, Policy], count: int) -> Policy:
    """One step of policy improvement on the best policy, among the slates of the oracle and of the two best other policies.

    The policies are chosen on other shoppers, so that the evaluation is independent of the choice.
    """
    own, oracle = derived(seed, "chosen on"), oracle_policy(world, weights)
    greedy = rollout(world, oracle, own, count)
    tried = {name: rollout(world, policy, own, count) for name, policy in policies.items()}
    value = {name: float(episode.total(weights).mean()) for name, episode in tried.items()}
    first, second, *_ = sorted(value, key=lambda name: -value[name])
    better = value[first] > greedy.total(weights).mean()
    start, known = (policies[first], tried[first]) if better else (oracle, greedy)
    return lookahead_policy(world, weights, start, known, [oracle, policies[first], policies[second]], seed)


def lookahead_policy(
    world: World, weights: Sequence[float], base: Policy, known: Episodes, candidates: Sequence[Policy], seed: int
) -> Policy:
    """Shows, among the slates of several policies, the one with the highest value at this visit and in simulated futures.

    The futures use common random numbers. The future value of a shopper who stays is the exact value of the next slate of `base`
    plus the mean value of `base` after that visit. This is one step of policy improvement on `base` (Bertsekas, "Dynamic
    Programming and Optimal Control", volume I, on rollout). The probability of staying is exact given the simulated answer.

    Args:
        world: a world whose objectives are clicks and conversions.
        weights: (2,), the weights of clicks and conversions.
        base: the policy that is followed after this visit.
        known: episodes under `base`.
        candidates: policies whose slates are compared.
        seed: the seed of the futures.
    """
    weight_vector = np.asarray(weights, np.float64)
    reward = known.expected @ weight_vector
    present = np.maximum(known.here.sum(axis=0), 1)
    # (t,) the mean value after the slate of each visit, over those who make the visit; 0 at the last visit.
    after = np.array([reward[known.here[:, visit], visit + 1 :].sum() for visit in range(len(present))]) / present
    last = len(present) - 1

    seeds = [derived(seed, f"future {number}") for number in range(FUTURES)]

    def future(shoppers: Shoppers, slate: Items, future_seed: int) -> Floats:
        """(n,) the value after a slate, in one simulated future."""
        other = Simulation(world, future_seed, len(shoppers))
        other.shoppers = shoppers.take(np.arange(len(shoppers)))
        visit = shoppers.visit
        feedback = other.show(slate)
        now, other.shoppers.visit[:] = other.shoppers.visit.copy(), visit  # the probability of leaving at the visit shown
        staying = 1 - np.asarray(world.user_model.leaving(other.shoppers, feedback), np.float64)
        other.shoppers.visit[:] = now
        following = world.expected(other.shoppers, base(other.shoppers)) @ weight_vector
        return np.asarray(staying * (following + after[now]))

    def policy(shoppers: Shoppers) -> Items:
        slates = [candidate(shoppers) for candidate in candidates]
        value = np.stack([world.expected(shoppers, slate) @ weight_vector for slate in slates])
        if shoppers.visit[0] < last:
            for number, slate in enumerate(slates):
                value[number] += sum(future(shoppers, slate, future_seed) for future_seed in seeds) / FUTURES
        return np.asarray(np.stack(slates)[value.argmax(axis=0), np.arange(len(shoppers))])

    return policy


def _by_item(world: World, weights: Sequence[float], choose: Callable[[Gains, NDArray[np.float32]], Items]) -> Policy:
    """A policy that chooses by the items' scores (n, m), which are their values at an examined rank, and the exposure (n, g)."""

    def policy(shoppers: Shoppers) -> Items:
        gains = item_gains(world, shoppers)
        return choose(np.float32(weights[0]) * gains[0] + np.float32(weights[1]) * gains[1], shoppers.state["exposure"])

    return policy


def _varied(scores: Gains, category: NDArray[np.int64], size: int) -> Items:
    """(n, k) the best items of different categories; when the categories run out, the best of the other items."""
    left, rows = scores.copy(), np.arange(len(scores))
    back = np.float32(scores.max() - scores.min() + 1)
    slate = np.empty((len(scores), size), np.int64)
    for rank in range(size):
        slate[:, rank] = left.argmax(axis=1)
        left -= back * (category == category[slate[:, rank]][:, None])
        left[rows, slate[:, rank]] = -np.inf
    return slate


def _rested(world: World, scores: Gains, exposure: NDArray[np.float32]) -> Gains:
    """Scores that decrease with the recent impressions of the item's category."""
    return np.asarray(scores * np.exp(-np.float32(FADING) * exposure)[:, world.catalog.category])


def _random_of_best(scores: Gains, size: int, random: np.random.Generator) -> Items:
    """(n, k) drawn from the best 2k items, in order of their scores."""
    best = top_k(scores, min(2 * size, scores.shape[1]))
    drawn = np.sort(np.argsort(random.random(best.shape), axis=1)[:, :size], axis=1)
    return np.take_along_axis(best, drawn, axis=1)
