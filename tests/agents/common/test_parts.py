"""The small parts that agents are made of."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from slategym.agents.base import Decision, Problem
from slategym.agents.choosing.exploration import draw_left, draw_slates
from slategym.agents.choosing.noise import BLOCK, blocks, gumbels, normals
from slategym.agents.common.credit import ItemCredit
from slategym.agents.common.history import DecisionHistory
from slategym.agents.common.normalizer import RunningNormalizer
from slategym.agents.common.position_bias import PositionBiasEstimator
from slategym.agents.policy_gradient.plackett_luce import gradient, log_propensity
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.objectives import custom
from slategym.sim.worlds import make_world

NOTHING = DelayedConversions.none()


def generator(seed=0):
    return np.random.Generator(np.random.Philox(seed))


def delayed_at(*entries):
    row, age, rank = np.array(entries, np.int64).reshape(-1, 3).T
    return DelayedConversions(row, age, rank, np.zeros_like(row), np.zeros(len(row), np.float32))


@given(st.integers(0, 5), st.integers(6, 9), st.integers(0, 1000))
def test_draw_left_draws_what_is_left(taken, items, seed):
    random = generator(seed)
    chosen = random.permuted(np.tile(np.arange(items), (50, 1)), axis=1)[:, :taken]
    drawn = draw_left(random, chosen, items)
    assert ((drawn >= 0) & (drawn < items)).all()
    assert not (drawn[:, None] == chosen).any()


def test_draw_left_is_uniform():
    drawn = draw_left(generator(), np.tile([3, 0], (60_000, 1)), 5)
    count = np.bincount(drawn, minlength=5)
    assert count[[0, 3]].tolist() == [0, 0]
    assert (abs(count[[1, 2, 4]] - 20_000) < 5 * np.sqrt(20_000)).all()


def test_drawn_slates_hold_what_is_left_rank_by_rank():
    slates, random = draw_slates(generator(7), 500, 4, 6), generator(7)
    for rank in range(4):
        np.testing.assert_array_equal(slates[:, rank], draw_left(random, slates[:, :rank], 6))


def test_blocks_cover_all_rows():
    for shoppers in (1, BLOCK, BLOCK + 1, 3 * BLOCK):
        rows = np.concatenate([np.arange(shoppers)[block] for block in blocks(shoppers)])
        assert rows.tolist() == list(range(shoppers))


def test_fast_draws_have_their_distribution():
    assert normals(generator(), (3, 5)).dtype == np.float32
    assert kstest(normals(generator(1), (999, 201)).ravel(), "norm").pvalue > 1e-3
    assert kstest(gumbels(generator(2), (999, 201)).ravel(), "gumbel_r").pvalue > 1e-3
    drawn = normals(generator(3), (100_000, 2))
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 5 / np.sqrt(100_000)


def test_examination_starts_as_dcg_and_finds_the_truth():
    examination = PositionBiasEstimator(4)
    np.testing.assert_allclose(examination.relative, 1 / np.log2([2, 3, 4, 5]))
    truth = np.array([0.8, 0.6, 0.5, 0.1])
    attraction = np.full(4, 1e5)
    np.testing.assert_allclose(examination.update(truth * attraction, attraction), truth / 0.8, rtol=1e-3)


def test_examination_of_a_rank_without_clicks_is_small_but_not_nothing():
    relative = PositionBiasEstimator(2).update([1e6, 0], [1e6, 1e6])
    assert relative[1] == PositionBiasEstimator.FLOOR


def test_history_finds_the_impression_of_a_delayed_conversion():
    history = DecisionHistory(2)
    steps = [
        (np.full((3, 2), step, np.float32), Decision(np.full((3, 4), step), np.full((3, 4), step / 10, np.float32)))
        for step in range(4)
    ]
    assert history.recall(delayed_at((0, 1, 0))) is None
    for step in steps:
        history.remember(*step)
    # The step under way would be number 4: one step ago was 3, two steps ago 2; what is older is forgotten.
    recalled = history.recall(delayed_at((0, 2, 1), (2, 1, 3), (1, 3, 0)))
    assert sorted(
        zip(recalled.delayed.row.tolist(), recalled.delayed.age.tolist(), recalled.delayed.rank.tolist(), strict=True)
    ) == [
        (0, 2, 1),
        (2, 1, 3),
    ]
    for age, observation, slate in zip(recalled.delayed.age, recalled.observation, recalled.slate, strict=True):
        assert (observation == 4 - age).all()
        assert (slate == 4 - age).all()
    assert history.recall(delayed_at((0, 3, 0))) is None


def test_history_keeps_copies():
    history = DecisionHistory(1)
    observation, decision = np.zeros((1, 2), np.float32), Decision(np.zeros((1, 1), np.int64), np.ones((1, 1), np.float32))
    history.remember(observation, decision)
    observation[:] = decision.slate[:] = 7
    recalled = history.recall(delayed_at((0, 1, 0)))
    assert (recalled.observation == 0).all()
    assert (recalled.slate == 0).all()


def make_problem(*objectives):
    return Problem.of(make_world("Shop-v0", items=6, categories=2, slate_size=3, objectives=objectives))


def answered(objectives, delayed=NOTHING):
    return Feedback.of([[1, 1, 0]], [[1, 0, 0]], [[8, 0, 0]], objectives=[objectives], delayed=delayed)


def test_outcomes_follow_the_objectives():
    items = np.array([[4, 2, 0]])
    problem = make_problem("conversion", "click", "revenue", "profit", "ad-revenue")
    rewards = ItemCredit(problem)(answered([0] * 5), items)[0].T
    bid = problem.bid[items[0]] * [1, 1, 0]
    np.testing.assert_allclose(rewards, [[1, 0, 0], [1, 1, 0], [8, 0, 0], [8 * problem.margin[4], 0, 0], bid], rtol=1e-6)
    delayed = DelayedConversions(*(np.array([number]) for number in (0, 2, 1, 3)), np.array([5], np.float32))
    found = ItemCredit(problem).delayed(answered([0] * 5, delayed))
    np.testing.assert_allclose(found, [[1, 0, 5, 5 * problem.margin[3], 0]], rtol=1e-6)


def test_outcomes_of_the_whole_slate_are_shared_out():
    shared = ItemCredit(make_problem("satisfaction", "diversity", "retention"))(answered([3, 0.6, 1]), np.array([[4, 2, 0]]))[0].T
    np.testing.assert_allclose(shared, [[1.5, 1.5, 0], [0.2] * 3, [1 / 3] * 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("cause", "shares"), [("", [2, 2, 2, 0]), ("impression", [2, 2, 2, 0]), ("click", [3, 3, 0, 0]), ("conversion", [3, 0, 0, 3])]
)
def test_outcomes_of_a_custom_objective_go_to_what_brought_them_about(cause, shares):
    problem = make_problem("click", custom("basket", lambda feedback, items: feedback.terminated, cause=cause))
    delayed = DelayedConversions(*(np.array([number]) for number in (0, 2, 1, 3)), np.array([5], np.float32))
    feedback, outcomes = answered([0, 6], delayed), ItemCredit(problem)
    assert problem.causes == ("click", cause or "impression")
    shown, later = outcomes(feedback, np.array([[4, 2, 0]]))[0, :, 1], outcomes.delayed(feedback)[:, 1]
    np.testing.assert_allclose([*shown, *later], shares)


def test_outcomes_add_clicks_where_a_learner_needs_them():
    outcomes = ItemCredit(make_problem("profit"), clicks=True)
    assert outcomes.objective_names == ("profit", "click")
    assert outcomes.weights(np.array([2.0])).tolist() == [2, 0]
    assert outcomes(answered([0]), np.array([[4, 2, 0]]))[0, :, 1].tolist() == [1, 1, 0]
    assert ItemCredit(make_problem("click"), clicks=True).objective_names == ("click",)


@given(st.integers(1, 7), st.integers(0, 100))
def test_normalizer_does_not_depend_on_batches(parts, seed):
    seen = (generator(seed).normal(size=(60, 3)) * [1, 100, 0] + [0, 1e4, 5]).astype(np.float32)
    normalizer = RunningNormalizer(3)
    for part in np.array_split(seen, parts):
        normalizer.update(part)
    standard = normalizer(seen)
    assert standard.dtype == np.float32
    exact = (seen[:, :2] - seen[:, :2].mean(axis=0, dtype=float)) / seen[:, :2].std(axis=0, dtype=float)
    np.testing.assert_allclose(standard[:, :2], np.clip(exact, -5, 5), atol=2e-3)
    assert (standard[:, 2] == 0).all()


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_log_propensity_of_plackett_luce(scale):
    random = generator()
    score = scale * random.normal(size=(50, 9))
    slate = random.permuted(np.tile(np.arange(9), (50, 1)), axis=1)[:, :4]
    expected = np.empty((50, 4))
    for row in range(50):
        left = list(range(9))
        for rank, item in enumerate(slate[row]):
            highest = score[row, left].max()
            expected[row, rank] = score[row, item] - highest - np.log(np.exp(score[row, left] - highest).sum())
            left.remove(item)
    log = log_propensity(score.astype(np.float32), slate)
    np.testing.assert_allclose(log, expected, rtol=1e-5, atol=1e-5 * scale)


def test_log_propensity_of_the_whole_catalogue():
    score, slate = np.array([[0.0, 1.0]], np.float32), np.array([[1, 0]])
    np.testing.assert_allclose(log_propensity(score, slate), [[-np.log(1 + np.exp(-1)), 0]], rtol=1e-6, atol=1e-7)
    assert np.isfinite(gradient(score, slate, np.ones((1, 2), np.float32), 0.1)).all()


@pytest.mark.parametrize(("scale", "slate_size"), [(1.0, 4), (100.0, 4), (1.0, 9), (3.0, 1)])
def test_the_gradient_of_plackett_luce_is_that_of_its_loss(scale, slate_size):
    random = generator()
    score = torch.from_numpy(scale * random.normal(size=(50, 9))).requires_grad_()
    slate = random.permuted(np.tile(np.arange(9), (50, 1)), axis=1)[:, :slate_size]
    advantage = random.normal(size=slate.shape).astype(np.float32)
    chosen = torch.from_numpy(slate)
    rank = torch.arange(slate_size)
    taken = torch.stack([(chosen[:, :at, None] == torch.arange(9)).any(dim=1) for at in rank], dim=1)  # (n, k, m)
    left = score[:, None, :].masked_fill(taken, -torch.inf).logsumexp(dim=2)
    gain = ((score.gather(1, chosen) - left) * torch.from_numpy(advantage)).sum(dim=1)
    log = score.log_softmax(dim=1)
    (-gain + 0.1 * (log.exp() * log).sum(dim=1)).mean().backward()
    found = gradient(score.detach().numpy().astype(np.float32), slate, advantage, 0.1)
    np.testing.assert_allclose(found, score.grad.numpy(), rtol=1e-3, atol=1e-6 * scale)


def test_fixed_sum():
    assert FixedSum().weights([0.3, 0.1]).tolist() == [1, 10]
    assert FixedSum((1, 2)).utility([3, 4]) == 11
    with pytest.raises(ValueError, match="a finite number for each objective"):
        FixedSum((1, np.nan))
