"""Claims hold together: few false ones among equal agents, whatever their values look like, and intervals that fit them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from slategym.bench.claims import pairs, power, seeds_to_tell, sequence_interval, told_difference

AGENTS, BENCHMARKS = 10, 1000


def draw(kind, shape, random):
    if kind == "exponential":
        return random.exponential(size=shape)
    if kind == "lognormal":
        return random.lognormal(size=shape)
    if kind == "collapse":  # one run in ten ends far below
        return random.normal(size=shape) - 20 * (random.random(shape) < 0.1)
    return random.normal(size=shape)


def by_agent(values):
    return {f"agent {number}": dict(enumerate(column)) for number, column in enumerate(values.T)}


@pytest.mark.quick("normal-3", "exponential-5", "lognormal-10", "collapse-3")
@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("kind", ["normal", "exponential", "lognormal", "collapse"])
def test_few_benchmarks_of_equal_agents_claim_a_difference(kind, seeds):
    random = np.random.Generator(np.random.Philox(17))
    values = draw(kind, (BENCHMARKS, seeds, AGENTS), random)
    claimed = 0
    for benchmark in values:
        a, b = np.triu_indices(AGENTS, 1)
        gaps = benchmark[:, a] - benchmark[:, b]
        t = np.abs(gaps.mean(axis=0)) / (gaps.std(axis=0, ddof=1) / seeds**0.5)
        claimed += bool(2 * stats.t.sf(t.max(), seeds - 1) <= 0.05 / len(a))  # Holm's first step
    assert claimed <= 0.065 * BENCHMARKS
    for benchmark in values[:20]:
        a, b = np.triu_indices(AGENTS, 1)
        gaps = benchmark[:, a] - benchmark[:, b]
        expected = stats.ttest_1samp(gaps, 0).pvalue.min() <= 0.05 / len(a)
        assert any(pair.apart for pair in pairs(by_agent(benchmark))) == expected


def test_differences_that_are_there_are_told():
    """The power at ten seeds: agents a standard deviation apart, one after the other."""
    random = np.random.Generator(np.random.Philox(3))
    told = []
    for _ in range(100):
        found = pairs(by_agent(random.normal(size=(10, 5)) + 3 * np.arange(5)))
        told.append(np.mean([pair.apart for pair in found]))
        assert all((pair.difference.mean or 0) * (pair.difference.low or 0) >= 0 for pair in found if pair.apart)
    assert np.mean(told) > 0.9


def test_claims_are_those_of_holm_and_intervals_fit_them():
    random = np.random.Generator(np.random.Philox(5))
    for _ in range(50):
        values = random.normal(size=(5, 4)) + 2 * np.arange(4)
        found = pairs(by_agent(values))
        p = np.array([stats.ttest_rel(values[:, int(pair.a[6:])], values[:, int(pair.b[6:])]).pvalue for pair in found])
        np.testing.assert_allclose([pair.p for pair in found], p)
        adjusted, highest = np.zeros(6), 0.0
        for place, number in enumerate(np.argsort(p)):
            highest = max(highest, min(1, (6 - place) * p[number]))
            adjusted[number] = highest
        np.testing.assert_allclose([pair.adjusted for pair in found], adjusted)
        assert [pair.apart for pair in found] == [pair.difference.excludes_zero for pair in found]


def test_equal_runs_do_not_differ_and_one_seed_tells_nothing():
    same, one = pairs({"a": {0: 1.0, 1: 2.0}, "b": {0: 1.0, 1: 2.0}}), pairs({"a": {0: 1.0}, "b": {0: 2.0}})
    assert same[0].apart is False
    assert (one[0].apart, one[0].difference.mean, one[0].difference.low) == (None, -1.0, None)
    assert pairs({"a": {0: 1.0}, "b": {1: 2.0}})[0].difference.mean is None


def test_power_and_seeds_fit_a_simulation():
    random = np.random.Generator(np.random.Philox(9))
    gaps = 0.5 + random.normal(size=(20_000, 12))
    told = (np.abs(gaps.mean(axis=1)) / (gaps.std(axis=1, ddof=1) / 12**0.5) > stats.t.ppf(0.975, 11)).mean()
    assert power(0.5, 1, 12) == pytest.approx(told, abs=4 * np.sqrt(told * (1 - told) / 20_000))
    assert power(0.0, 1, 12) == pytest.approx(0.05, abs=1e-6)
    seeds = seeds_to_tell(0.5, 1)
    assert power(0.5, 1, seeds) >= 0.8 > power(0.5, 1, seeds - 1)
    assert power(told_difference(1, 12), 1, 12) == pytest.approx(0.8, abs=1e-6)
    assert seeds_to_tell(1e-9, 1) is None


@pytest.mark.parametrize("kind", ["normal", "laplace", "collapse"])
def test_looking_after_every_seed_is_rarely_wrong(kind):
    random = np.random.Generator(np.random.Philox(11))
    wrong, count = 0, 500
    for _ in range(count):
        gaps = random.laplace(size=50) if kind == "laplace" else draw(kind, 50, random) - draw(kind, 50, random)
        ends = [sequence_interval(gaps[:seeds]) for seeds in range(2, 51)]
        wrong += any(low > 0 or high < 0 for low, high in ends)
    assert wrong <= 0.05 * count + 2 * np.sqrt(0.05 * 0.95 * count)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60))
def test_a_sequence_interval_holds_the_mean_and_is_wider_than_students(values):
    low, high = sequence_interval(values)
    mean, spread = np.mean(values), np.std(values, ddof=1)
    half = stats.t.ppf(0.975, len(values) - 1) * spread / len(values) ** 0.5
    assert low <= mean + 1e-9
    assert high >= mean - 1e-9
    assert high - mean >= half * (1 - 1e-9) - 1e-9
