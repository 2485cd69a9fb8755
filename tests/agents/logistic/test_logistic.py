"""logistic-ts: its model finds planted coefficients, its replay corrects conversions that arrive later, its values are means."""

import numpy as np
import pytest

from slategym import Feedback, Simulation, make_world
from slategym.agents.base import Problem
from slategym.agents.logistic.model import LogisticModel, Shoppers
from slategym.agents.logistic.replay import Replay, Slates
from slategym.agents.logistic.values import PRIOR, AnswerValues
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.feedback import DelayedConversions

RANDOM = np.random.default_rng(0)
M, A, G = 12, 4, 3


def logistic(x):
    return 1 / (1 + np.exp(-x))


def model(exposed=True):
    features = np.column_stack([np.ones(M), RANDOM.normal(size=(M, 2))]).astype(np.float32)
    return LogisticModel(features, np.arange(M) % G, A, exposed)


def shoppers(count, exposed=True):
    context = np.column_stack([np.ones(count), RANDOM.normal(size=(count, A - 1))]).astype(np.float32)
    angle = 2 * np.pi * RANDOM.random((count, 1))
    exposure = RANDOM.random((count, G if exposed else 0)).astype(np.float32)
    return Shoppers(context, np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32), exposure)


def test_planted_coefficients_are_found():
    """Of 60,000 answers, half of them behind an examination of 0.5, each logit to about three standard errors."""
    learner, truth = model(), model()
    truth.features, truth.category = learner.features, learner.category
    truth.shared = RANDOM.normal(size=truth.shared.shape) * 0.4
    truth.own = RANDOM.normal(size=truth.own.shape) * [0.5, *[0.1] * (A - 1)]
    count = 0
    for _ in range(120):
        some, items = shoppers(500), RANDOM.integers(M, size=500)
        seen = np.where(RANDOM.random(500) < 0.5, 0.5, 1.0)
        answers = RANDOM.random(500) < seen * logistic(truth.logits(some, items[:, None])[:, 0])
        count += 500
        for new in (True, False, False):
            learner.learn(some, np.arange(500), items, answers.astype(float), seen, 500 / count, new=new)
    some = shoppers(400)
    error = learner.logits(some) - truth.logits(some)
    spread = np.std([learner.noise(some, RANDOM) for _ in range(60)], axis=0)
    assert abs(error.mean()) < 0.1
    assert np.sqrt((error**2).mean()) < 3 * np.sqrt((spread**2).mean())
    assert np.sqrt((error**2).mean()) < 0.35 < truth.logits(some).std()


def test_some_items_have_the_logits_of_all():
    learner = model()
    learner.shared, learner.own = RANDOM.normal(size=learner.shared.shape), RANDOM.normal(size=learner.own.shape)
    some, items = shoppers(20), RANDOM.integers(M, size=(20, 5))
    np.testing.assert_allclose(
        learner.logits(some, items), np.take_along_axis(learner.logits(some), items, axis=1), rtol=1e-5, atol=1e-5
    )


def test_the_noise_has_the_posteriors_width():
    learner = model()
    some = shoppers(3)
    draws = np.array([learner.noise(some, RANDOM) for _ in range(4000)])
    design = np.stack(
        [
            learner._design(
                np.repeat(some.context[row : row + 1], M, axis=0),
                learner.features,
                Shoppers(*(np.repeat(part[row : row + 1], M, axis=0) for part in (some.context, some.clock, some.exposure))),
                learner.category,
                slice(None),
            )
            for row in range(3)
        ]
    ).astype(float)
    shared = np.einsum("nmp,pq,nmq->nm", design, np.linalg.inv(learner.curvature), design)
    variance = shared + (some.context**2) @ (1 / learner.item_curvature).T
    np.testing.assert_allclose(draws.var(axis=0), variance, rtol=0.15)


def test_a_new_item_begins_with_what_its_features_say():
    learner = model()
    learner.shared = RANDOM.normal(size=learner.shared.shape)
    before = learner.features[:2].copy()
    learner.grow(before, learner.category[:2])
    logits = learner.logits(shoppers(5))
    np.testing.assert_allclose(logits[:, M:], logits[:, :2], rtol=1e-5)


def slates(count, number):
    items = np.full((count, 2), number)
    return Slates(np.full((count, 3), number, np.float32), items, np.ones((count, 2), bool), np.zeros((count, 2), bool))


def arrived(row, age, rank):
    entries = [np.array(values) for values in (row, age, rank)]
    return DelayedConversions(*entries, np.zeros(len(row), np.int64), np.ones(len(row), np.float32))


def test_replay_keeps_the_last_slates_and_notes_late_conversions():
    replay = Replay(3, 2, capacity=10, longest_delay=2)
    replay.add(slates(4, 0))
    replay.add(slates(4, 1))
    replay.correct(arrived([2, 0], [2, 1], [1, 0]))  # the third slate of the first step, and the first of the second
    np.testing.assert_array_equal(np.argwhere(replay.conversions), [[2, 1], [4, 0]])
    replay.add(slates(4, 2))
    assert len(replay) == 10
    assert sorted(replay.seen[:, 0].tolist()) == [0] * 2 + [1] * 4 + [2] * 4
    replay.correct(arrived([0, 3], [2, 5], [1, 0]))  # of an age beyond the longest: left out
    assert replay.conversions[4, 1]
    assert replay.conversions.sum() == 3
    drawn = replay.draw(RANDOM, 500)
    assert set(drawn.items[:, 0]) == {0, 1, 2}
    np.testing.assert_array_equal(drawn.seen[:, 0], drawn.items[:, 0])
    replay.add(slates(25, 3))
    assert (replay.seen == 3).all()


def test_values_by_hand():
    world = make_world("Shop-v0", items=6, categories=2, slate_size=2, objectives="click,conversion,satisfaction,diversity")
    values = AnswerValues(Problem.of(world))
    items = np.array([[0, 1], [0, 2]])
    feedback = Feedback.of([[1, 0], [1, 1]], objectives=[[1, 0, 3.0, 0.5], [2, 0, 4.0, 0.5]])
    values.learn(feedback, items)
    click, conversion, impression = values(np.array([1.0, 10.0, 1.0, 2.0]), None)
    mean = 7 / 3  # of satisfaction, for a click
    each = np.array([(5 + PRIOR * mean) / (2 + PRIOR), mean, (2 + PRIOR * mean) / (1 + PRIOR)])
    np.testing.assert_allclose(click[0, :3], 1 + each, rtol=1e-6)
    np.testing.assert_array_equal(conversion, 10)
    np.testing.assert_allclose(impression, 2 * 0.25)
    np.testing.assert_array_equal(values(np.array([1.0, 10.0, 1.0, 2.0]), items)[0], click[0][items])


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0)])
def test_new_weights_count_at_once(weights):
    world = make_world("ShopBandit-v0", items=30, categories=3)
    simulation = Simulation(world, 0, 500)
    agent = make_agent("logistic-ts", simulation)
    for _ in range(12):
        observation = simulation.observe()
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    shown = agent.with_weights(weights).best(simulation.observe())
    other = agent.with_weights(weights[::-1]).best(simulation.observe())
    earned, lost = (world.expected(simulation.shoppers, slate) @ weights for slate in (shown, other))
    assert earned.mean() > 1.1 * lost.mean()
    assert isinstance(agent.scalarizer, FixedSum)
