"""The exact front: against brute force, closed forms, and what must hold of any front."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import ConvexHull
from tests.bench.fronts.brute_force import Points, arms, drawn, every_value

from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.fronts.front import front
from slategym.bench.fronts.hull import hull_below, lattice, volume_above
from slategym.sim.click_models import UserBrowsing, make_click_model
from slategym.sim.worlds import make_world


def sphere(count, objectives, seed=0):
    """Points of the positive sphere: all of them on the front, which is round."""
    random = np.random.Generator(np.random.Philox(seed))
    points = np.abs(random.standard_normal((count, objectives)))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def best_of(values, directions):
    return (values @ directions.T).max(axis=0)


def some_directions(objectives, count=200, seed=1):
    random = np.random.Generator(np.random.Philox(seed))
    return random.dirichlet(np.ones(objectives), count)


# Against brute force and closed forms


@pytest.mark.parametrize("objectives", [("click", "conversion"), ("conversion", "click"), ("click", "conversion", "revenue")])
@pytest.mark.parametrize("seed", [0, 1])
def test_brute_force_over_all_slates_gives_the_same_front(objectives, seed):
    world = drawn(objectives=objectives)
    shoppers = world.shoppers(seed, np.arange(3))
    everything = every_value(world, shoppers)
    found = front(world, shoppers=shoppers, precision=1e-4)
    assert found.oracle == "exact"
    assert found.precision <= 1e-4
    scale = found.ranges
    # Every value of the front is one that is shown, and in every direction the front goes as far as anything does.
    assert np.abs(found.values[:, None] - everything[None]).max(axis=2).min(axis=1).max() < 1e-6 * scale.max()
    directions = some_directions(len(objectives)) / scale
    short = (best_of(everything, directions) - best_of(found.values, directions)) / np.linalg.norm(directions * scale, axis=1)
    assert short.max() <= 1e-4 + 1e-6
    assert short.min() >= -1e-6
    np.testing.assert_allclose(found.utopia, everything.max(axis=0), rtol=1e-6)
    assert found.beyond(everything).max() < 1e-6
    # The volume above the nadir, of the hull of everything and all below it.
    reference = found.nadir
    kept = everything[ConvexHull(everything).vertices]
    exact = volume_above((kept - reference) / scale, np.zeros(len(objectives))) * scale.prod()
    assert found.hypervolume() == pytest.approx(exact, rel=1e-3)


@pytest.mark.parametrize("click_model", ["position-based", "multinomial", "cascade"])
def test_the_front_holds_over_slates_that_repeat_items_where_more_items_would_lose(click_model):
    """Profit falls with every conversion of an expensive item at a loss, and satisfaction with every click on bait."""
    world = drawn(objectives=("profit", "satisfaction"))
    margin = world.catalog.margin * np.array([1, -1, -1, -1, 1][: world.catalog.size])
    model = replace(world.user_model)
    object.__setattr__(model, "click_model", make_click_model(click_model, 2))
    world = replace(world, catalog=replace(world.catalog, margin=margin, quality=-0.3 * np.arange(len(margin))), user_model=model)
    shoppers = world.shoppers(0, np.arange(3))
    everything = every_value(world, shoppers)
    distinct = every_value(world, shoppers, repeats=False)
    found = front(world, shoppers=shoppers, precision=1e-4)
    directions = some_directions(2) / found.ranges
    assert (best_of(everything, directions) > best_of(distinct, directions) + 1e-3).any()  # repeating does pay
    assert found.beyond(everything).max() < 1e-6
    np.testing.assert_allclose(found.utopia, everything.max(axis=0), rtol=1e-6)
    size = np.linalg.norm(directions * found.ranges, axis=1)
    assert ((best_of(everything, directions) - best_of(found.values, directions)) / size).max() <= 1e-4 + 1e-6


def test_the_nadir_of_two_objectives_is_the_best_of_the_one_at_the_best_of_the_other():
    world = drawn()
    shoppers = world.shoppers(0, np.arange(3))
    everything = every_value(world, shoppers)
    found = front(world, shoppers=shoppers, precision=1e-4)
    ends = [everything[everything[:, 0] > everything[:, 0].max() - 1e-9, 1].max()]
    ends.append(everything[everything[:, 1] > everything[:, 1].max() - 1e-9, 0].max())
    np.testing.assert_allclose(found.nadir, ends[::-1], rtol=1e-6)


def test_two_arms_are_a_line():
    found = front(arms())
    np.testing.assert_allclose(found.values, [[0.04, 0.03], [0.10, 0.01]], rtol=1e-6)
    np.testing.assert_allclose(found.utopia, [0.10, 0.03], rtol=1e-6)
    np.testing.assert_allclose(found.nadir, [0.04, 0.01], rtol=1e-6)
    assert found.hypervolume() == pytest.approx(0.06 * 0.02 / 2, rel=1e-5)
    assert found.hypervolume((0, 0)) == pytest.approx(0.04 * 0.03 + 0.06 * 0.02, rel=1e-5)
    assert found.hypervolume((0.07, 0.01)) == pytest.approx(0.03 * 0.01 / 2, rel=1e-5)
    assert found.hypervolume((0.2, 0.0)) == 0
    line = found.sample(50)
    np.testing.assert_allclose(line[:, 1], 0.03 - (line[:, 0] - 0.04) / 3, rtol=1e-5)
    assert len(line) in range(50, 53)
    assert found.reach.calls < 15


def test_an_arm_that_another_betters_at_no_cost_is_not_on_the_front():
    found = front(arms((0.10, 0.10, 0.04), (0.002, 0.010, 0.030)))
    np.testing.assert_allclose(found.values, [[0.04, 0.03], [0.10, 0.01]], rtol=1e-6)


def test_one_slate_best_for_all_is_a_front_of_one_point():
    found = front(arms((0.10, 0.04), (0.03, 0.03)))
    np.testing.assert_allclose(found.values, [[0.10, 0.03]], rtol=1e-6)
    assert found.hypervolume() == 0
    assert found.hypervolume((0, 0)) == pytest.approx(0.003, rel=1e-5)
    np.testing.assert_allclose(found.sample(10), found.values)
    np.testing.assert_allclose(found.short_of([[0.05, 0.03], [0.10, 0.03]]), [0.0, 0.0], atol=1e-6)


def test_one_objective_is_its_best():
    found = front(Points([[1.0], [3.0], [2.0]]))
    assert (found.values.tolist(), found.precision) == ([[3.0]], 0.0)
    assert found.hypervolume([1.0]) == 2.0


@pytest.mark.parametrize(("objectives", "precision"), [(2, 1e-3), (3, 0.02), (4, 0.1)])
def test_a_round_front_has_the_volume_of_the_ball(objectives, precision):
    # A part of the unit ball; 20,000 points of the sphere lack less than the precision.
    found = front(Points(sphere(20_000, objectives)), precision=precision)
    ball = {2: np.pi / 4, 3: np.pi / 6, 4: np.pi**2 / 32}[objectives]
    surface = {2: np.pi / 2, 3: np.pi / 2, 4: np.pi**2 / 8}[objectives]
    assert found.precision <= precision
    assert ball - 1.1 * surface * precision < found.hypervolume(np.zeros(objectives)) < ball


# What must hold of any front

CLOUDS = st.integers(1, 3).flatmap(
    lambda objectives: arrays(
        np.float64,
        st.tuples(st.integers(1, 12), st.just(objectives)),
        elements=st.integers(-8, 8).map(lambda step: step / 4),
    )
)


@settings(max_examples=60, deadline=None)
@given(CLOUDS)
def test_every_mixture_lies_inside_and_no_value_is_bettered(cloud):
    found = front(Points(cloud), precision=1e-6)
    random = np.random.Generator(np.random.Philox(0))
    mixtures = np.vstack([cloud, random.dirichlet(np.ones(len(cloud)), 50) @ cloud])
    assert found.beyond(mixtures).max() < 1e-6
    assert found.short_of(mixtures).min() > -2e-5  # nor beyond mixtures of the values
    assert found.precision <= 2e-5
    better = (cloud[None] >= found.values[:, None] - 1e-12).all(axis=2) & (cloud[None] > found.values[:, None] + 1e-9).any(axis=2)
    assert not better.any()
    np.testing.assert_allclose(found.utopia, cloud.max(axis=0))


@settings(max_examples=40, deadline=None)
@given(CLOUDS, st.sampled_from([0.3, 0.1, 0.03, 0.01]))
def test_the_front_is_concave_and_its_sample_lies_on_it(cloud, precision):
    found = front(Points(cloud), precision=precision)
    sample = found.sample(60)
    assert np.abs(found.short_of(sample)).max() < 1e-6
    random = np.random.Generator(np.random.Philox(0))
    a, b = random.integers(len(sample), size=(2, 40))
    assert found.short_of((sample[a] + sample[b]) / 2).min() > -1e-6


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(2, 3), st.integers(0, 1000))
def test_more_precision_never_lowers_the_hypervolume(objectives, seed):
    reach = Points(sphere(3000, objectives, seed))
    fronts = [front(reach, precision=precision) for precision in (0.3, 0.1, 0.03, 0.01)]
    volumes = [each.hypervolume(np.zeros(objectives)) for each in fronts]
    assert volumes == sorted(volumes)
    for coarse, fine in pairwise(fronts):
        held = {tuple(value) for value in np.round(fine.values, 9)}
        assert {tuple(value) for value in np.round(coarse.values, 9)} <= held


def test_no_slate_of_a_world_lies_beyond_its_front():
    world = make_world("ShopBandit-v0")
    found = front(world, shoppers=50, seed=3)
    assert found.precision <= 1e-3
    random = np.random.Generator(np.random.Philox(0))
    shown = [
        world.expected(found.reach.shoppers, np.argsort(random.random((50, world.choices)), axis=1)[:, :5]).mean(axis=0)
        for _ in range(20)
    ]
    best = [found.reach.best(weights)[0] for weights in some_directions(2, 30) / found.ranges]
    assert found.beyond([*shown, *best]).max() < 1e-6
    assert found.short_of(shown).min() > 0.05
    assert np.abs(found.short_of(best)).max() <= 1e-3


# What is not exact


def test_where_the_oracle_is_near_the_best_the_bound_lies_outside():
    world = make_world("ShopBandit-v0", items=30, click_model="user-browsing")
    assert isinstance(world.user_model.click_model, UserBrowsing)
    found = front(world, shoppers=20, precision=1e-3)
    assert found.oracle == "approximate"
    assert found.reach.calls < 300
    # The bound lies outside by as much as the world says, in ranges: the distance is no smaller than what one direction shows.
    value, most = found.reach.best(found.weights[0])
    assert most > found.weights[0] @ value
    assert found.precision >= (most - found.weights[0] @ value) / np.linalg.norm(found.weights[0] * found.ranges) - 1e-9
    assert found.beyond(found.values).max() <= 1e-9


def test_among_candidates_the_front_is_that_of_what_is_offered():
    world = make_world("ShopBandit-v0", candidates=20)
    found = front(world, shoppers=30, precision=1e-2)
    random = np.random.Generator(np.random.Philox(0))
    shown = [
        world.expected(found.reach.shoppers, np.argsort(random.random((30, 20)), axis=1)[:, :5]).mean(axis=0) for _ in range(50)
    ]
    assert found.beyond(shown).max() < 1e-6
    every = front(make_world("ShopBandit-v0"), shoppers=30, precision=1e-2)
    assert every.beyond(found.values).max() < 0 < every.short_of(found.values).min()


def test_an_objective_of_the_whole_slate_makes_the_front_approximate_and_one_that_is_rehearsed_an_estimate():
    options = {"items": 40, "categories": 5}
    whole = front(make_world("ShopBandit-v0", objectives=("click", "diversity"), **options), shoppers=20, precision=1e-2)
    assert whole.oracle == "approximate"
    assert whole.precision > 1e-2
    assert whole.beyond(whole.values).max() < 1e-6
    rehearsed = front(make_world("Shop-v0", objectives=("click", "retention"), **options), shoppers=20, precision=0.1)
    assert rehearsed.oracle == "estimated"


def test_calls_are_bounded_and_the_precision_says_how_far_it_came():
    reach = Points(sphere(5000, 3))
    found = front(reach, precision=1e-4, calls=50)
    assert reach.calls < 120
    assert found.precision > 1e-4
    assert found.beyond(reach.points).max() <= 1e-9
    assert found.short_of(reach.points).min() >= -found.precision - 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: front(arms(), precision=0), "precision is 0: expected a share of the ranges above 0"),
        (lambda: front(arms(), shoppers=0), "shoppers is 0: expected at least 1"),
        (lambda: front(arms()).hypervolume((0.0,)), r"reference is \(0.0,\): expected 2 finite numbers"),
        (lambda: AchievableSet(arms()).best((0, 0)), "expected a finite number for each of click, conversion, not all zero"),
        (lambda: AchievableSet(arms()).best((1, 2, 3)), "expected a finite number for each of click, conversion, not all zero"),
    ],
)
def test_mistakes_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# The hull


def test_the_hull_below_has_the_faces_that_one_expects():
    hull = hull_below(np.array([[1.0, 0.0], [0.0, 1.0], [0.2, 0.2]]), np.array([-1.0, -1.0]))
    assert sorted(map(tuple, np.round(hull.normals, 6))) == [(0, 1), (0.707107, 0.707107), (1, 0)]
    assert [set(face) for face in hull.faces] == [{0, 1}]
    assert hull.volume == pytest.approx(4 - 0.5)


def test_the_lattice_holds_every_share_once():
    points = lattice(3, 4)
    assert points.shape == (15, 3)
    assert (points.sum(axis=1) == 1).all()
    assert len(np.unique(points, axis=0)) == 15
    assert set(np.unique(points)) == {0, 0.25, 0.5, 0.75, 1}
    assert lattice(1, 3).tolist() == [[1.0]]
    assert lattice(2, 2).tolist() == [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]


@settings(max_examples=30, deadline=None)
@given(arrays(np.float64, (6, 3), elements=st.floats(0, 1)), arrays(np.float64, 3, elements=st.floats(0, 1)))
def test_volume_above_a_reference_agrees_with_counting(points, reference):
    exact = volume_above(points, reference)
    random = np.random.Generator(np.random.Philox(0))
    spots = reference + random.random((4000, 3)) * (1 - reference)
    if (points.max(axis=0) <= 0).any():
        return
    hull = hull_below(points, np.full(3, -1.0))
    share = ((spots @ hull.normals.T) <= hull.levels).all(axis=1).mean()
    box = (1 - reference).prod()
    assert exact == pytest.approx(share * box, abs=5 * box * np.sqrt(0.25 / 4000) + 1e-9)
