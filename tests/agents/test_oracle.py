"""The oracle looks into one simulation, and knows when it is shown the shoppers of another."""

import gymnasium
import numpy as np
import pytest

import slategym  # noqa: F401, registers the environments
from slategym.agents.registry import make_agent
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SMALL = {"items": 40, "categories": 4, "slate_size": 3}


@pytest.mark.parametrize("options", [{}, {"candidates": 8}])
def test_an_environment_of_other_shoppers_is_refused(options):
    world = make_world("Shop-v0", **SMALL, **options)
    env = SlateVectorEnv(world, 50)
    observation, _ = env.reset(seed=1)
    for simulation in (Simulation(world, 2, 50), Simulation(world, 1, np.arange(50)[::-1])):
        with pytest.raises(ValueError, match=r"expected the shoppers' current observation .*env.unwrapped.simulation"):
            make_agent("oracle", simulation).act(observation)
    make_agent("oracle", Simulation(world, 1, 50)).act(observation)  # the same shoppers, while nobody has moved


def test_it_follows_an_environment_and_nothing_that_stands_still():
    world = make_world("Shop-v0", **SMALL, visits=4)
    env, still = SlateVectorEnv(world, 50), Simulation(world, 1, 50)
    observation, _ = env.reset(seed=1)
    oracle, blind = make_agent("oracle", env.simulation), make_agent("oracle", still)
    rewards = []
    for _ in range(12):  # shoppers leave and others follow
        decision = oracle.act(observation)
        rewards.append(world.expected(env.simulation.shoppers, decision.slate).sum())
        best = world.best_slate(env.simulation.shoppers, oracle.weights)
        np.testing.assert_array_equal(decision.slate, best)
        before = observation
        observation = env.step(decision.slate)[0]
        oracle.update(before, decision, env.feedback)
    assert min(rewards) > 0
    with pytest.raises(ValueError, match="simulation gives"):
        blind.act(observation)
    env.reset(seed=2)
    with pytest.raises(ValueError, match="after reset"):
        oracle.act(env.simulation.observe())
    oracle.simulation = env.simulation
    oracle.act(env.simulation.observe())


def test_it_serves_an_environment_of_one_shopper():
    env = gymnasium.make("slategym/Shop-v0", **SMALL)
    observation, _ = env.reset(seed=3)
    oracle = make_agent("oracle", env.unwrapped.simulation)
    for _ in range(3):
        observation, *_, terminated, truncated, _ = env.step(oracle.act(observation[None]).slate[0])
        if terminated or truncated:
            break
    with pytest.raises(ValueError, match="expected the shoppers"):
        oracle.act(observation[None] + 1)
