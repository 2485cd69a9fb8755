"""Any agent takes any scalarizer."""

import numpy as np
import pytest
from tests.agents.adapters.peers import BUILT_IN, PEERS
from tests.agents.tiny import step

from slategym.agents.base import Agent
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers import Reference, make_scalarizer
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

TEXTS = (
    "fixed:weights=2,5",
    "nash",
    "chebyshev",
    "augmented-chebyshev",
    "lagrangian:click>=2",
    "lagrangian:click<=0.05,maximize=conversion",
    "gini",
    "hypervolume",
    "schedule:0=fixed:weights=1,1;60=nash;120=lagrangian:click>=2",
)
SMALL = {
    "policy-gradient": {"batch_size": 16, "hidden": 8, "width": 4},
    "actor-critic": {"batch_size": 16, "hidden": 8, "width": 4},
    "ppo": {"batch_size": 16, "hidden": 8, "width": 4, "discount": 0.5},
    "conditioned-policy-gradient": {"batch_size": 16, "hidden": 8, "width": 4},
    "slateq:network": {"batch_size": 16, "hidden": 8, "width": 4, "horizon": 3},
    "sb3:PPO": {"n_steps": 3, "n_epochs": 1, "batch_size": 60},
}
ROWS = 20


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", [*BUILT_IN, *PEERS])
def test_every_agent_follows_every_scalarizer(name, text, shop, tmp_path):
    reference = Reference([0.9, 0.1], [0.1, 0.005])
    simulation = Simulation(shop, 1, ROWS)
    agent = make_agent(name, simulation, 0, make_scalarizer(text, shop.objective_names, reference), **SMALL.get(name, {}))
    used = []
    for _ in range(8):
        used.append(agent.weights)
        _, decision, _ = step(agent, simulation)
        # Where a click costs something the oracle repeats an item rather than show one more.
        assert name == "oracle" or all(len(set(slate)) == 3 for slate in decision.slate.tolist())
    assert np.isfinite(used).all()
    moves = np.ptp(used / np.abs(used).sum(axis=1, keepdims=True), axis=0).max()
    assert (moves == 0) if text.startswith("fixed") else (moves > 0)
    agent.save(tmp_path / "agent")
    again = Agent.load(tmp_path / "agent", simulation.world, trust=True)
    np.testing.assert_array_equal(again.weights, agent.weights)
    if name == "oracle":
        again.simulation = simulation
    observation = simulation.observe()
    np.testing.assert_array_equal(again.act(observation).slate, agent.act(observation).slate)


@pytest.mark.parametrize("name", ["lin-ts", "lin-ucb", "popularity", "conditioned-policy-gradient", "oracle"])
def test_asked_for_other_weights_it_answers_by_them_and_stays_as_it_was(name, shop):
    simulation = Simulation(shop, 1, ROWS)
    agent = make_agent(name, simulation, 0, make_scalarizer("fixed:weights=1,10", shop.objective_names), **SMALL.get(name, {}))
    for _ in range(60):
        step(agent, simulation)
    observation, before = simulation.observe(), agent.weights
    clicks, conversions = (agent.with_weights(weights).best(observation) for weights in ((1, 0), (0, 1)))
    assert (clicks != conversions).any()
    np.testing.assert_array_equal(agent.weights, before)
    np.testing.assert_array_equal(agent.with_weights((1, 10)).best(observation), agent.best(observation))
    with pytest.raises(ValueError, match="expected one number for each of click, conversion"):
        agent.with_weights((1, 2, 3))


def test_a_new_goal_begins_where_the_old_one_ended(shop):
    """And what was earned before soon counts little."""
    simulation = Simulation(shop, 1, 100)
    schedule = make_scalarizer("schedule:0=fixed:weights=1,1;500=fixed:weights=0,1", shop.objective_names)
    agent = make_agent("random", simulation, 0, schedule)
    rewards = [step(agent, simulation)[2].objectives.mean(axis=0) for _ in range(5)]
    np.testing.assert_allclose(agent.value, np.mean(rewards, axis=0), rtol=1e-5)
    assert agent.weights.tolist() == [0, 1]
    after = [step(agent, simulation)[2].objectives.mean(axis=0) for _ in range(9)]
    np.testing.assert_allclose(agent.value, 0.1 * np.mean(rewards, axis=0) + 0.9 * np.mean(after, axis=0), rtol=1e-5)
