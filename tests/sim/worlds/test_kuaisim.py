"""KuaiSimLike-v0: behaviours, patience, and days of return."""

import numpy as np
import pytest
from tests.sim.worlds.play import random_slates

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.kuaisim.world import BEHAVIOURS, WEIGHT

ROWS = 3000


@pytest.fixture(scope="module")
def world():
    return make_world("KuaiSimLike-v0")


@pytest.mark.slow
def test_behaviours_come_as_often_as_said_and_only_to_those_who_view(world):
    simulation = Simulation(world, 0, 20_000)
    slate = random_slates(world, simulation)
    click, _ = world.probabilities(simulation.shoppers, slate)
    feedback = simulation.show(slate)
    for behaviour, _, _ in BEHAVIOURS:
        amount = feedback.behaviours[behaviour.name]
        assert set(np.unique(amount)) == {0, 1}
        assert (amount <= feedback.clicks).all()
        shoppers = Simulation(world, 0, 20_000).shoppers
        probability = click * world.user_model.behaviour(behaviour.name, shoppers, world.catalog, slate)
        spread = np.sqrt((probability * (1 - probability)).sum())
        assert abs(amount.sum() - probability.sum()) < 4.5 * spread
        number = world.objective_names.index(behaviour.name)
        np.testing.assert_array_equal(feedback.objectives[:, number], amount.sum(axis=1))


@pytest.mark.slow
def test_patience_runs_out_and_days_pass(world):
    simulation, away, sessions = Simulation(world, 0, ROWS), [], 0
    for step in range(40):
        before, days = simulation.shoppers.patience.copy(), simulation.shoppers.day.copy()
        feedback = simulation.show(random_slates(world, simulation))
        weighted = [WEIGHT[name] * amount.mean(axis=1) for name, amount in feedback.behaviours.items()]
        reward = feedback.clicks.mean(axis=1) + sum(weighted)
        left = before + np.clip(reward - 2, -2, 0)
        ended = feedback.days_away > 0
        np.testing.assert_array_equal(ended[abs(left) > 1e-4], left[abs(left) > 1e-4] <= 0)
        np.testing.assert_allclose(simulation.shoppers.patience, np.where(ended, 20, left), rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(simulation.shoppers.day, days + feedback.days_away)
        np.testing.assert_array_equal(simulation.observe()[:, world.layout["day"]][:, 0], simulation.shoppers.day)
        away.append(feedback.days_away[ended])
        sessions += ended.sum()
        assert step > 8 or not ended.any(), "patience of 20 lasts for ten slates at least"
    days = np.concatenate(away)
    assert sessions > ROWS
    assert (days.min(), days.max()) == (1, 10)
    assert (np.diff(np.bincount(days)[1:]) < 0).all(), "a longer absence is rarer"


def test_better_sessions_bring_users_back_sooner(world):
    model, shoppers = world.user_model, Simulation(world, 0, 20_000).shoppers
    shoppers.state["patience"][:] = 0
    draws = Simulation(world, 0, 20_000).draws
    shoppers.state["session_reward"][:] = 0.0
    dull = model.days_away(shoppers, None, draws)
    shoppers.state["session_reward"][:] = 3.0
    assert model.days_away(shoppers, None, draws).mean() < dull.mean() - 0.3
    # Given P of 0.4 for everybody, the mean of a geometric day that is at most 9, and one more.
    shoppers.state["session_reward"][:] = 0.0
    shoppers.traits["habit"][:] = 0.0
    share = 0.4 * 0.6 ** np.arange(10)
    mean = 1 + (share * np.arange(10)).sum() / share.sum()
    assert abs(model.days_away(shoppers, None, draws).mean() - mean) < 4.5 * 2 / np.sqrt(20_000)


@pytest.mark.slow
def test_days_away_is_an_objective():
    world = make_world("KuaiSimLike-v0", objectives="click,days-away")
    simulation = Simulation(world, 0, 500)
    away = 0
    for _ in range(14):
        expected = world.expected(simulation.shoppers, random_slates(world, simulation))
        feedback = simulation.show(random_slates(world, simulation))
        np.testing.assert_array_equal(feedback.objectives[:, 1], feedback.days_away)
        assert (expected[:, 1] >= 0).all()
        away += feedback.days_away.sum()
    assert world.weights == (1.0, -1.0)
    assert away > 500
