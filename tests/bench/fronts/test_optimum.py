"""The best mixture for a utility: closed forms, brute force, and a certificate that holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from tests.bench.fronts.brute_force import Points, arms, drawn, every_value
from tests.bench.fronts.test_front import sphere

from slategym.agents.scalarizers import (
    AugmentedChebyshev,
    GeneralisedGini,
    HypervolumeScalarizer,
    Lagrangian,
    NashWelfare,
    Schedule,
    SmoothChebyshev,
)
from slategym.agents.scalarizers.base import FixedSum
from slategym.bench.fronts.achievable import AchievableSet
from slategym.bench.fronts.front import front
from slategym.bench.fronts.optimum import optimum
from slategym.sim.worlds import make_world


def scalarizers(objectives):
    """Of every kind, for objectives between 0 and about 1."""
    ones = np.ones(objectives)
    return {
        "fixed": FixedSum(1 + np.arange(objectives)),
        "nash": NashWelfare(ones, 0 * ones),
        "bargaining": NashWelfare(1 + np.arange(objectives), 0.1 * ones),
        "smooth chebyshev": SmoothChebyshev(ones),
        "sharp chebyshev": SmoothChebyshev(ones, smoothness=0.01),
        "augmented chebyshev": AugmentedChebyshev(ones),
        "gini": GeneralisedGini(0.5 ** np.arange(objectives)),
    }


# Closed forms


def test_nash_of_two_arms_is_the_published_mixture():
    found = optimum(arms(), NashWelfare((1, 1), (0, 0)), tolerance=1e-10)
    np.testing.assert_allclose(found.value, [0.065, 0.0216667], rtol=1e-4)
    first = found.parts[:, 0].argmax()
    assert found.mixture[first] == pytest.approx(0.41667, abs=1e-4)
    assert found.utility == pytest.approx(np.log(0.065 * 0.065 / 3), abs=1e-7)
    assert 0 <= found.gap < 1e-7
    np.testing.assert_allclose(found.weights / found.weights.sum(), [0.25, 0.75], rtol=1e-4)


@pytest.mark.parametrize(
    ("scalarizer", "value"),
    [
        (FixedSum((1, 10)), (0.04, 0.03)),
        (FixedSum((1, 1)), (0.10, 0.01)),
        (GeneralisedGini((1, 0.5), (1, 3)), (0.065, 0.0216667)),  # where both are alike on their scale
        (AugmentedChebyshev((0.1, 0.03)), (0.0684211, 0.0205263)),  # where both lack the same share of their utopia
        (Lagrangian(1, {0: 0.07}), (0.07, 0.02)),
        (Lagrangian(0, {1: 0.01}), (0.10, 0.01)),
        (Lagrangian(0, None, {0: 0.05}), (0.05, 0.0266667)),
    ],
    ids=lambda part: type(part).__name__,
)
def test_two_arms_in_closed_form(scalarizer, value):
    found = optimum(arms(), scalarizer)
    np.testing.assert_allclose(found.value, value, rtol=2e-5)
    assert found.gap < 1e-7
    np.testing.assert_allclose(found.mixture @ found.parts, found.value)
    assert found.oracle == "exact"


@pytest.mark.parametrize("objectives", [2, 3, 5])
def test_on_a_sphere_nash_is_its_middle(objectives):
    found = optimum(
        Points(np.vstack([sphere(5000, objectives), np.full(objectives, objectives**-0.5)])), scalarizers(objectives)["nash"]
    )
    np.testing.assert_allclose(found.value, objectives**-0.5, rtol=1e-4)


# Brute force


def best_by_brute_force(values, scalarizer):
    """The utility of the best mixture by a general solver, from several starts."""
    best = -np.inf
    for start in (np.full(len(values), 1 / len(values)), *np.eye(len(values))[:3] * 0.9 + 0.1 / len(values)):
        solved = minimize(
            lambda shares: -scalarizer.utility(shares @ values),
            start / start.sum(),
            jac=lambda shares: -(values @ scalarizer.gradient(shares @ values)),
            bounds=[(0, 1)] * len(values),
            constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1, "jac": lambda shares: np.ones(len(values))},
            options={"maxiter": 500, "ftol": 1e-12},
        )
        best = max(best, scalarizer.utility(np.maximum(solved.x, 0) / np.maximum(solved.x, 0).sum() @ values))
    return best


@pytest.mark.quick("nash", "bargaining", "gini", "fixed")
@pytest.mark.parametrize("name", scalarizers(2))
def test_brute_force_over_all_slates_finds_nothing_better(name):
    world = drawn()
    shoppers = world.shoppers(1, np.arange(3))
    found = optimum(world, scalarizers(2)[name], shoppers=shoppers)
    corners = front(world, shoppers=shoppers, precision=1e-6).values
    everything = every_value(world, shoppers)
    brute = best_by_brute_force(corners, scalarizers(2)[name])
    assert found.utility >= brute - 1e-7
    assert found.utility <= brute + 1e-3  # the solver comes near, not there, where there are corners
    assert max(scalarizers(2)[name].utility(value) for value in everything) <= found.utility + found.gap + 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 4), st.sampled_from(sorted(scalarizers(2))), st.integers(0, 10_000))
def test_no_mixture_has_more_than_the_certificate(objectives, name, seed):
    random = np.random.Generator(np.random.Philox(seed))
    cloud = random.random((8, objectives))
    scalarizer = scalarizers(objectives)[name]
    found = optimum(Points(cloud), scalarizer)
    mixtures = np.vstack([cloud, random.dirichlet(np.ones(len(cloud)), 300) @ cloud, found.value + 1e-3 * (cloud - found.value)])
    assert max(scalarizer.utility(value) for value in mixtures) <= found.utility + found.gap + 1e-9
    assert found.utility == pytest.approx(scalarizer.utility(found.value), abs=1e-12)
    assert found.mixture.sum() == pytest.approx(1)
    assert (found.mixture > 0).all()
    assert len(found.mixture) <= objectives + 1  # more are never needed (Carathéodory)
    # By the weights of the certificate no point is better than the parts.
    assert (found.parts @ found.weights).min() > (cloud @ found.weights).max() - 1e-4 * np.abs(found.weights).sum()
    assert found.gap <= 1e-6 * np.abs(found.weights).sum()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8))
def test_a_floor_costs_what_a_linear_programme_says(seed, share):
    random = np.random.Generator(np.random.Philox(seed))
    cloud = random.random((10, 3))
    floor = share * cloud[:, 0].max() + (1 - share) * cloud[:, 0].min()
    ceiling = cloud[:, 2].mean()
    from scipy.optimize import linprog

    solved = linprog(
        -cloud[:, 1], A_ub=[-cloud[:, 0], cloud[:, 2]], b_ub=[-floor, ceiling], A_eq=np.ones((1, 10)), b_eq=[1], bounds=(0, 1)
    )
    goal = Lagrangian(1, {0: floor}, {2: ceiling}, objectives=3)
    if not solved.success:
        with pytest.raises(ValueError, match="no mixture of slates has objective 0 >= "):
            optimum(Points(cloud), goal)
        return
    found = optimum(Points(cloud), goal)
    assert found.value[1] == pytest.approx(-solved.fun, abs=1e-6)
    assert found.value[0] >= floor - 1e-8
    assert found.value[2] <= ceiling + 1e-8
    assert found.gap < 1e-6


# In a world


@pytest.mark.parametrize("name", scalarizers(2))
def test_in_a_shop_the_optimum_lies_on_the_front(name):
    reach = AchievableSet("ShopBandit-v0", 100)
    exact = front(reach, precision=1e-3)
    found = exact.optimum(scalarizers(2)[name])
    assert abs(exact.short_of(found.value)[0]) < 2e-3
    assert exact.beyond(found.value) < 1e-6
    assert found.gap <= 1e-6 * float(np.abs(found.weights) @ exact.ranges)
    assert max(scalarizers(2)[name].utility(value) for value in exact.sample(200)) <= found.utility + found.gap + 1e-7
    assert reach.calls < 200


def test_a_floor_is_met_at_the_least_cost_and_one_too_high_is_refused():
    reach = AchievableSet("ShopBandit-v0", 100)
    most = reach.best((1, 0))[0][0]
    exact = front(reach, precision=1e-4)
    found = optimum(reach, Lagrangian(1, {0: 0.8 * most}))
    assert found.value[0] == pytest.approx(0.8 * most, rel=1e-6)
    assert abs(exact.short_of(found.value)[0]) < 2e-4
    with pytest.raises(
        ValueError, match=r"no mixture of slates has click >= 9 and conversion >= 0.01: the nearest has click 1\.\d+"
    ):
        optimum(reach, Lagrangian(1, {0: 9.0, 1: 0.01}))


def test_a_floor_that_only_one_slate_meets_is_met():
    found = optimum(arms(), Lagrangian(1, {0: 0.10}))
    np.testing.assert_allclose(found.value, [0.10, 0.01], rtol=1e-6)


def test_where_the_oracle_is_near_the_best_the_gap_says_so():
    world = make_world("ShopBandit-v0", items=30, click_model="user-browsing")
    found = optimum(world, NashWelfare((1, 1), (0, 0)), shoppers=20)
    assert found.oracle == "approximate"
    assert found.gap > 1e-3


def test_a_schedule_stands_for_its_part_in_force():
    schedule = Schedule([(0, FixedSum((1, 0))), (10, FixedSum((0, 1)))])
    assert optimum(arms(), schedule).value[0] == pytest.approx(0.10)
    schedule.update(np.zeros((10, 2), np.float32))
    assert optimum(arms(), schedule).value[0] == pytest.approx(0.04)


def test_few_calls_leave_a_gap_that_is_told():
    reach = Points(sphere(5000, 4))
    found = optimum(reach, scalarizers(4)["nash"], calls=2)
    better = optimum(reach, scalarizers(4)["nash"])
    assert found.gap > 1e-4 > better.gap
    assert found.utility <= better.utility <= found.utility + found.gap


@pytest.mark.parametrize(
    ("scalarizer", "message"),
    [
        (HypervolumeScalarizer((0, 0)), "the utility of HypervolumeScalarizer is not concave"),
        (FixedSum((1, 2, 3)), "made for another number of objectives: there are 2, click, conversion"),
        (Lagrangian(1, {0: 0.1}, objectives=3), "made for another number of objectives: there are 2, click, conversion"),
        (NashWelfare((1, 1, 1), (0, 0, 0)), "NashWelfare is made for another number of objectives"),
    ],
)
def test_what_has_no_optimum_is_refused(scalarizer, message):
    with pytest.raises(ValueError, match=message):
        optimum(arms(), scalarizer)
