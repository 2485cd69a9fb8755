"""RecSim's environments: one-step probabilities by hand, what a step changes, and the returns that were published."""

import numpy as np
import pytest
from tests.sim.worlds.play import play, random_slates

from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

EVOLUTION, EXPLORATION, SATISFACTION = (
    "RecSimInterestEvolution-v0",
    "RecSimInterestExploration-v0",
    "RecSimLongTermSatisfaction-v0",
)


def of_topic(world, topic, place=0):
    return int(np.flatnonzero(world.catalog.category == topic)[place])


@pytest.mark.parametrize(("variant", "nothing"), [("code", 2.0), ("paper", 1.0)])
def test_a_choice_by_hand(variant, nothing):
    world = make_world(EVOLUTION, items=500, candidates=500, variant=variant)
    shoppers = Simulation(world, 0, 1).shoppers
    shoppers.state["interests"][0, :2] = 0.5, -0.2
    click, _ = world.probabilities(shoppers, [[of_topic(world, 0), of_topic(world, 1)]])
    np.testing.assert_allclose(click, [[1.5 / (1.5 + 0.8 + nothing), 0.8 / (1.5 + 0.8 + nothing)]], rtol=1e-6)
    watched = world.expected(shoppers, [[of_topic(world, 0), of_topic(world, 1)]])
    np.testing.assert_allclose(watched, [[4 * click.sum()]], rtol=1e-6)


def test_budget_and_interest_after_a_choice_by_hand():
    world = make_world(EVOLUTION, items=500, candidates=500)
    simulation = Simulation(world, 0, 2000)
    shoppers, model = simulation.shoppers, world.user_model
    shoppers.state["interests"][:, 0] = 0.4
    item, other = of_topic(world, 0), of_topic(world, 1)
    slate = np.tile([item, other], (2000, 1))
    clicks = np.zeros((2000, 2), bool)
    clicks[:1500, 0] = True
    budget = np.where(clicks[:, 0], 3.0, 200.0).astype(np.float32)
    shoppers.state["budget"][:] = budget
    model.evolve(shoppers, world.catalog, slate, Feedback.of(clicks), simulation.draws)
    quality = world.catalog.quality[item]
    np.testing.assert_allclose(shoppers.budget[:1500], 3 + 3 * (0.9 / 3.4 * quality - 1), rtol=1e-5)
    np.testing.assert_allclose(shoppers.budget[1500:], 199.5)
    step = 0.3 * (1 - 0.4) * (1 - 0.4)
    rises = np.isclose(shoppers.interests[:1500, 0], 0.4 + step)
    assert (rises | np.isclose(shoppers.interests[:1500, 0], 0.4 - step)).all()
    assert abs(rises.mean() - 0.7) < 4.5 * np.sqrt(0.7 * 0.3 / 1500)
    np.testing.assert_array_equal(shoppers.interests[1500:, 0], np.float32(0.4))
    assert (model.leaving(shoppers, Feedback.of(clicks)) == (shoppers.budget <= 0)).all()


def test_qualities_lie_about_the_means_of_the_topics():
    catalog = make_world(EVOLUTION, items=20_000).catalog
    means = np.concatenate([np.linspace(-3, 0, 14), np.linspace(0, 3, 6)])
    for topic, mean in enumerate(means):
        quality = catalog.quality[catalog.category == topic]
        assert abs(quality.mean() - mean) < 4.5 * 0.1 / np.sqrt(len(quality))
        assert abs(quality.std() - 0.1) < 4.5 * 0.1 / np.sqrt(2 * len(quality))
    assert np.ptp(np.bincount(catalog.category)) < 8 * np.sqrt(1000)


def test_the_return_of_random_slates_is_that_of_the_paper():
    """159.2 minutes with slates of 3 of 10 candidates (SlateQ, of 5,000 shoppers); which videos there are moves it by 1 %."""
    world = make_world(EVOLUTION, slate_size=3, items=100_000)
    returns, _, steps = play(world, 2000, random_slates)
    assert returns.mean() == pytest.approx(159.2, rel=0.015)
    assert returns.std() / np.sqrt(2000) < 0.5
    assert steps.max() < world.visits


def test_who_is_rid_of_the_budget_leaves():
    world = make_world(EVOLUTION)
    simulation = Simulation(world, 0, 300)
    for _ in range(60):
        feedback = simulation.show(random_slates(world, simulation))
        np.testing.assert_array_equal(feedback.terminated, simulation.shoppers.budget <= 0)
        assert (feedback.behaviours["watch-time"].sum(axis=1) == feedback.objectives[:, 0]).all()
        assert ((feedback.behaviours["watch-time"] > 0) == feedback.clicks).all()
        simulation.restart(feedback.terminated)


def test_a_click_of_a_hidden_kind_by_hand():
    world = make_world(EXPLORATION, items=500, candidates=500)
    shoppers = Simulation(world, 0, 1).shoppers
    shoppers.traits["affinity"][0] = 1.1, 2.0
    items = [of_topic(world, 0), of_topic(world, 1)]
    weights = np.exp(np.array([1.1, 2.0]) + world.catalog.quality[items])
    click, _ = world.probabilities(shoppers, [items])
    np.testing.assert_allclose(click, [weights / (weights.sum() + np.exp(5))], rtol=1e-5)


def test_kinds_and_topics_are_as_frequent_as_said():
    world = make_world(EXPLORATION, items=20_000)
    shoppers = Simulation(world, 1, 20_000).shoppers
    first = (np.log(shoppers.affinity) @ [-1, 1]) > 0  # who likes topic 1 more
    assert abs(first.mean() - 0.3) < 4.5 * np.sqrt(0.3 * 0.7 / 20_000)
    np.testing.assert_allclose(np.log(shoppers.affinity[first]).mean(axis=0), [0.1, 0.7], atol=0.01)
    np.testing.assert_allclose(np.log(shoppers.affinity[~first]).mean(axis=0), [0.7, 0.1], atol=0.01)
    topic = world.catalog.category
    assert abs((topic == 0).mean() - 0.2) < 4.5 * np.sqrt(0.2 * 0.8 / 20_000)
    np.testing.assert_allclose([np.log(world.catalog.quality[topic == t]).mean() for t in (0, 1)], [0.8, 0.2], atol=0.01)


def test_exploration_never_ends_before_its_horizon():
    returns, _, steps = play(make_world(EXPLORATION, visits=7), 50, random_slates)
    assert (steps == 7).all()
    assert returns.max() <= 7


def test_engagement_and_exposure_by_hand():
    world = make_world(SATISFACTION, items=500, candidates=500, sensitivity=0.5)
    simulation = Simulation(world, 0, 20_000)
    shoppers = simulation.shoppers
    shoppers.state["net_positive_exposure"][:] = 1.0
    item = int(np.argmax(world.catalog.appeal))
    clickbait = float(world.catalog.appeal[item])
    mean = (5 * clickbait + 4 * (1 - clickbait)) / (1 + np.exp(-0.5))
    np.testing.assert_allclose(world.expected(shoppers, np.full((20_000, 1), item)), np.exp(mean + 0.5), rtol=1e-5)
    feedback = simulation.show(np.full((20_000, 1), item))
    assert feedback.clicks.all()
    logarithm = np.log(feedback.objectives[:, 0].astype(np.float64))
    assert abs(logarithm.mean() - mean) < 4.5 / np.sqrt(20_000)
    assert abs(logarithm.std() - 1) < 4.5 / np.sqrt(40_000)
    exposure = simulation.shoppers.net_positive_exposure
    assert abs(exposure.mean() - (0.7 - 2 * (clickbait - 0.5))) < 4.5 * 0.05 / np.sqrt(20_000)
    assert abs(exposure.std() - 0.05) < 4.5 * 0.05 / np.sqrt(40_000)
    np.testing.assert_allclose(simulation.observe()[:, 0], np.log1p(feedback.objectives[:, 0]), rtol=1e-6)


def test_the_engagement_of_random_items_is_that_of_the_paper():
    world = make_world(SATISFACTION)
    returns, _, steps = play(world, 4000, random_slates)
    assert (steps == 60).all()
    assert returns.mean() == pytest.approx(951, rel=0.015)


def test_there_is_a_trade_off_only_at_a_higher_sensitivity():
    def earned(sensitivity, sign):
        world = make_world(SATISFACTION, sensitivity=sensitivity)

        def always(world, simulation):
            return np.argmax(sign * world.catalog.appeal[world.candidates_of(simulation.shoppers)], axis=1)[:, None]

        return play(world, 1000, always)[0].mean()

    assert earned(0.01, 1) > 1.3 * earned(0.01, -1)
    assert earned(0.1, -1) > 1.1 * earned(0.1, 1)
