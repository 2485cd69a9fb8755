"""SquareCB: its probabilities by hand, its propensities by frequency, and what it learns."""

import numpy as np
import pytest
from tests.agents.tiny import BEST_OF_KIND, learned, step, two_kinds

from slategym.agents.registry import agent_options, make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.agents.square_cb import probabilities
from slategym.sim.rules import SlateRules
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.testing.agents.check import check_agent


def test_probabilities_by_hand():
    """Gaps 0, .5 and 1 at gamma 4: 1 / (3 + 2), 1 / (3 + 4), and the rest for the best; without the last item 1 / (2 + 2)."""
    scores = np.array([[0.5, 1.0, 0.0]] * 2)
    found = probabilities(scores, np.array([[True, True, True], [True, True, False]]), 4.0)
    np.testing.assert_allclose(found, [[1 / 5, 1 - 1 / 5 - 1 / 7, 1 / 7], [1 / 4, 3 / 4, 0]])
    assert probabilities(scores[:1], np.array([[False, False, True]]), 4.0).tolist() == [[0, 0, 1]]


@pytest.mark.parametrize("name", ["square-cb:lin-ts", "square-cb:logistic-ts"])
def test_each_kind_of_shopper_gets_its_best_slate(name):
    """Which square-cb:popularity, with one slate for all, cannot."""
    agent, simulation = learned(name, two_kinds(), (1.0, 0.0), 6000)
    np.testing.assert_array_equal(agent.best(simulation.observe()), BEST_OF_KIND[simulation.shoppers.kind])
    without, _ = learned("square-cb:popularity", two_kinds(), (1.0, 0.0), 6000)
    assert agent.value[0] > without.value[0] + 0.05


def test_it_explores_less_and_less():
    simulation = Simulation(two_kinds(), 0, 100)
    agent = make_agent("square-cb:lin-ts", simulation, 0, FixedSum((1.0, 0.0)))
    sure = []
    for _ in range(60):
        _, decision, _ = step(agent, simulation)
        sure.append(decision.propensity[:, 0].mean())
    assert sure[0] == pytest.approx(1 / 8)
    assert np.mean(sure[1:6]) < np.mean(sure[-5:])
    assert np.mean(sure[-5:]) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"candidates": 10}, {"rules": SlateRules(never=(3,), at_most=2)}], ids=["candidates", "rules"])
def test_propensities_are_exact_where_little_may_be_shown(more):
    assert check_agent("square-cb:lin-ts", make_world("Shop-v0", items=40, categories=4, slate_size=3, **more)) == []


@pytest.mark.slow
def test_it_earns_more_than_random_items_with_the_same_model():
    """In ShopBandit-v0, paired by seed."""
    world = make_world("ShopBandit-v0")
    gains = []
    for seed in range(3):
        value = []
        for name in ("square-cb:lin-ts", "lin-epsilon-greedy"):
            simulation = Simulation(world, seed, 1000)
            agent = make_agent(name, simulation, seed)
            for _ in range(40):
                step(agent, simulation)
            value.append(agent.value @ [1.0, 10.0])
        gains.append(value[0] - value[1])
    assert min(gains) > 0, gains


def test_options_are_those_of_both():
    options = agent_options("square-cb:lin-ts")
    assert {"rate", "power", "alpha", "ridge"} <= set(options)
    agent = make_agent("square-cb:lin-ts:rate=3,ridge=2", Simulation(two_kinds(), 0, 2))
    assert (agent.name, agent.rate, agent.agent.model.ridge) == ("square-cb:lin-ts", 3, 2)
