"""Policy gradients of several objectives: one advantage each, mixed where they are used; and a policy that reads the weights."""

import numpy as np
import pytest
from tests.agents.tiny import step, two_kinds

from slategym.agents.policy_gradient.agent import PolicyGradient
from slategym.agents.policy_gradient.conditioned import ConditionedPolicyGradient
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world


def simulation(objectives=("click", "conversion"), rows=50):
    return Simulation(make_world("ShopBandit-v0", items=30, categories=5, slate_size=3, objectives=objectives), 0, rows)


@pytest.mark.parametrize("objectives", [("click",), ("click", "conversion"), ("conversion", "profit", "click", "diversity")])
def test_one_advantage_for_each_objective_and_only_their_sum_is_normalised(objectives):
    shop = simulation(objectives)
    weights = np.arange(1, len(objectives) + 1) * [100.0, 1.0, 0.01, 7.0][: len(objectives)]
    agent = make_agent("policy-gradient", shop, 0, FixedSum(weights), batch_size=10**9)
    for _ in range(6):
        step(agent, shop)
    conditioned, _, _, advantage = (np.concatenate(arrays) for arrays in list(zip(*agent.collected, strict=True))[:4])
    assert advantage.shape == (300, 3, len(objectives))
    mixed = agent.mixed(advantage, conditioned)
    # One scale for all: what an objective adds is in proportion to its weight times its advantage, whatever its own spread.
    whole = advantage @ weights
    np.testing.assert_allclose(mixed * whole.std(), whole * mixed.std(), rtol=1e-6, atol=1e-9)
    second = advantage.reshape(-1, len(objectives))
    scale = np.sqrt(weights @ agent.moments @ weights)
    np.testing.assert_allclose(mixed * scale, whole, rtol=1e-6, atol=1e-9)
    assert 0.5 < scale / np.sqrt(((second @ weights) ** 2).mean()) < 2
    # New weights count at once, with a scale of their own.
    agent.scalarizer = FixedSum(np.eye(len(objectives))[0])
    np.testing.assert_allclose(
        agent.mixed(advantage, conditioned), advantage[:, :, 0] / np.sqrt(agent.moments[0, 0]), rtol=1e-5, atol=1e-5
    )


def test_each_slate_is_learned_by_its_own_weights():
    shop = simulation()
    agent = make_agent("conditioned-policy-gradient", shop, 0, FixedSum((1.0, 10.0)), spread=0.5, batch_size=10**9)
    assert isinstance(agent, ConditionedPolicyGradient)
    for _ in range(6):
        step(agent, shop)
    conditioned, _, _, advantage = (np.concatenate(arrays) for arrays in list(zip(*agent.collected, strict=True))[:4])
    weights = conditioned[:, -2:]
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    follows = (weights == 0.5).all(axis=1)  # one a click and ten a conversion are what each is worth by default
    assert abs(follows.mean() - 0.5) < 4.5 * 0.5 / np.sqrt(len(weights))
    drawn = weights[~follows, 0]
    assert abs(drawn.mean() - 0.5) < 4.5 * np.sqrt(1 / 12 / len(drawn))
    mixed, row = agent.mixed(advantage, conditioned), np.flatnonzero(~follows)[0]
    own = weights[row] * [1, 10]
    np.testing.assert_allclose(mixed[row], advantage[row] @ own / np.sqrt(own @ agent.moments @ own), rtol=1e-4)


def test_slates_are_drawn_with_the_weights_that_they_are_learned_with():
    shop = simulation()
    agent = make_agent("conditioned-policy-gradient", shop, 0, spread=1.0, batch_size=10**9)
    observation = shop.observe()
    decision = agent.act(observation)
    conditioned = agent.last_conditioned
    agent.predict(observation)  # looks, and draws others beside
    agent.update(observation, decision, shop.show(decision.slate))
    np.testing.assert_array_equal(agent.collected[0][0], conditioned)


@pytest.mark.slow
def test_one_network_covers_the_front():
    """In the shop, no fixed policy is near the best for clicks alone and for conversions alone; this one is better at each end
    than plain policy gradient that learns the mix between, and its slates follow the weights."""
    shop = Simulation(make_world("ShopBandit-v0", items=60, categories=6, slate_size=3), 0, 500)
    agents = {
        "conditioned-policy-gradient": make_agent("conditioned-policy-gradient", shop, 0, spread=1.0),
        "policy-gradient": make_agent("policy-gradient", shop, 0),
    }
    ends = {}
    for name, agent in agents.items():
        shop = Simulation(shop.world, 0, 500)
        for _ in range(100):
            step(agent, shop)
        fresh = shop.world.shoppers(9, np.arange(1000))
        seen = shop.world.observe(fresh)
        ends[name] = np.array(
            [
                shop.world.expected(fresh, agent.with_weights(weights).best(seen)).mean(axis=0)
                for weights in ((1, 0), (1, 10), (0, 1))
            ]
        )
    conditioned, plain = ends["conditioned-policy-gradient"], ends["policy-gradient"]
    assert (np.diff(conditioned[:, 0]) < 0).all(), conditioned
    assert (np.diff(conditioned[:, 1]) > 0).all(), conditioned
    assert conditioned[0, 0] > max(plain[0, 0], 1.1 * conditioned[2, 0]), (conditioned, plain)
    assert conditioned[2, 1] > 0.95 * plain[2, 1]
    np.testing.assert_array_equal(plain[0], plain[2])  # has one mix


def test_it_takes_what_policy_gradient_takes():
    shop = Simulation(two_kinds(), 0, 4)
    agent = make_agent("conditioned-policy-gradient", shop, learning_rate=0.01, spread=0.0)
    assert isinstance(agent, PolicyGradient)
    with pytest.raises(ValueError, match="spread is 2: expected a number from 0 to 1"):
        make_agent("conditioned-policy-gradient", shop, spread=2)
