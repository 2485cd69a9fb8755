"""Returns of later visits: by hand, and in a world where they decide."""

import numpy as np
import pytest
from tests.agents.tiny import FOR_A_VISIT, FOR_WHOLE_STAYS, bait, learned, step

from slategym.agents.base import Agent, Problem
from slategym.agents.policy_gradient.critic import Critic
from slategym.agents.policy_gradient.returns import Returns, Visit
from slategym.agents.registry import make_agent
from slategym.sim.feedback import Feedback
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

CLICKS = (1.0, 0.0)


def share_best(agent, simulation, items):
    return np.isin(agent.best(simulation.observe())[:, 0], items).mean()


def test_by_the_visit_alone_bait_is_best():
    assert share_best(*learned("policy-gradient", bait(), CLICKS, 20_000), FOR_A_VISIT) > 0.9


@pytest.mark.parametrize("returns", ["n-step", "lambda"])
def test_with_returns_what_keeps_shoppers_is_best(returns):
    agent, simulation = learned("policy-gradient", bait(), CLICKS, 20_000, returns=returns)
    assert share_best(agent, simulation, FOR_WHOLE_STAYS) > 0.8


def visits(returns, rewards, over, clicks):
    """The advantages of visits of one shopper (t, M) that come out, with the critic's values all 0."""
    layout, out = returns.normalizer.mean.shape[0], []
    for reward, end, click in zip(rewards, over, clicks, strict=True):
        feedback = Feedback.of([[click, 0]], objectives=[reward], terminated=[end])
        nothing = np.zeros((1, layout), np.float32)
        visit = Visit(nothing, np.array([[0, 1]]), np.ones((1, 2), np.float32), np.zeros((1, 2, 2)), feedback.clicks)
        returns.critic.coefficients[:] = 0
        returns.critic.learn = lambda *arguments: None
        out += returns(visit, nothing, feedback)
    return out


@pytest.mark.parametrize(("trace", "discount"), [(1.0, 1.0), (0.5, 1.0), (1.0, 0.9)])
def test_returns_by_hand(trace, discount):
    """Of three later visits, to clicked items alone, not beyond a shopper's last visit."""
    returns = Returns(Problem.of(bait()), 3, trace, discount)
    rewards = [[9, 9], [1, 0], [2, 1], [4, 0], [8, 0], [16, 0], [32, 0]]
    done = visits(returns, rewards, [0, 0, 0, 0, 1, 0, 0], [1, 0, 1, 1, 1, 1, 1])
    later = lambda *rewards: sum(discount ** (age + 1) * trace**age * reward for age, reward in enumerate(rewards))  # noqa: E731
    expected = [[later(1, 2, 4), later(0, 1, 0)], [0, 0], [later(4, 8), 0], [later(8), 0]]
    np.testing.assert_allclose([visit.advantage[0, 0] for visit in done], expected)
    assert not any(visit.advantage[0, 1].any() for visit in done)


def test_another_batch_takes_out_all_before_it():
    returns = Returns(Problem.of(bait()), 5, 1.0, 1.0)
    columns = returns.normalizer.mean.shape[0]
    sizes = []
    for n in (4, 4, 4, 7, 7):
        feedback = Feedback.of(np.ones((n, 1)), objectives=np.ones((n, 2)))
        nothing = np.zeros((n, columns), np.float32)
        visit = Visit(nothing, np.zeros((n, 1), int), np.ones((n, 1), np.float32), np.zeros((n, 1, 2)), feedback.clicks)
        sizes.append([len(done.slate) for done in returns(visit, nothing, feedback)])
    assert sizes == [[], [], [], [4, 4, 4], []]


def test_the_critic_finds_the_values_of_a_chain():
    """Three states, one after the other, that earn 1, 2 and 4; then another shopper. What follows is 6, 4 and 0."""
    critic = Critic(3, 2, 1.0)
    state = np.tile(np.arange(3), 4000)
    inputs, reward = np.eye(3), np.array([[1, 0], [2, 1], [4, 0]])
    critic.learn(inputs[state[:-1]], inputs[state[1:]], state[:-1] < 2, reward[state[1:]])
    np.testing.assert_allclose(critic(inputs), [[6, 1], [4, 0], [0, 0]], rtol=0.1, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"candidates": 10}, {"objectives": "click,profit,diversity"}])
def test_saving_in_mid_run(options, tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6, **options)
    simulation = Simulation(world, 0, 40)
    agent = make_agent("policy-gradient", simulation, returns="lambda", horizon=3, batch_size=40, hidden=4, width=4)
    for _ in range(8):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", world)
    for _ in range(6):
        observation = simulation.observe()
        decision = agent.act(observation)
        np.testing.assert_array_equal(loaded.act(observation).slate, decision.slate)
        feedback = simulation.show(decision.slate)
        for one in (agent, loaded):
            one.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
