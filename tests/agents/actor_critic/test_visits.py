"""Visits that wait: returns against generalised advantages by hand, late conversions, and rows that change hands."""

import numpy as np
import pytest

from slategym.agents.actor_critic.expectations import Expectations
from slategym.agents.actor_critic.visits import Visit, Visits
from slategym.sim.feedback import DelayedConversions

N, K, M, STEPS = 4, 2, 3, 9
RANDOM = np.random.default_rng(1)


def visit(goes_on=True, n=N):
    return Visit(
        state=np.zeros((n, 1), np.float32),
        slate=np.tile(np.arange(K), (n, 1)),
        propensity=np.ones((n, K), np.float32),
        outcome=RANDOM.normal(size=(n, K, M)),
        clicks=np.ones((n, K), np.bool_),
        goes_on=np.full(n, goes_on),
        now=RANDOM.normal(size=(n, K, M)),
        later=RANDOM.normal(size=(n, M)),
    )


@pytest.mark.parametrize(("trace", "discount"), [(0.0, 0.9), (0.7, 0.9), (1.0, 0.5), (0.9, 1.0)])
def test_what_follows_is_the_generalised_advantage_estimate(trace, discount):
    shown = [visit(goes_on=step != 5) for step in range(STEPS)]
    visits = Visits(STEPS, trace, discount, 0)
    assert [visits.add(each) for each in shown] == [[]] * STEPS
    visits.forget_shoppers()
    assert not visits.waiting
    value = [each.now.sum(axis=1) + each.later for each in shown]
    advantage = np.zeros((N, M))
    for step in reversed(range(STEPS)):
        here, goes_on = shown[step], step not in (5, STEPS - 1)
        following = discount * value[step + 1] if goes_on else here.later * (step == STEPS - 1)
        surprise = here.outcome.sum(axis=1) + following - value[step]
        advantage = surprise + discount * trace * goes_on * advantage
        settled, found = visits.settled[step]
        assert settled is here
        np.testing.assert_allclose(here.outcome.sum(axis=1) + found - value[step], advantage)


def test_a_visit_is_settled_when_its_horizon_has_passed():
    visits = Visits(2, 0.9, 0.8, 0)
    shown = [visit() for _ in range(4)]
    done = [[settled for settled, _ in visits.add(each)] for each in shown]
    assert [len(each) for each in done] == [0, 0, 1, 1]
    assert done[2][0] is shown[0]
    at_once = Visits(2, 0.9, 0.0, 0)
    ((settled, found),) = at_once.add(shown[0])
    assert settled is shown[0]
    assert found is shown[0].later


def test_other_rows_settle_all_before_them():
    visits = Visits(5, 0.9, 0.8, 0)
    shown = [visit(), visit(), visit(n=N - 1)]
    done = [visits.add(each) for each in shown]
    assert [len(each) for each in done] == [0, 0, 2]
    np.testing.assert_array_equal(done[2][1][1], shown[1].later)  # all that is known of what follows


def test_late_conversions_are_added_to_their_visits():
    visits, shown = Visits(0, 1.0, 0.0, 2), [visit() for _ in range(2)]
    before = [each.outcome.copy() for each in shown]
    for each in shown:
        visits.add(each)
    late = DelayedConversions(
        row=np.array([3, 1, 3]),
        age=np.array([1, 2, 1]),
        rank=np.array([0, 1, 1]),
        item=np.array([0, 1, 1]),
        revenue=np.zeros(3, np.float32),
    )
    credit = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)
    (last, rows, earned), (first, other, _) = visits.arrive(late, credit)
    assert last is shown[1]
    assert rows.tolist() == [3]
    np.testing.assert_array_equal(earned, [[credit[0], credit[2]]])
    assert first is shown[0]
    assert other.tolist() == [1]
    added = shown[0].outcome - before[0]
    np.testing.assert_allclose(added[1, 1], credit[1])
    assert np.count_nonzero(added.any(axis=2)) == 1


def test_a_conversion_of_a_visit_that_still_waits_is_learned_with_it():
    visits, shown = Visits(3, 1.0, 0.9, 2), visit()
    before = shown.outcome.copy()
    visits.add(shown)
    one = np.zeros(1, np.int64)
    late = DelayedConversions(row=one, age=one + 1, rank=one, item=one, revenue=np.zeros(1, np.float32))
    assert visits.arrive(late, np.ones((1, M), np.float32)) == []
    np.testing.assert_array_equal(shown.outcome[0, 0], before[0, 0] + 1)


def test_expectations_are_means_and_deviations():
    expectations = Expectations(2, 3)
    target = RANDOM.normal(3, 2, (500, 2, 3))
    expectations.update(target, 1.0)
    np.testing.assert_allclose(expectations.mean, target.mean(axis=0))
    np.testing.assert_allclose(expectations.spread, target.std(axis=0))
    np.testing.assert_allclose(expectations(expectations.standardised(target)), target, rtol=1e-5, atol=1e-5)
