"""What agents estimate of clicks and conversions, against the exact probabilities."""

import numpy as np
import pytest

from slategym.agents.registry import make_agent
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world


def trained(name, world, steps=60, rows=500):
    simulation = Simulation(world, 3, rows)
    agent = make_agent(name, simulation, 3)
    for _ in range(steps):
        observation = simulation.observe()
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    return agent, simulation


@pytest.mark.quick("logistic-ts", "popularity", "lin-ts")
@pytest.mark.parametrize("name", ["logistic-ts", "logistic-ucb", "popularity", "lookahead:logistic-ts", "lin-ts"])
def test_estimates_follow_the_exact_probabilities(name):
    world = make_world("ShopBandit-v0", items=40)
    agent, simulation = trained(name, world)
    found = agent.estimates(simulation.observe())
    shoppers = simulation.shoppers
    for estimate, exact in (
        (found.click, world.user_model.attraction(shoppers, world.catalog, None)),
        (found.conversion, world.user_model.conversion(shoppers, world.catalog, None)),
    ):
        assert estimate.shape == exact.shape
        assert estimate.min() >= 0
        assert estimate.max() <= 1
        assert np.corrcoef(estimate.ravel(), exact.ravel())[0, 1] > 0.3


@pytest.mark.parametrize("name", ["logistic-ts", "popularity", "lin-ts"])
def test_estimates_of_candidates_are_those_of_their_items(name):
    world = make_world("Shop-v0", items=30, slate_size=3, candidates=8)
    agent, simulation = trained(name, world, steps=5, rows=20)
    observation = simulation.observe()
    found = agent.estimates(observation)
    columns = agent.problem.layout["candidates"]
    turned = observation.copy()
    turned[:, columns] = observation[:, columns][:, ::-1]
    other = agent.estimates(turned)
    np.testing.assert_allclose(other.click[:, ::-1], found.click, rtol=1e-5)
    np.testing.assert_allclose(other.conversion[:, ::-1], found.conversion, rtol=1e-5)
    assert found.click.std() > 0


def test_an_agent_without_estimates_says_which_have_them():
    simulation = Simulation(make_world("Shop-v0", items=30), 0, 4)
    agent = make_agent("random", simulation)
    with pytest.raises(NotImplementedError, match=r"random does not estimate .*: expected an agent such as popularity"):
        agent.estimates(simulation.observe())
    alone = Simulation(make_world("Shop-v0", items=30, objectives=("click",)), 0, 4)
    agent = make_agent("popularity", alone)
    with pytest.raises(NotImplementedError, match="expected conversions among the objectives"):
        agent.estimates(alone.observe())
