"""The ceiling for agents that see the observation alone, on worlds where it is known."""

import numpy as np
import pytest
from tests.bench.audits.audited import CLICK, CONVERT, kinds_world

from slategym.bench.ceilings.ceiling import ITEMS, ContextCeiling
from slategym.bench.rollouts import (
    average_gains,
    best_for,
    item_gains,
    oracle_policy,
    popular_policy,
    random_policy,
    rollout,
    sample_visited,
)
from slategym.bench.statistics import Estimate
from slategym.sim.simulation import Simulation

WEIGHTS = (1.0, 10.0)
SHOPPERS = 2000


def value(world, policy, shoppers=2000, seed=7):
    episodes = rollout(world, policy, seed, shoppers)
    return episodes.total(WEIGHTS).sum() / episodes.visits.sum()


def ceiling(world, **arguments):
    return ContextCeiling(world, WEIGHTS, **{"seed": 3, "shoppers": SHOPPERS, **arguments})


def test_a_context_that_is_the_latent_taste_reaches_the_oracle():
    world = kinds_world(CLICK, CONVERT, visits=1)
    found = ceiling(world)
    assert value(world, found.policy(WEIGHTS)) == pytest.approx(value(world, oracle_policy(world, WEIGHTS)), rel=1e-9)
    for weights in ((1.0, 0.0), (0.0, 1.0)):  # which need no other fit
        episodes, best = (rollout(world, policy, 7, 500) for policy in (found.policy(weights), oracle_policy(world, weights)))
        assert episodes.total(weights).sum() == pytest.approx(best.total(weights).sum(), rel=1e-9)
    report = found.report(WEIGHTS, 11, 500)
    assert min(report["explained"].values()) > 0.99
    assert report["useful"] == {"click": True, "conversion": True}


def test_a_context_that_tells_nothing_reaches_the_best_fixed_slate():
    world = kinds_world(CLICK, CONVERT, visits=1, seen=0)
    average = average_gains(world, list(sample_visited(world, random_policy(world, 0), 0, 20_000)))
    # Fixed to the true means of the two kinds, of equal share.
    true = np.mean([CLICK, np.multiply(CLICK, CONVERT)], axis=1)
    assert average[:, 0] == pytest.approx(true, abs=4.5 * 0.25 / np.sqrt(20_000))
    found, popular = ceiling(world).policy(WEIGHTS), popular_policy(world, average, WEIGHTS)
    assert value(world, found) == value(world, popular) < 0.9 * value(world, oracle_policy(world, WEIGHTS))


def test_a_blurred_context_reaches_what_bayes_rule_allows():
    seen = 0.7
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=1, seen=seen)
    each = np.array([CLICK, np.multiply(CLICK, CONVERT)])  # (2, kinds, m)
    posterior = np.array([[seen, 1 - seen], [1 - seen, seen]])
    bayes = best_for(world, np.einsum("ab,gbm->gam", posterior, each).astype(np.float32), WEIGHTS)
    best = value(world, lambda shoppers: bayes[shoppers.shown])
    found = ceiling(world)
    assert value(world, found.policy(WEIGHTS)) == pytest.approx(best, rel=1e-9)
    assert best < value(world, oracle_policy(world, WEIGHTS))
    # The kinds are of equal share, so the variance that the context explains is (2 seen - 1) squared.
    explained = found.report(WEIGHTS, 5, 4000)["explained"]
    assert explained["click"] == pytest.approx((2 * seen - 1) ** 2, abs=0.05)


def test_what_was_shown_before_is_part_of_the_observation():
    world = kinds_world(((0.5, 0.45, 0.4),), ((0.1, 0.1, 0.1),), visits=8, wear=0.5, seen=0)
    oracle, found = value(world, oracle_policy(world, WEIGHTS)), value(world, ceiling(world).policy(WEIGHTS))
    popular = popular_policy(world, average_gains(world, list(sample_visited(world, random_policy(world, 0), 0, 2000))), WEIGHTS)
    # Everybody is alike, and what wears out is in the exposure: the observation tells all.
    assert found > 0.99 * oracle > 1.2 * value(world, popular)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_fit_and_another_one_another():
    world = kinds_world(CLICK, CONVERT, visits=3, seen=0.8, wear=0.1)
    observation = Simulation(world, 0, 50).observe()
    first, again, other = (ceiling(world, seed=seed, shoppers=300).model.gains(observation) for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()


def test_an_attraction_may_be_a_weight_above_one():
    world = kinds_world(((9.0, 1.0), (1.0, 5.0)), ((0.1, 0.1),), visits=1)
    shoppers = Simulation(world, 0, 200).shoppers
    found = ceiling(world).model.gains(world.observe(shoppers))
    assert found == pytest.approx(item_gains(world, shoppers), rel=0.1)


def test_what_more_would_earn_is_no_share_of_a_loss():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=3)
    found = ceiling(world, shoppers=300)
    gains, losses = (found.report(weights, 0, 200) for weights in (WEIGHTS, (-1.0, 1.0)))
    assert gains["more"].mean is not None
    assert losses["more"] == Estimate(None)
    assert losses["more_per_slate"].low <= losses["more_per_slate"].mean <= losses["more_per_slate"].high


def test_too_many_items_are_refused():
    world = kinds_world((np.full(ITEMS + 1, 0.1),), ((0.1,),), categories=1)
    with pytest.raises(ValueError, match="20,001 items"):
        ceiling(world)
