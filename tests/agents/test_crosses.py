"""The wrapper that adds products of context columns."""

import numpy as np
import pytest
from tests.agents.tiny import step

from slategym.agents.base import Agent
from slategym.agents.crosses import Crosses
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.click_models import PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.streams import Stream
from slategym.sim.user_models.base import UserModel
from slategym.sim.worlds import make_world


class Same(UserModel):
    """Item 0 is clicked where both columns of the context have one sign, item 1 where they have two."""

    click_model = PositionBased((1.0,))

    def sample(self, draws, catalog):
        sides = np.stack([draws.uniform(Stream.CUSTOM + part) < 0.5 for part in (0, 2)], axis=1)
        return {"sides": 2.0 * sides - 1}, {}

    def context(self, shoppers):
        return shoppers.sides

    def attraction(self, shoppers, catalog, slate):
        slate = np.arange(catalog.size)[None] if slate is None else slate
        return np.where(slate == (shoppers.sides.prod(axis=1) < 0)[:, None], 0.8, 0.1)


def earned(name):
    world = make_world("ShopBandit-v0", items=2, categories=1, slate_size=1, user_model=Same())
    simulation = Simulation(world, 0, 200)
    agent = make_agent(name, simulation, 0, FixedSum((1.0, 0.0)))
    return np.mean([step(agent, simulation)[2].clicks.mean() for _ in range(30)][-10:])


@pytest.mark.parametrize("name", ["lin-ts", "logistic-ts"])
def test_a_linear_agent_learns_a_product_only_with_it(name):
    assert earned(f"crosses:{name}") > 0.75
    assert earned(name) < 0.66  # three of the four corners at most: 0.625


def test_products_stand_behind_the_context():
    world = make_world("Shop-v0", items=20, categories=4, slate_size=3)
    simulation = Simulation(world, 0, 5)
    agent, observation = make_agent("crosses:popularity", simulation), simulation.observe()
    assert isinstance(agent, Crosses)
    place, found = world.layout["context"], agent.crossed(observation)
    context = observation[:, place]
    count = context.shape[1]
    assert found.shape[1] == agent.agent.problem.layout.size == observation.shape[1] + count * (count + 1) // 2
    np.testing.assert_array_equal(found[:, : place.stop], observation[:, : place.stop])
    np.testing.assert_array_equal(found[:, place.stop + count * (count + 1) // 2 :], observation[:, place.stop :])
    np.testing.assert_allclose(found[:, place.stop + 1], context[:, 0] * context[:, 1], rtol=1e-6)
    largest = np.full_like(observation, np.finfo(np.float32).max)
    assert np.isfinite(agent.crossed(largest)).all()


def test_it_is_saved_and_explained():
    world = make_world("Shop-v0", items=20, categories=4, slate_size=3)
    simulation = Simulation(world, 0, 30)
    agent = make_agent("crosses:lin-ts", simulation)
    for _ in range(4):
        observation, decision, _ = step(agent, simulation)
    explanation = agent.explain(observation, decision.slate)
    scores = np.take_along_axis(agent.scores(observation), decision.slate, axis=1)
    np.testing.assert_allclose(explanation.contributions.sum(axis=-1), scores, atol=1e-3)
    assert isinstance(agent, Agent)


def test_names_and_options_are_those_of_the_agent():
    simulation = Simulation(make_world("Shop-v0", items=20, categories=4, slate_size=3), 0, 5)
    assert make_agent("crosses:lin-ts:alpha=0.2", simulation).agent.alpha == 0.2
    with pytest.raises(ValueError, match="agent 'crosses:lin-ts' has no option 'depth'"):
        make_agent("crosses:lin-ts:depth=2", simulation)
    with pytest.raises(ValueError, match="there is no agent 'lints'"):
        make_agent("crosses:lints", simulation)
