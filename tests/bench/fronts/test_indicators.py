"""Quality indicators: published values, and what must hold of any set of points."""

import sys
import warnings

import numpy as np
import pytest
from tests.bench.fronts.brute_force import Points
from tests.bench.fronts.test_front import sphere

from slategym.bench.fronts.front import front
from slategym.bench.fronts.indicators import (
    covered,
    expected_utility,
    hypervolume,
    inverted_generational_distance,
    inverted_generational_distance_plus,
    weight_set,
)


@pytest.fixture(autouse=True, scope="module")
def _moocore():
    pytest.importorskip("moocore", reason="moocore comes with pip install 'slategym[mo]'")


@pytest.mark.parametrize(("name", "published"), [("deep-sea-treasure-v0", 994.3), ("deep-sea-treasure-concave-v0", 4255.0)])
def test_the_hypervolume_of_deep_sea_treasure_is_the_published_one(name, published):
    # Reference (0, -50), without discount: Vamplew et al. 2011 for the concave map, MO-Gymnasium for the convex one.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pygame's, and gymnasium's about the vector reward
        mo_gymnasium = pytest.importorskip("mo_gymnasium", reason="MO-Gymnasium comes with pip install 'slategym[mo]'")
        values = mo_gymnasium.make(name).unwrapped.pareto_front(1.0)
    assert hypervolume(values, (0, -50)) == pytest.approx(published)


def test_distances_are_those_of_the_paper_on_igd_plus():
    # Ishibuchi et al. 2015, example 4; its objectives are minimised.
    best = -np.array([[10, 0], [6, 1], [2, 2], [1, 6], [0, 10]])
    a, b = -np.array([[4, 2], [3, 3], [2, 4]]), -np.array([[8, 2], [4, 4], [2, 8]])
    assert inverted_generational_distance(a, best) == pytest.approx(3.707, abs=5e-4)
    assert inverted_generational_distance(b, best) == pytest.approx(2.591, abs=5e-4)  # though a is better
    assert inverted_generational_distance_plus(a, best) == pytest.approx(1.483, abs=5e-4)
    assert inverted_generational_distance_plus(b, best) == pytest.approx(2.260, abs=5e-4)


def test_expected_utility_of_two_ends_is_three_quarters():
    # The value of the better end is max(w, 1 - w): 3/4 on average over w,
    # and a little more for 100 values that include both ends.
    utility = expected_utility([[1.0, 0.0], [0.0, 1.0]])
    share = np.linspace(0, 1, 100)
    assert utility == pytest.approx(np.maximum(share, 1 - share).mean())
    assert utility == pytest.approx(0.75, abs=0.005)
    assert expected_utility([[2.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]) == 2.5


def test_the_weight_set_is_published_and_even():
    assert weight_set(1).tolist() == [[1.0]]
    np.testing.assert_allclose(weight_set(2)[:, 0], np.linspace(0, 1, 100))
    assert weight_set(3).shape == (105, 3)
    for objectives in (2, 3, 4):
        weights = weight_set(objectives)
        np.testing.assert_allclose(weights.sum(axis=1), 1)
        np.testing.assert_allclose(weights.mean(axis=0), 1 / objectives)


def test_coverage_counts_what_is_within_the_tolerance_in_every_objective():
    line = np.stack([np.linspace(0, 1, 101), 1 - np.linspace(0, 1, 101)], axis=1)
    assert covered(line, line) == 1.0
    assert covered([[0.5, 0.5]], line, 0.0201) == pytest.approx(5 / 101)  # two on each side and itself
    assert covered([[1.0, 1.0]], line) == 1.0
    assert covered([[0.0, 0.0]], line) == 0.0
    assert covered([[1.0, 1.0 - 0.5]], line, 0.0) == pytest.approx(51 / 101)


def test_the_values_of_a_front_approach_what_mixtures_reach():
    round_front = front(Points(sphere(20_000, 2)), precision=1e-4)
    values = round_front.sample(2000)
    assert hypervolume(values, (0, 0)) == pytest.approx(round_front.hypervolume((0, 0)), rel=2e-3)
    assert hypervolume(values, (0, 0)) < round_front.hypervolume((0, 0))
    assert inverted_generational_distance(values, values) == 0
    assert expected_utility(values) == pytest.approx(expected_utility(round_front.values), rel=1e-6)


def test_more_points_are_never_worse():
    random = np.random.Generator(np.random.Philox(0))
    line = sphere(200, 3)
    points = random.random((30, 3)) * 0.6
    for more in range(1, 30):
        fewer, all_of_them = points[:more], points[: more + 1]
        assert hypervolume(all_of_them, np.zeros(3)) >= hypervolume(fewer, np.zeros(3))
        assert expected_utility(all_of_them) >= expected_utility(fewer)
        assert inverted_generational_distance_plus(all_of_them, line) <= inverted_generational_distance_plus(fewer, line)
        assert covered(all_of_them, line, 0.2) >= covered(fewer, line, 0.2)


@pytest.mark.parametrize("points", [[], [1.0, 2.0], [[1.0, np.nan]], np.zeros((0, 2))])
def test_what_is_no_set_of_points_is_refused(points):
    with pytest.raises(ValueError, match=r"expected \(p, M\) finite numbers"):
        hypervolume(points, (0, 0))


def test_without_the_extra_the_command_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "moocore", None)
    with pytest.raises(ImportError, match=r'pip install "slategym\[mo\]"'):
        hypervolume([[1.0, 1.0]], (0, 0))
