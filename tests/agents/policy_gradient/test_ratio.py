"""The importance ratio of choices: 1 when they are fresh, cut off when they have become more probable, 1 where nobody knows."""

import numpy as np

from slategym import Simulation, make_world
from slategym.agents.policy_gradient.batch import Batch
from slategym.agents.policy_gradient.plackett_luce import PlackettLuce, gradient
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


def test_the_clipped_objective_is_flat_beyond_its_range():
    """What a choice adds to the gradient is that of PPO's objective, by finite differences of min(r A, clip(r) A)."""
    agent, observation = started()
    decision = agent.act(observation)
    score, random = agent._scores(observation), np.random.default_rng(0)
    batch = Batch(score, decision.slate, decision.propensity, PlackettLuce(), 100.0)
    gain = random.choice([-1.0, 1.0], decision.slate.shape).astype(np.float32)
    ratio = random.choice([0.5, 0.7, 0.95, 1.05, 1.3, 2.0], decision.slate.shape)
    kept = batch.within_clip(gain, decision.propensity / ratio, 0.2)

    def objective(now):
        return np.minimum(now * gain, np.clip(now, 0.8, 1.2) * gain)

    slope = (objective(ratio + 1e-6) - objective(ratio - 1e-6)) / 2e-6
    np.testing.assert_allclose(kept, slope, atol=1e-6)
    assert 0.2 < (kept == 0).mean() < 0.8


def test_a_wide_clip_changes_nothing_and_a_narrow_one_slows_the_policy():
    def moved(**options):
        agent, observation = started(batch_size=50, passes=10, largest_ratio=5.0, **options)
        simulation = Simulation(make_world("ShopBandit-v0", items=30, categories=3), 0, 200)
        decision = agent.act(simulation.observe())
        before = agent.scores(observation)
        agent.update(simulation.observe(), decision, simulation.show(decision.slate))
        return agent.scores(observation) - before

    without, wide, narrow = moved(), moved(clip_range=1e6), moved(clip_range=0.05)
    np.testing.assert_array_equal(without, wide)
    assert narrow.std() < 0.7 * without.std()
