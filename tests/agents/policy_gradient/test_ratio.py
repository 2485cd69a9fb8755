"""The importance ratio of choices: 1 when they are fresh, cut off when they have become more probable, 1 where nobody knows."""

import numpy as np

from slategym import Simulation, make_world
from slategym.agents.registry import make_agent


def started(**options):
    simulation = Simulation(make_world("ShopBandit-v0", items=30, categories=3), 0, 200)
    return make_agent("policy-gradient", simulation, 0, **options), simulation.observe()


def test_a_fresh_choice_counts_once():
    agent, observation = started()
    decision = agent.act(observation)
    score = agent._scores(observation).detach().numpy()
    np.testing.assert_allclose(agent._ratio(score, decision.slate, decision.propensity), 1, rtol=1e-4)


def test_the_ratio_is_that_of_the_probabilities_up_to_the_largest():
    agent, observation = started(largest_ratio=1.5)
    decision = agent.act(observation)
    score = agent._scores(observation).detach().numpy()
    rarer, likelier, unknown = decision.propensity / 1.2, decision.propensity * 4, np.full_like(decision.propensity, np.nan)
    np.testing.assert_allclose(agent._ratio(score, decision.slate, rarer), 1.2, rtol=1e-4)
    np.testing.assert_allclose(agent._ratio(score, decision.slate, likelier), 0.25, rtol=1e-4)
    np.testing.assert_allclose(agent._ratio(score, decision.slate, decision.propensity / 9), 1.5, rtol=1e-4)
    np.testing.assert_array_equal(agent._ratio(score, decision.slate, unknown), 1)


def test_inputs_are_the_context_where_there_is_one():
    agent, observation = started()
    every, _ = started(inputs="all")
    context = agent.problem.layout["context"]
    assert agent.columns.tolist() == list(range(context.start, context.stop))
    assert every.columns.tolist() == list(range(observation.shape[1]))
    changed = observation.copy()
    changed[:, context.stop :] += 1
    np.testing.assert_array_equal(agent.best(observation), agent.best(changed))
