"""The log of shoppers, rates, the mixture, and slates with items on trial."""

import numpy as np
import pytest
from scipy.stats import chi2

from slategym.agents.base import Problem
from slategym.agents.recommenders.interactions import ShopperLog
from slategym.agents.recommenders.mixture import Mixture
from slategym.agents.recommenders.rates import ItemRates
from slategym.agents.recommenders.trials import try_first
from slategym.sim.choice import Choice
from slategym.sim.feedback import DelayedConversions, Feedback
from slategym.sim.rules import NO_RULES
from slategym.sim.worlds import make_world

EVEN = np.array([1.0, 0.5])


def problem(items=6, **options):
    return Problem.of(make_world("Shop-v0", items=items, categories=2, slate_size=2, **options))


def late(row, age, rank, item):
    columns = (np.array([number]) for number in (row, age, rank, item))
    return DelayedConversions(*columns, np.ones(1, np.float32))


def test_the_log_knows_who_saw_what():
    log = ShopperLog(problem(), 100)
    items = np.array([[0, 1], [2, 3]])
    log.add(items, Feedback.of([[True, False], [True, True]], [[False, False], [True, False]], terminated=[True, False]))
    log.add(items, Feedback.of([[False, True], [False, False]]))
    present = log.of_present(2, 6, EVEN, 2.0)
    assert present.who.tolist() == [2, 1]
    assert present.liked.toarray().tolist() == [[0, 1, 0, 0, 0, 0], [0, 0, 3, 1, 0, 0]]
    assert present.examined.toarray().tolist() == [[1, 0.5, 0, 0, 0, 0], [0, 0, 2, 1, 0, 0]]
    everybody = log.of_last(10, 6, EVEN, 2.0)
    assert everybody.who.tolist() == [0, 1, 2]
    assert everybody.liked.toarray()[0].tolist() == [1, 0, 0, 0, 0, 0]
    assert log.of_last(2, 6, EVEN, 2.0).who.tolist() == [1, 2]


def test_late_conversions_belong_to_who_was_there_then():
    log = ShopperLog(problem(), 100)
    items = np.array([[0, 1]])
    log.add(items, Feedback.of([[True, False]], terminated=[True]))
    log.add(items, Feedback.of([[False, False]], delayed=late(0, 1, 0, 0)))
    assert log.of_last(5, 6, EVEN, 2.0).liked.toarray().tolist() == [[3, 0, 0, 0, 0, 0]]
    assert log.of_present(1, 6, EVEN, 2.0).liked.sum() == 0


def test_the_log_forgets_what_is_older_than_its_capacity():
    log = ShopperLog(problem(), 3)
    for step in range(5):
        log.add(np.array([[step, 5]]), Feedback.of([[True, False]], terminated=[step == 3]))
    assert log.of_last(9, 6, EVEN, 1.0).liked.toarray().tolist() == [[0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 0]]
    assert log.of_present(1, 6, EVEN, 1.0).liked.toarray().tolist() == [[0, 0, 0, 0, 1, 0]]
    log.add(np.tile([[1, 2]], (5, 1)), Feedback.of(np.ones((5, 2))))  # more rows than are kept
    assert log.of_present(5, 6, EVEN, 1.0).liked.sum(axis=1).tolist() == [0, 0, 2, 2, 2]
    assert log.of_present(4, 6, EVEN, 1.0).liked.sum() == 0


def test_rates_decay_and_shrink():
    rates = ItemRates(problem(features="category"), halflife=10.0, prior=5.0)
    items = np.tile([[0, 1]], (10, 1))
    first = Feedback.of([[True, False]] * 10, [[True, False]] * 10)
    rates.learn(items, first)
    assert rates.clicks[0] == 10
    rates.learn(items, Feedback.of(np.zeros((10, 2)), delayed=late(0, 1, 0, 1)))
    assert rates.clicks[0] == pytest.approx(5)
    assert rates.conversions.tolist() == pytest.approx([5, 1, 0, 0, 0, 0])
    mean = (5 + 1) / (15 * 1.5 + 100)
    assert rates.click(EVEN)[:3] == pytest.approx([10 / (15 + 5 / mean), 5 / (7.5 + 5 / mean), mean])
    converted = (6 + 1) / (5 + 10)
    assert rates.conversion()[:3] == pytest.approx([10 / (5 + 5 / converted), 6 / (5 / converted), converted])


def test_features_speak_for_a_new_item():
    rates, random = ItemRates(problem(40), None, 5.0), np.random.default_rng(0)
    true = np.clip(0.15 + 0.06 * rates.features[:, 0], 0.02, 0.5)
    seen, new = np.split(random.permutation(40), [30])  # a quarter is never shown
    for _ in range(20):
        items = np.stack([random.permutation(seen)[:2] for _ in range(200)])
        rates.learn(items, Feedback.of(random.random(items.shape) < true[items] * EVEN))
    before = rates.click(EVEN)
    rates.fit(EVEN)
    assert np.ptp(before[new]) == 0
    found = rates.click(EVEN)[new]
    assert np.mean((found - true[new]) ** 2) < 0.1 * np.mean((before[new] - true[new]) ** 2)


def test_the_mixture_finds_its_coefficients():
    random, mixture = np.random.default_rng(0), Mixture()
    true = np.array([0.2, 0.8, 0.5, -0.3])
    for _ in range(150):
        parts = np.concatenate([np.ones((400, 1)), random.normal([-2.5, 0, 0], [0.7, 1, 0.5], (400, 3))], axis=1)
        examination = random.choice([1.0, 0.5], 400)
        clicks = random.random(400) < examination * np.exp(np.minimum(parts @ true, 0))
        mixture.update(parts, examination, clicks)
    # The last 50 steps count: about 2,000 clicks, so that the deviation of each is about 0.03, of the constant 0.1.
    assert mixture.coefficients == pytest.approx(true, abs=0.25)
    assert mixture.coefficients[2:] == pytest.approx(true[2:], abs=0.12)
    assert mixture(np.array([1.0, 100.0, 0.0, 0.0])) == 1


@pytest.mark.parametrize("trial", [[], [2], [0, 3], [0, 1, 2, 3, 4]])
def test_slates_are_as_frequent_as_their_propensities_say(trial):
    shoppers, random = 40_000, np.random.default_rng(1)
    scores = np.tile([0.1, 0.5, 0.2, 0.0, 0.4], (shoppers, 1))
    on_trial = np.tile(np.isin(np.arange(5), trial), (shoppers, 1))
    choice = Choice(np.ones_like(on_trial), 2, np.zeros(5, np.int64), NO_RULES)
    slate, propensity = try_first(random, scores, on_trial, 0.2, choice)
    assert (slate[:, 0] != slate[:, 1]).all()
    joint = propensity.astype(float).prod(axis=1)
    _, index, count = np.unique(slate, axis=0, return_inverse=True, return_counts=True)
    expected = np.bincount(index.ravel(), joint) / count
    assert expected.sum() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(joint, expected[index.ravel()], rtol=1e-5)  # the same slate, the same propensity
    statistic = ((count - shoppers * expected) ** 2 / (shoppers * expected)).sum()
    assert statistic < chi2.ppf(1 - 1e-4, len(count))
