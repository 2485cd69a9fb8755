"""The slates of lin-ts, for which few scores are computed in full, against those of all scores."""

import copy

import numpy as np
import pytest
from tests.agents.tiny import step

from slategym.agents.registry import make_agent
from slategym.sim.selection import top_k
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

WORLDS = (
    "ShopBandit-v0:items=300",
    "Shop-v0:items=400,slate_size=10",
    "Shop-v0:items=500,candidates=60",
    "Shop-v0:items=6,slate_size=6",
)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("alpha", [0.5, 5.0])
def test_the_slates_are_those_of_all_scores(world, alpha):
    simulation = Simulation(make_world(world), 0, 300)
    agent = make_agent("lin-ts", simulation, 0, alpha=alpha)
    differ = 0
    for _ in range(12):
        shopper = agent.shopper(simulation.observe(), choosing=True)
        random = copy.deepcopy(agent.random)
        scores = agent.scores(shopper)
        agent.random = random
        slates, k = agent.chosen(shopper), agent.problem.slate_size
        # In float32, scores nearer to each other than rounding may change places; their values are the same.
        chosen, best = (np.take_along_axis(scores, each, axis=1) for each in (slates, top_k(scores, k)))
        np.testing.assert_allclose(chosen, best, atol=2e-5 * np.abs(scores).max())
        differ += (slates != top_k(scores, k)).any(axis=1).sum()
        step(agent, simulation)
    assert differ < 0.02 * 12 * 300


def test_all_items_as_candidates_are_the_catalogue():
    """The same scores and random numbers, by another kernel."""
    simulation = Simulation(make_world("Shop-v0:items=200"), 0, 100)
    agent = make_agent("lin-ts", simulation, 0)
    for _ in range(10):
        step(agent, simulation)
    shopper = agent.shopper(simulation.observe(), choosing=True)
    among = type(shopper)(shopper.context, shopper.pressure, shopper.kind, np.tile(np.arange(200), (100, 1)))
    weights, slates = agent.item_credit.weights(agent.weights), []
    for each in (shopper, among):
        slates.append(agent.model.drawn_slates(each, weights, agent.scale, 5, np.random.Generator(np.random.Philox(3))))
    assert (slates[0] != slates[1]).any(axis=1).sum() <= 2
