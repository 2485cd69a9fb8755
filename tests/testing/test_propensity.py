"""Propensities are the frequencies of what is chosen."""

import numpy as np
import pytest
from scipy.stats import chi2
from tests.agents.tiny import learned, two_kinds

from slategym.agents.choosing.exploration import explore
from slategym.agents.registry import make_agent
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SHOPPERS = 40_000


def after(name, slates):
    """The agent after some slates: with what it then knows, its choices are far from uniform."""
    return learned(name, two_kinds(), (1.0, 10.0), slates, rows=10)[0]


@pytest.mark.parametrize(
    ("name", "slates"),
    [("random", 0), ("popularity", 0), ("popularity", 70), ("epsilon-greedy", 500), ("policy-gradient", 3000)],
)
def test_each_slate_is_as_frequent_as_its_propensities_say(name, slates):
    agent = after(name, slates)
    observation = np.tile(Simulation(two_kinds(), 5, 1).observe(), (SHOPPERS, 1))
    decision = agent.act(observation)
    joint = decision.propensity.astype(float).prod(axis=1)
    kinds, index, count = np.unique(decision.slate, axis=0, return_inverse=True, return_counts=True)
    expected = np.array([joint[index.ravel() == kind].mean() for kind in range(len(kinds))])
    spread = np.array([np.ptp(joint[index.ravel() == kind]) for kind in range(len(kinds))])
    # The same slate, for the same shopper, always has the same propensity.
    assert (spread < 1e-5).all()
    # What was never drawn is improbable as a whole, and the rest is drawn as often as it should be (chi-square, p = 1e-4).
    assert 1 - expected.sum() < 20 / SHOPPERS + 1e-4
    often = expected * SHOPPERS > 5
    statistic = ((count - SHOPPERS * expected) ** 2 / (SHOPPERS * expected))[often].sum()
    assert statistic < chi2.ppf(1 - 1e-4, max(often.sum(), 1))
    if name == "policy-gradient":
        assert expected.max() > 3 * expected.min()


def test_random_slates_are_uniform():
    agent = make_agent("random", Simulation(make_world("Shop-v0", items=5, categories=1, slate_size=3), 0, 1))
    width = agent.problem.layout.size
    slates = agent.act(np.zeros((SHOPPERS, width), np.float32)).slate
    _, count = np.unique(slates, axis=0, return_counts=True)
    assert len(count) == 5 * 4 * 3
    assert ((count - SHOPPERS / 60) ** 2 / (SHOPPERS / 60)).sum() < chi2.ppf(1 - 1e-4, 59)


def test_popularity_shows_every_item_before_it_settles():
    agent, _ = learned("popularity", two_kinds(), (1.0, 10.0), 400, rows=10, min_impressions=20)
    shown = agent.shown.sum(axis=0)
    assert (shown >= 20).all()
    decision = agent.act(np.zeros((3, agent.problem.layout.size), np.float32))
    assert (decision.slate == decision.slate[0]).all()
    assert (decision.propensity == 1).all()


def test_no_propensity_exceeds_one():
    """Whatever epsilon is, and though the ways to the same item add up: where one item is left its choice is certain."""
    random = np.random.Generator(np.random.Philox(0))
    for epsilon in (*np.linspace(0, 1, 101), 1e-9, 1 - 1e-9, 1 / 3):
        _, propensity = explore(random, np.tile(np.arange(4), (50, 1)), epsilon, 4)
        assert ((propensity > 0) & (propensity <= 1)).all()
        assert (propensity[:, 3] == 1).all()


def test_epsilon_greedy_explores_as_often_as_it_says():
    agent = after("epsilon-greedy", 500)
    slate = agent.act(np.zeros((SHOPPERS, agent.problem.layout.size), np.float32)).slate
    best = agent.best(np.zeros((1, agent.problem.layout.size), np.float32))[0]
    explored = (slate[:, 0] != best[0]).mean()
    assert abs(explored - 0.1 * 7 / 8) < 4 * np.sqrt(0.1 / SHOPPERS)
