"""The bootstrap: exact where it can be, covering what it says, and narrower where seeds are paired."""

from math import sqrt

import numpy as np
import pytest
from scipy.stats import t

from slategym.bench.statistics import Estimate, as_json, bootstrap, probability_better, resamples


def normals(seed, *shape):
    return np.random.Generator(np.random.Philox(seed)).normal(size=shape)


@pytest.mark.parametrize("seeds", [2, 3, 5, 7])
def test_few_seeds_go_through_every_resample(seeds):
    shares, probability = resamples(seeds)
    assert probability.sum() == pytest.approx(1)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    # the moments of the multinomial distribution
    np.testing.assert_allclose(probability @ shares, 1 / seeds)
    np.testing.assert_allclose(probability @ (shares - 1 / seeds) ** 2, (1 - 1 / seeds) / seeds**2)
    assert len(np.unique(shares, axis=0)) == len(shares)


def test_three_seeds_by_hand():
    # 27 resamples of (0, 0, 3): the mean is 0 in 8 of them, 1 in 12, 2 in 6 and 3 in 1
    found = bootstrap([0.0, 0.0, 3.0], level=0.5)
    stretch = t.ppf(0.75, 2) * sqrt(3 / 2) / 0.6744897501960817
    assert found.mean == 1
    assert found.low == pytest.approx(1 - stretch)  # a quarter is reached within the 8 zeros
    assert found.high == pytest.approx(1 + stretch)  # three quarters within the ones (20 / 27 < 0.75): at 2


def test_many_seeds_are_drawn_and_always_the_same():
    values = normals(1, 30)
    resamples.cache_clear()
    first = bootstrap(values)
    resamples.cache_clear()
    second = bootstrap(values)
    assert (first.low, first.high) == (second.low, second.high)
    # close to the t interval, which is exact for normals; 10,000 resamples leave some 3 % of the width open
    half = t.ppf(0.975, 29) * values.std(ddof=1) / sqrt(30)
    assert first.high - first.low == pytest.approx(2 * half, rel=0.1)


@pytest.mark.parametrize(("seeds", "expected"), [(2, 0.93), (3, 0.95), (5, 0.945), (7, 0.945)])
def test_coverage_on_normal_values(seeds, expected):
    """As the docstring states it; 4,000 experiments have a standard error of 0.0035, 2,000 of 0.005."""
    found = bootstrap(normals(2, seeds, 4000 if seeds < 7 else 2000))
    covered = np.mean((found.low <= 0) & (found.high >= 0))
    assert covered == pytest.approx(expected, abs=0.0125)


def test_coverage_on_skewed_values_is_what_the_docstring_admits():
    random = np.random.Generator(np.random.Philox(3))
    found = bootstrap(random.exponential(size=(5, 4000)) - 1)
    assert np.mean((found.low <= 0) & (found.high >= 0)) == pytest.approx(0.88, abs=0.0175)


def test_each_column_has_its_own_interval():
    values = normals(4, 5, 6)
    together = bootstrap(values)
    for column in range(6):
        alone = bootstrap(values[:, column])
        assert (together.low[column], together.high[column]) == pytest.approx((alone.low, alone.high))


def test_one_seed_has_no_interval():
    found = bootstrap([[1.0, 2.0]])
    assert found.mean.tolist() == [1.0, 2.0]
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


def test_equal_values_have_an_interval_without_width():
    found = bootstrap([0.25] * 5)
    assert found.low == found.mean == found.high == 0.25


def test_what_the_seeds_share_leaves_the_difference():
    shared, own_a, own_b = 3 * normals(5, 5, 1000), normals(6, 5, 1000), normals(7, 5, 1000)
    a, b = shared + own_a + 0.5, shared + own_b
    paired = bootstrap(a - b)
    alone = bootstrap(a)
    assert (paired.high - paired.low).mean() < 0.6 * (alone.high - alone.low).mean()  # sqrt(2) against sqrt(10)


def test_probability_better():
    assert probability_better([1.0, 2.0, 3.0], [0.0, 1.0, 2.0]) == pytest.approx(1)
    assert probability_better([1.0, 2.0], [1.0, 2.0]) == pytest.approx(0.5)  # ties
    # of the four resamples of (+1, -2) the mean is above zero in one
    assert probability_better([1.0, 0.0], [0.0, 2.0]) == pytest.approx(0.25)
    # of the resamples of (.3, -.1, -.2) the one of all three is a tie, but for rounding
    assert probability_better([0.3, 0.0, 0.0], [0.0, 0.1, 0.2]) == pytest.approx((1 + 3 + 3 + 3 + 6 / 2) / 27)
    a, b = normals(8, 9), normals(9, 9)
    assert probability_better(a, b) + probability_better(b, a) == pytest.approx(1)


@pytest.mark.parametrize("seeds", range(1, 13))
def test_a_probability_does_not_leave_its_range(seeds):
    low, high = np.zeros(seeds), np.arange(seeds) + 1.0
    assert probability_better(high, low) == 1
    assert probability_better(low, high) == 0
    assert probability_better(low, low) == 0.5


def test_the_interval_of_a_ratio_covers():
    random = np.random.Generator(np.random.Philox(0))
    per = 1 + random.random((1000, 40))
    values = 0.3 * per + 0.1 * random.normal(size=per.shape)
    found = [Estimate.from_ratio(value, unit) for value, unit in zip(values, per, strict=True)]
    covered = np.mean([each.low < 0.3 < each.high for each in found])
    assert 0.95 - 4.5 * np.sqrt(0.95 * 0.05 / 1000) - 0.01 < covered < 0.95 + 4.5 * np.sqrt(0.95 * 0.05 / 1000)


def test_what_cannot_be_said_is_none():
    assert Estimate.from_samples([]) == Estimate.from_ratio([1.0, 2.0], [0.0, 0.0]) == Estimate(None)
    assert Estimate.from_samples([2.0]) == Estimate(2.0)


def test_the_difference_of_two_ratios_is_paired():
    random = np.random.Generator(np.random.Philox(1))
    shopper = random.normal(size=(1000, 40))  # what makes both ratios of a shopper high
    per, other = 1 + random.random((2, 1000, 40))
    values, others = (0.5 * per + shopper * per, 0.3 * other + shopper * other)
    found = [Estimate.paired_difference(*each) for each in zip(values, per, others, other, strict=True)]
    covered = np.mean([each.low < 0.2 < each.high for each in found])
    assert 0.95 - 4.5 * np.sqrt(0.95 * 0.05 / 1000) - 0.01 < covered < 0.95 + 4.5 * np.sqrt(0.95 * 0.05 / 1000)
    alone = Estimate.from_ratio(values[0], per[0])
    assert found[0].high - found[0].low < 0.7 * (alone.high - alone.low)
    assert Estimate.paired_difference([1.0], [0.0], [1.0], [1.0]) == Estimate(None)


def test_an_estimate_is_read_from_json_and_written_to_it():
    estimate = Estimate(1.0, None, 3.0)
    content = {"mean": 1.0, "low": None, "high": 3.0}
    assert estimate.to_json() == content
    assert Estimate.from_json(content) == estimate
    assert Estimate.from_json({"mean": float("nan"), "high": float("inf")}) == Estimate.from_json(None) == Estimate(None)
    assert as_json({"a": [estimate, (estimate, 2)], "b": "text"}) == {"a": [content, [content, 2]], "b": "text"}


def test_an_estimate_in_other_units():
    estimate = Estimate(1.0, -1.0, 3.0)
    assert estimate.divided_by(2.0) == Estimate(0.5, -0.5, 1.5)
    assert estimate.divided_by(None) == estimate.divided_by(0) == Estimate(None)
    assert Estimate(1.0, None, 3.0).divided_by(2.0) == Estimate(0.5, None, 1.5)
    assert estimate.subtracted_from(1) == Estimate(0.0, -2.0, 2.0)
    assert estimate.clipped(0.0, None) == Estimate(1.0, 0.0, 3.0)
    assert estimate.clipped(None, 2.0) == Estimate(1.0, -1.0, 2.0)
    assert Estimate(1.0).clipped(0.0, 2.0) == Estimate(1.0)


def test_what_an_interval_contains():
    assert [Estimate(*parts).excludes_zero for parts in ((1.0, 0.5, 2.0), (-1.0, -2.0, -0.5), (1.0, -0.1, 2.0), (1.0,))] == [
        True,
        True,
        False,
        None,
    ]
    assert Estimate(1.0, 0.5, 2.0).known == [1.0, 0.5, 2.0]
    assert Estimate(1.0).known == [1.0]


def test_a_proportion_has_an_interval():
    third = Estimate.from_proportion(0.3, 101)
    assert third.high - 0.3 == pytest.approx(t.ppf(0.975, 100) * sqrt(0.3 * 0.7 / 100))
