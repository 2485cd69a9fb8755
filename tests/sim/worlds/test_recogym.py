"""RecoGym: its products, its chain of organic events and recommendations, and its published click rate."""

import numpy as np
import pytest

from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.recogym.world import draw_products, flipped

NAME = "RecoGym-v1"


def test_the_products_are_those_of_the_original():
    """Drawn in its order by NumPy's legacy generator, which keeps its numbers for good."""
    random = np.random.RandomState(42)
    organic, popularity = random.normal(size=(10, 5)), random.normal(0, 3, size=(10, 1))
    catalog = make_world(NAME).catalog
    np.testing.assert_allclose(catalog.taste, organic, rtol=1e-6)
    np.testing.assert_allclose(catalog.appeal, popularity[:, 0], rtol=1e-6)
    assert organic[0, 0] == pytest.approx(0.4967141530112327)


def test_flips_exchange_the_most_similar_pairs():
    organic, _ = draw_products(42, 10, 5, 3.0)
    order = flipped(organic, 2)
    moved = np.flatnonzero(order != np.arange(10))
    assert len(moved) == 4
    np.testing.assert_array_equal(order[order], np.arange(10))
    similarity = organic @ organic.T - np.diag(np.inf * np.ones(10))
    one, other = np.unravel_index(similarity.argmax(), similarity.shape)
    assert order[one] == other
    np.testing.assert_allclose(make_world(NAME, flips=2).catalog.taste, organic[order], rtol=1e-6)
    with pytest.raises(ValueError, match="flips is 6: expected at most 5"):
        make_world(NAME, flips=6)


def test_a_click_rate_by_hand():
    world = make_world(NAME)
    shoppers = Simulation(world, 0, 1).shoppers
    shoppers.state["interests"][0] = 1, 0, -1, 0.5, 2
    organic, popularity = draw_products(42, 10, 5, 3.0)

    def logistic(x):
        return 1 / (1 + np.exp(-x))

    z = organic[3] @ [1, 0, -1, 0.5, 2] + popularity[3]
    expected = logistic(5 * logistic(2 * logistic(0.3 * z) - 2) - 6)
    np.testing.assert_allclose(world.probabilities(shoppers, [[3]])[0], [[expected]], rtol=1e-5)
    every = world.user_model.attraction(Simulation(world, 0, 5000).shoppers, world.catalog, None)
    assert 0.0045 < every.min() < every.max() < 0.0294


@pytest.mark.slow
def test_a_shopper_sees_about_eighty_recommendations():
    world = make_world(NAME)
    simulation = Simulation(world, 0, 4000)
    steps, here = np.zeros(4000), np.ones(4000, bool)
    while here.any():
        feedback = simulation.show(np.zeros((4000, 1), int))
        steps += here
        here &= ~(feedback.terminated | feedback.truncated)
    # They leave after a slate with probability .01 + .05 x .01 / .26, but for the few clicks.
    leaving = 0.01 + 0.05 * 0.01 / 0.26
    assert abs(steps.mean() - 1 / leaving) < 4.5 / leaving / np.sqrt(4000) + 0.02 / leaving


def test_organic_events_as_often_as_the_chain_says():
    world, rows = make_world(NAME), 20_000
    simulation = Simulation(world, 1, rows)
    first = simulation.shoppers.views.sum(axis=1)
    assert abs(first.mean() - 1 / 0.26) < 4.5 * np.sqrt(0.74) / 0.26 / np.sqrt(rows)
    assert (first >= 1).all()
    feedback = simulation.show(np.zeros((rows, 1), int))
    seen = simulation.shoppers.views.sum(axis=1) - first
    stayed, clicked = ~feedback.terminated, feedback.clicks[:, 0]
    assert (seen[clicked & stayed] >= 1).all(), "views follow every click"
    back = 0.05 * 0.25 / 0.26
    share = (seen[stayed & ~clicked] > 0).mean()
    assert abs(share - back / (back + 0.94)) < 4.5 * np.sqrt(share / rows)
    np.testing.assert_array_equal(simulation.observe()[:, :10], simulation.shoppers.views)


def test_views_are_as_frequent_as_the_softmax_says():
    world, rows = make_world(NAME, drift=0.0), 30_000
    simulation = Simulation(world, 2, rows)
    model, shoppers = world.user_model, simulation.shoppers
    score = shoppers.interests.astype(np.float64) @ model.organic.T + model.popularity
    share = np.exp(score - score.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    views = shoppers.views
    expected = share * views.sum(axis=1, keepdims=True)
    variance = (share * (1 - share) * views.sum(axis=1, keepdims=True)).sum(axis=0)
    assert (abs((views - expected).sum(axis=0)) < 4.5 * np.sqrt(variance)).all()


def test_the_random_agent_clicks_as_often_as_published():
    """1.077 % [1.007, 1.151] with 100 products, of about 80,000 recommendations; 99 % of both errors together."""
    world, rows = make_world(NAME, items=100), 4000
    simulation, random = Simulation(world, 3, rows), np.random.default_rng(0)
    clicks = np.zeros(rows)
    for _ in range(80):
        feedback = simulation.show(random.integers(100, size=(rows, 1)))
        clicks += feedback.clicks[:, 0]
        simulation.restart(feedback.terminated)
    rate, error = clicks.mean() / 80, clicks.std() / 80 / np.sqrt(rows)
    published = (0.01151 - 0.01007) / 2 / 1.96
    assert abs(rate - 0.01077) < 2.576 * np.hypot(error, published)


def test_the_fault_of_the_original_is_a_variant():
    answer = Feedback.of(np.zeros((1, 1)))
    for variant, expected in (("code", 0.02), ("paper", 0.2)):
        model = make_world(NAME, organic_to_leave=0.02, bandit_to_leave=0.2, bandit_to_organic=0.0, variant=variant).user_model
        assert model.leaving(None, answer) == pytest.approx([expected])
    with pytest.raises(ValueError, match=r"add up to 1.2: expected at most 1"):
        make_world(NAME, organic_to_bandit=0.9, organic_to_leave=0.3)
