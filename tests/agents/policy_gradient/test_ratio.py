"""The importance ratio of choices: 1 when they are fresh, cut off when they have become more probable, 1 where nobody knows."""

import numpy as np

from slategym import Simulation, make_world
from slategym.agents.policy_gradient.plackett_luce import gradient
from slategym.agents.registry import make_agent


def started(**options):
    simulation = Simulation(make_world("ShopBandit-v0", items=30, categories=3), 0, 200)
    return make_agent("policy-gradient", simulation, 0, **options), simulation.observe()


def counted(agent, observation, slate, propensity):
    """(n, k) by what each choice's advantage of one is multiplied: the gradient is linear in advantages."""
    score = agent._scores(observation).detach().numpy()
    shown = {"propensity": propensity, "largest_ratio": agent.largest_ratio}
    parts = []
    for rank in range(slate.shape[1]):
        one = np.zeros(slate.shape, np.float32)
        one[:, rank] = 1
        of_items = (gradient(score, slate, one, 0.0, **shown), gradient(score, slate, one, 0.0))
        counted, whole = (np.take_along_axis(each, slate[:, rank, None], axis=1)[:, 0] for each in of_items)
        parts.append(counted / whole)
    return np.stack(parts, axis=1)


def test_a_fresh_choice_counts_once():
    agent, observation = started()
    decision = agent.act(observation)
    np.testing.assert_allclose(counted(agent, observation, decision.slate, decision.propensity), 1, rtol=1e-4)


def test_the_ratio_is_that_of_the_probabilities_up_to_the_largest():
    agent, observation = started(largest_ratio=1.5)
    decision = agent.act(observation)
    slate, before = decision.slate, decision.propensity
    np.testing.assert_allclose(counted(agent, observation, slate, before / 1.2), 1.2, rtol=1e-4)
    np.testing.assert_allclose(counted(agent, observation, slate, before * 4), 0.25, rtol=1e-4)
    np.testing.assert_allclose(counted(agent, observation, slate, before / 9), 1.5, rtol=1e-4)
    np.testing.assert_allclose(counted(agent, observation, slate, np.full_like(before, np.nan)), 1, rtol=1e-6)


def test_inputs_are_the_context_where_there_is_one():
    agent, observation = started()
    every, _ = started(inputs="all")
    context = agent.problem.layout["context"]
    assert agent.columns.tolist() == list(range(context.start, context.stop))
    assert every.columns.tolist() == list(range(observation.shape[1]))
    changed = observation.copy()
    changed[:, context.stop :] += 1
    np.testing.assert_array_equal(agent.best(observation), agent.best(changed))
