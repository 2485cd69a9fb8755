"""Rates by item and segment: intervals that cover, a test that holds its level, and exact answers where there are any."""

import numpy as np
import pytest
from tests.bench.fitting import made

from slategym.bench.fitting.interaction import interaction_p_value
from slategym.bench.fitting.rates import fit_rates
from slategym.bench.fitting.trials import Trials

EXAMINATION = np.array([1.0, 0.8, 0.6, 0.4])


def coverage(replications, items, count, level, seed):
    random, found = np.random.default_rng(seed), {}
    for _ in range(replications):
        effects = made.drawn(random, items, level=level)
        rates = fit_rates(made.trials(random, effects, EXAMINATION, count), True)
        for name, inside in made.covered(rates, effects, EXAMINATION).items():
            found.setdefault(name, []).append(inside.mean())
    return {name: (np.mean(values), np.std(values, ddof=1) / np.sqrt(replications)) for name, values in found.items()}


def test_intervals_cover_the_parameters():
    """Four standard errors over replications; and for what is not known of the spreads, two percentage points."""
    for name, (mean, error) in coverage(12, 30, 4000, -2.0, seed=0).items():
        assert abs(mean - 0.95) <= 4 * max(error, np.sqrt(0.05 * 0.95 / (12 * 30))) + 0.02, name


@pytest.mark.slow
@pytest.mark.parametrize(("items", "count", "level"), [(30, 8000, -2.0), (30, 2000, -2.0), (60, 8000, -3.0)])
def test_intervals_cover_the_parameters_at_the_nominal_level(items, count, level):
    """Within 92.5 and 97.5 %, as intervals of Laplace's approximation are not exact, up to the sampling error of 150 worlds."""
    for name, (mean, error) in coverage(150, items, count, level, seed=1).items():
        assert 0.95 - 4 * error - 0.025 <= mean <= 0.95 + 4 * error + 0.025, (name, mean, error)


def test_rates_of_places_add_up():
    """As many successes as expected at every rank, and in all, however many effects are shrunk."""
    random = np.random.default_rng(2)
    trials = made.trials(random, made.drawn(random, 150, level=-2.0), EXAMINATION, 3000)
    rates = fit_rates(trials, True)
    expected = trials.trials * rates.success(trials)
    assert expected.sum() == pytest.approx(trials.successes.sum(), rel=1e-3)
    by_place = [np.bincount(trials.place, each) for each in (trials.successes, expected)]
    np.testing.assert_allclose(*by_place, rtol=0.02)


def test_without_differences_all_items_are_alike():
    random = np.random.default_rng(3)
    count = 200_000
    item, cell = random.integers(0, 20, count), random.integers(0, 6, count)
    trials = Trials.of(item, cell, made.CELLS, random.random(count) < 0.1, made.SIZES, 20)
    rates = fit_rates(trials)
    np.testing.assert_allclose(rates.attraction(trials), 0.1, atol=0.012)  # four standard errors
    assert rates.spread[1] < 0.1


def test_an_item_without_impressions_is_an_average_one_with_a_wide_interval():
    random = np.random.default_rng(4)
    effects = made.drawn(random, 30)
    full = made.trials(random, effects, EXAMINATION, 4000)
    kept = full.item > 0
    columns = {name: getattr(full, name)[kept] for name in ("item", "level", "place", "trials", "successes", "examined")}
    rates = fit_rates(Trials(**columns, items=30, sizes=full.sizes, places=4))
    assert abs(rates.own[0, 0]) < 1e-6
    np.testing.assert_allclose(rates.curvature.inverse[0, 0, 0], rates.spread[1] ** 2, rtol=0.05)


def test_grouping_keeps_every_trial():
    random = np.random.default_rng(5)
    item, cell, place = random.integers(0, 7, 1000), random.integers(0, 6, 1000), random.integers(0, 3, 1000)
    success, examined = random.random(1000) < 0.3, np.where(random.random(1000) < 0.5, 1.0, 0.4)
    trials = Trials.of(item, cell, made.CELLS, success, made.SIZES, 7, place, 3, examined)
    assert trials.trials.sum() == 1000
    assert trials.successes.sum() == success.sum()
    for rows, column in ((item, trials.item), (place, trials.place)):
        np.testing.assert_array_equal(np.bincount(rows, success), np.bincount(column, trials.successes))
    assert (trials.trials * trials.examined).sum() == pytest.approx(examined.sum())


def share_found(interaction, replications, level):
    random = np.random.default_rng(6)
    found = 0
    for replication in range(replications):
        effects = made.drawn(random, 30, (0.4, 0.5, interaction))
        trials = made.trials(random, effects, EXAMINATION, 2000)
        found += interaction_p_value(trials, fit_rates(trials, quick=True), 99, replication) < level
    return found / replications


def test_the_test_of_interactions_holds_its_level_and_has_power():
    assert share_found(0.0, 30, 0.2) <= 0.2 + 4 * np.sqrt(0.2 * 0.8 / 30)
    assert share_found(0.4, 10, 0.05) >= 0.8


def test_the_test_wants_a_fit_without_interactions():
    random = np.random.default_rng(7)
    trials = made.trials(random, made.drawn(random, 5), EXAMINATION, 200)
    with pytest.raises(ValueError, match="expected a fit without them"):
        interaction_p_value(trials, fit_rates(trials, True))
