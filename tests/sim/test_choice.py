"""Ways to look and click: marginals against simulation, best slates against all slates of a small catalogue."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.sim.choice import CHOICES, Cascade, DependentClick, Multinomial, PositionBased, UserBrowsing, make_choice

# Each with parameters drawn for a slate size; free weights, in any order.
EXACT = {
    "position-based": lambda random, k: PositionBased(random.random(k)),
    "cascade": lambda random, k: Cascade(),
    "dependent-click": lambda random, k: DependentClick(random.random()),
    "dependent-click, goes on": lambda random, k: DependentClick(1.0),
    "multinomial": lambda random, k: Multinomial(random.uniform(0.1, 3)),
}
BOUNDED = {
    "dependent-click, free": lambda random, k: DependentClick(random.random(k)),
    "user-browsing": lambda random, k: UserBrowsing(random.random((k, k))),
}
ALL = {**EXACT, **BOUNDED}


def small_problem(seed, items, size):
    random = np.random.default_rng(seed)
    # Gains of both signs, ties among them; attractions up to certainty.
    return random, random.choice([0.0, 0.2, 0.5, 0.9, 1.0, random.random()], items), random.normal(0.3, 1, items).round(1)


def value(choice, attraction, gain, slate):
    shown = list(slate)
    return float(choice.value(attraction[None, shown], gain[None, shown])[0])


def best_of_all(choice, attraction, gain, size):
    slates = np.array(list(permutations(range(len(gain)), size)))
    return choice.value(attraction[slates], gain[slates]).max()


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), items=st.integers(3, 6), size=st.integers(1, 4))
def test_best_slate_is_the_best_of_all(kind, seed, items, size):
    size = min(size, items)
    random, attraction, gain = small_problem(seed, items, size)
    choice = EXACT[kind](random, size)
    assert choice.exact
    slate = choice.best_slate(attraction[None], gain[None], size)[0]
    assert len(set(slate)) == size
    brute = best_of_all(choice, attraction, gain, size)
    assert value(choice, attraction, gain, slate) == pytest.approx(brute, abs=1e-9)
    assert choice.bound(attraction[None], gain[None], size)[0] == pytest.approx(brute, abs=1e-9)


@pytest.mark.parametrize("kind", BOUNDED)
def test_where_the_best_is_out_of_reach_the_slate_is_near_and_the_bound_holds(kind):
    found, best = [], []
    for seed in range(150):
        random, attraction, gain = small_problem(seed, 5, 3)
        gain = np.abs(gain)
        choice = BOUNDED[kind](random, 3)
        assert not choice.exact
        slate = choice.best_slate(attraction[None], gain[None], 3)[0]
        assert len(set(slate)) == 3
        found.append(value(choice, attraction, gain, slate))
        best.append(best_of_all(choice, attraction, gain, 3))
        assert found[-1] <= best[-1] + 1e-9 <= choice.bound(attraction[None], gain[None], 3)[0] + 2e-9
    assert sum(found) > 0.98 * sum(best)


@pytest.mark.parametrize("kind", ALL)
def test_clicks_come_as_often_as_said(kind):
    random, count, k = np.random.default_rng(0), 100_000, 4
    choice = ALL[kind](random, k)
    attraction = np.broadcast_to([0.5, 0.2, 0.9, 0.4], (count, k))
    clicks = choice.clicks(attraction, random.random((count, k)), random.random(count))
    expected = choice.click_probability(attraction)[0]
    error = np.abs(clicks.mean(axis=0) - expected)
    assert (error <= 4.5 * np.sqrt(expected * (1 - expected) / count)).all()


@pytest.mark.parametrize("kind", ALL)
def test_what_cannot_attract_is_not_clicked(kind):
    """A repeated item arrives with attraction 0."""
    random = np.random.default_rng(1)
    choice = ALL[kind](random, 3)
    attraction = np.broadcast_to([0.7, 0.0, 0.6], (1000, 3))
    assert (choice.click_probability(attraction)[:, 1] == 0).all()
    assert not choice.clicks(attraction, random.random((1000, 3)), random.random(1000))[:, 1].any()


@pytest.mark.parametrize("kind", ["cascade", "multinomial"])
def test_at_most_one_click(kind):
    random = np.random.default_rng(2)
    clicks = ALL[kind](random, 4).clicks(np.full((2000, 4), 0.8), random.random((2000, 4)), random.random(2000))
    assert clicks.sum(axis=1).max() == 1


def test_dependent_click_between_cascade_and_independent_ranks():
    attraction = np.array([[0.3, 0.6, 0.2]])
    np.testing.assert_allclose(DependentClick(0.0).click_probability(attraction), Cascade().click_probability(attraction))
    np.testing.assert_allclose(DependentClick(1.0).click_probability(attraction), attraction)


def test_user_browsing_without_distance_is_position_based():
    attraction, weights = np.array([[0.3, 0.6, 0.2]]), np.array([1, 0.5, 0.2])
    browsing = UserBrowsing(np.broadcast_to(weights[:, None], (3, 3)))
    np.testing.assert_allclose(browsing.click_probability(attraction), PositionBased(weights).click_probability(attraction))


def test_reciprocal_and_geometric_examination():
    np.testing.assert_allclose(PositionBased.reciprocal(3).examination, [1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(PositionBased.geometric(3, 0.5).examination, [1, 1 / 2, 1 / 4])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: PositionBased([1.2]), "one probability a rank"),
        (lambda: PositionBased([np.nan]), "one probability a rank"),
        (lambda: PositionBased(0.5), "one probability a rank"),
        (lambda: PositionBased([1, 0.5]).click_probability(np.ones((1, 3))), "given for 2 ranks and the slate has 3"),
        (lambda: DependentClick([0.5, -1]), r"a probability in \[0, 1\], or one a rank"),
        (lambda: DependentClick([0.5, 0.4]).click_probability(np.ones((1, 3))), "given for 2 ranks"),
        (lambda: UserBrowsing(np.ones((2, 3))), "a square of probabilities"),
        (lambda: UserBrowsing.geometric(2).click_probability(np.ones((1, 3))), "given for 2 ranks"),
        (lambda: Multinomial(0), "a finite weight above 0"),
        (lambda: make_choice("cascades", 3), "no choice 'cascades'. Did you mean 'cascade'"),
    ],
)
def test_parameters_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("name", CHOICES)
def test_names_make_choices(name):
    assert make_choice(name, 3).click_probability(np.full((2, 3), 0.5)).shape == (2, 3)
