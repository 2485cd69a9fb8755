"""logistic-ts and logistic-ucb: what their model learns, forgets and is sure of, their replay, their values."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.agents.tiny import TwoKinds, learned, step, two_kinds

from slategym import Feedback, Simulation, make_world
from slategym.agents.base import Problem
from slategym.agents.common.answer_values import PRIOR, AnswerValues
from slategym.agents.common.replay import Replay, Slates
from slategym.agents.logistic.model import Answers, LogisticModel, Shoppers
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.click_models import PositionBased
from slategym.sim.features.blocks import with_features
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
        for random in (RANDOM, None, None):
            learner.learn(some, Answers(np.arange(500), items, answers, seen), 500 / count, random)
    some = shoppers(400)
    error = learner.logits(some) - truth.logits(some)
    spread = learner.width(some)
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


def widths(learner, some):
    """(n, m) the standard errors of the logits, by the covariance of all shared coefficients."""
    row = np.repeat(np.arange(len(some.context)), M)
    design = learner.design(some, row, np.tile(np.arange(M), len(some.context))).astype(float)
    shared = np.einsum("ip,pq,iq->i", design, np.linalg.inv(learner.information + np.diag(learner.prior)), design)
    own = (some.context**2) @ (1 / (learner.item_prior + learner.item_information)).T
    return np.sqrt(shared.reshape(-1, M) + own)


@pytest.mark.parametrize("exposed", [True, False])
def test_draws_and_widths_have_the_posteriors_spread(exposed):
    learner = model(exposed)
    for _ in range(20):
        some, items = shoppers(300, exposed), RANDOM.integers(M, size=300)
        learner.learn(some, Answers(np.arange(300), items, RANDOM.random(300) < 0.3, np.ones(300)), 0.1, RANDOM)
    some = shoppers(3, exposed)
    expected = widths(learner, some)
    every = np.tile(np.arange(M), (3, 1))
    np.testing.assert_allclose(learner.width(some), expected, rtol=1e-4)
    np.testing.assert_allclose(learner.width(some, every), expected, rtol=1e-4)
    for items in (None, every):
        draws = np.array([learner.draw(some, RANDOM, 1.0, items) for _ in range(4000)])
        # Of 4,000 draws the deviation is known to 1 / sqrt(8000), and the mean to 1 / sqrt(4000) of it; 36 of each are tried.
        np.testing.assert_allclose(draws.std(axis=0), expected, rtol=4 / np.sqrt(8000))
        np.testing.assert_array_less(np.abs(draws.mean(axis=0) - learner.logits(some)), 4 / np.sqrt(4000) * expected)
    np.testing.assert_allclose(learner.draw(some, RANDOM, 0.0), learner.logits(some), rtol=1e-4, atol=1e-5)


def test_what_is_forgotten_is_uncertain_again():
    learner, some = model(), shoppers(200)
    before, items = widths(learner, some), RANDOM.integers(M, size=200)
    learner.learn(some, Answers(np.arange(200), items, RANDOM.random(200) < 0.3, np.ones(200)), 1.0, RANDOM)
    known, logits = learner.width(some), learner.logits(some)
    learner.forget(0.5)
    assert (known < learner.width(some)).all()
    learner.forget(0.0)
    np.testing.assert_allclose(learner.width(some), before, rtol=1e-4)
    np.testing.assert_array_equal(learner.logits(some), logits)


def test_of_a_large_catalogue_only_the_items_shown_move():
    """Fewer impressions than items: the same step as for a small catalogue that holds the items shown."""
    small, large = model(), model()
    large.features, large.category = small.features, small.category
    large.grow(np.repeat(small.features[:1], 500, axis=0), np.repeat(small.category[:1], 500))
    some, items = shoppers(60), RANDOM.integers(M, size=60)
    impressions = Answers(np.arange(60), items, RANDOM.random(60) < 0.3, np.ones(60))
    for learner in (small, large):
        expected = learner.learn(some, impressions, 1.0, RANDOM)
        assert expected.answers == pytest.approx(30, rel=1e-6)  # by logits of zero
        assert expected.variance == pytest.approx(15, rel=1e-6)
    np.testing.assert_allclose(large.shared, small.shared, rtol=1e-9)
    np.testing.assert_allclose(large.own[:M], small.own, rtol=1e-6)
    assert (large.own[M:] == 0).all()


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


def test_replay_forgets():
    replay = Replay(3, 2, capacity=100, longest_delay=0)
    for number in range(20):
        replay.add(slates(4, number))
    drawn = replay.draw(np.random.default_rng(0), 20_000, halflife=8.0).items[:, 0]
    # Two steps of four slates are a halflife; the share of the last two steps is (1 - 1 / 2) / (1 - 2**-10).
    assert np.mean(drawn >= 18) == pytest.approx(0.5 / (1 - 2**-10), abs=4 * 0.5 / np.sqrt(20_000))
    assert np.mean(drawn >= 16) == pytest.approx(0.75 / (1 - 2**-10), abs=4 * 0.44 / np.sqrt(20_000))
    replay.forget(6)
    assert len(replay) == 6
    assert set(replay.draw(RANDOM, 200).items[:, 0]) == {18, 19}
    replay.add(slates(4, 20))
    assert len(replay) == 10


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


@pytest.mark.parametrize("name", ["logistic-ts", "logistic-ucb"])
@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0)])
def test_new_weights_count_at_once(name, weights):
    world = make_world("ShopBandit-v0", items=30, categories=3)
    simulation = Simulation(world, 0, 500)
    agent = make_agent(name, simulation)
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


def test_first_steps_are_short_where_items_have_many_features():
    """The curvature is taken from some impressions; from too few of them it is nothing in some directions."""
    world = make_world("ShopBandit-v0", features="price+category")
    wide = with_features(world, "noise", np.random.default_rng(0).normal(size=(500, 32)).astype(np.float32))
    for seed in (3, 4):
        simulation = Simulation(wide, seed, 1000)
        agent = make_agent("logistic-ts", simulation, seed)
        step(agent, simulation)
        assert len(agent.click.shared) > 500
        assert abs(agent.click.own).max() < 1  # above 3 with curvature from 750 impressions


@dataclass(frozen=True)
class SecondRankFirst(TwoKinds):
    click_model = PositionBased((0.5, 1.0))


@pytest.mark.parametrize("name", ["logistic-ts", "predictor:mlp"])
def test_a_later_rank_may_be_examined_more(name):
    """Relative to the first rank its examination is above 1, which is no probability."""
    world = replace(two_kinds(), user_model=SecondRankFirst())
    agent, simulation = learned(name, world, (1.0, 0.0), 10_000, rows=200)
    assert agent.position_bias.relative[1] == pytest.approx(2, abs=0.3)
    slates, kind = agent.best(simulation.observe()), simulation.shoppers.kind
    assert [set(slates[kind == each][0].tolist()) for each in (0, 1)] == [{0, 1}, {2, 3}]
    if name == "logistic-ts":
        assert abs(agent.click.shared).max() < 10
