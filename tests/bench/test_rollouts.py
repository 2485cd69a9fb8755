"""Episodes under fixed policies: those of a simulation, and as often as a policy meets them."""

import numpy as np
import pytest
from tests.bench.audits.audited import CLICK, CONVERT, kinds_world
from tests.bench.audits.test_audit_parts import WEIGHTS, average

from slategym.bench.rollouts import (
    LONGEST,
    branch,
    derived,
    fixed_policy,
    item_gains,
    oracle_policy,
    popular_policy,
    random_policy,
    rollout,
    sample_visited,
)
from slategym.sim.simulation import Simulation


def test_episodes_are_those_of_a_simulation():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=5, wear=0.2, leave=(0.2, 0.4))
    episodes = rollout(world, oracle_policy(world, WEIGHTS), 3, 200)
    simulation, here, expected = Simulation(world, 3, 200), np.ones(200, bool), np.zeros((200, 2))
    left = np.zeros(200, bool)
    for visit in range(5):
        assert (episodes.here[:, visit] == here).all()
        slate = world.best_slate(simulation.shoppers, WEIGHTS)
        expected += here[:, None] * world.expected(simulation.shoppers, slate)
        feedback = simulation.show(slate)
        left |= here & feedback.terminated
        here &= ~(feedback.terminated | feedback.truncated)
    assert episodes.total(WEIGHTS) == pytest.approx(expected @ WEIGHTS)
    assert (episodes.left == left).all()
    assert episodes.revenue.sum() == pytest.approx(10 * expected[:, 1].sum())  # every item costs 10
    assert 0 < left.mean() < 1


def test_long_episodes_are_cut_and_single_visits_are_not_left():
    assert rollout(kinds_world(CLICK, CONVERT, visits=LONGEST + 50), fixed_policy(np.array([0])), 0, 3).here.shape == (3, LONGEST)
    assert not rollout(kinds_world(CLICK, CONVERT, visits=1), fixed_policy(np.array([0])), 0, 3).left.any()


def test_shoppers_are_sampled_as_often_as_they_visit():
    world = kinds_world(CLICK, CONVERT, visits=10, leave=(0.3,))
    batches = list(sample_visited(world, random_policy(world, 0), 1, 20_000))
    visit = np.concatenate([batch.visit for batch in batches])
    expected = 0.7 ** np.arange(10)
    counts = np.bincount(visit, minlength=10) / len(visit)
    assert counts == pytest.approx(expected / expected.sum(), abs=4.5 * 0.5 / np.sqrt(len(visit) / 3) + 0.01)


def test_branches_evolve_independently():
    world = kinds_world(CLICK, CONVERT, slate_size=2, visits=5, leave=(0.5,))
    trunk = Simulation(world, 0, 100)
    slate = np.tile([0, 1], (100, 1))
    same, other = branch(trunk), branch(trunk, seed=derived(0, "other"))
    before = trunk.shoppers.exposure.copy()
    kept, changed = same.show(slate), other.show(slate)
    assert (trunk.shoppers.exposure == before).all()
    assert (kept.clicks == trunk.show(slate).clicks).all()
    assert (kept.clicks != changed.clicks).any()
    assert branch(trunk, np.array([3, 5])).shoppers.identity.tolist() == [3, 5]


def test_gains_are_the_exact_probabilities():
    world = kinds_world(CLICK, CONVERT)
    shoppers = Simulation(world, 0, 50).shoppers
    gains = item_gains(world, shoppers)
    assert gains[0] == pytest.approx(np.array(CLICK)[shoppers.kind])
    assert gains[1] == pytest.approx((np.array(CLICK) * CONVERT)[shoppers.kind])
    assert (popular_policy(world, average(world), (1.0, 0.0))(shoppers) < 4).all()
