"""Ways to look and click: marginals against simulation, best slates against all slates of a small catalogue."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.sim.click_models import (
    CLICK_MODELS,
    Cascade,
    DependentClick,
    Multinomial,
    PositionBased,
    UserBrowsing,
    make_click_model,
)
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

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


GAINS = (0.3, -0.3, -1.5)  # on average: from most items worth showing to hardly any


def small_problem(seed, items, gain=0.3):
    random = np.random.default_rng(seed)
    # Gains of both signs, ties among them; attractions up to certainty.
    return random, random.choice([0.0, 0.2, 0.5, 0.9, 1.0, random.random()], items), random.normal(gain, 1, items).round(1)


def value(click_model, attraction, gain, slate):
    return float(values(click_model, attraction, gain, np.array([slate]))[0])


def values(click_model, attraction, gain, slates):
    """Of slates that may repeat items: a repeated item attracts nobody at its later ranks."""
    shown = [[item if item not in slate[:rank] else -1 for rank, item in enumerate(slate)] for slate in slates.tolist()]
    return click_model.value(np.append(attraction, 0)[shown], gain[slates])


def best_of_all(click_model, attraction, gain, size):
    return values(click_model, attraction, gain, np.array(list(product(range(len(gain)), repeat=size)))).max()


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), items=st.integers(3, 5), size=st.integers(1, 4), gain=st.sampled_from(GAINS))
def test_best_slate_is_the_best_of_all_with_repeats(kind, seed, items, size, gain):
    size = min(size, items)
    random, attraction, gain = small_problem(seed, items, gain)
    click_model = EXACT[kind](random, size)
    assert click_model.exact
    slate = click_model.best_slate(attraction[None], gain[None], size)[0]
    brute = best_of_all(click_model, attraction, gain, size)
    assert value(click_model, attraction, gain, slate) == pytest.approx(brute, abs=1e-9)
    assert click_model.bound(attraction[None], gain[None], size)[0] == pytest.approx(brute, abs=1e-9)


@pytest.mark.parametrize("kind", BOUNDED)
@pytest.mark.parametrize("mean", [None, *GAINS])
def test_where_the_best_is_out_of_reach_the_slate_is_near_and_the_bound_holds(kind, mean):
    found, best = [], []
    for seed in range(150):
        random, attraction, gain = small_problem(seed, 5, mean or 0.3)
        gain = np.abs(gain) if mean is None else gain
        click_model = BOUNDED[kind](random, 3)
        assert not click_model.exact
        slate = click_model.best_slate(attraction[None], gain[None], 3)[0]
        found.append(value(click_model, attraction, gain, slate))
        best.append(best_of_all(click_model, attraction, gain, 3))
        assert found[-1] <= best[-1] + 1e-9 <= click_model.bound(attraction[None], gain[None], 3)[0] + 2e-9
    assert sum(best) - sum(found) < 0.03 * np.abs(best).sum()


@pytest.mark.parametrize("kind", ALL)
def test_items_worth_showing_fill_the_slate(kind):
    random = np.random.default_rng(4)
    attraction, gain = random.uniform(0.1, 0.3, (50, 9)), random.uniform(1, 2, (50, 9))
    slates = ALL[kind](random, 4).best_slate(attraction, gain, 4)
    assert all(len(set(slate)) == 4 for slate in slates.tolist())


def test_a_slate_shows_fewer_where_more_would_lose():
    """The example of position bias at weights -1, 10: of five items only one is worth more than its click costs."""
    attraction, gain = np.array([[0.2, 0.3, 0.4, 0.5, 0.1]]), np.array([[-0.5, -0.2, 0.6, -0.1, -0.9]])
    click_model = PositionBased.geometric(3)
    assert click_model.best_slate(attraction, gain, 3).tolist() == [[2, 2, 2]]
    assert click_model.best_slate(attraction, -np.abs(gain), 3).tolist() == [[3, 3, 3]]  # it cannot be empty: the least loss
    # The first rank is looked at least: it shows an item that loses little, or the only good one.
    last = PositionBased([0.1, 0.9, 1.0])
    assert last.best_slate(attraction, gain, 3).tolist() == [[3, 3, 2]]
    near = PositionBased([0.99, 0.9, 1.0])
    assert near.best_slate(attraction, gain, 3)[0, 0] == 2


@pytest.mark.parametrize("kind", ALL)
def test_clicks_come_as_often_as_said(kind):
    random, count, k = np.random.default_rng(0), 100_000, 4
    click_model = ALL[kind](random, k)
    attraction = np.broadcast_to([0.5, 0.2, 0.9, 0.4], (count, k))
    clicks = click_model.sample_clicks(attraction, random.random((count, k)), random.random(count))
    expected = click_model.click_probability(attraction)[0]
    error = np.abs(clicks.mean(axis=0) - expected)
    assert (error <= 4.5 * np.sqrt(expected * (1 - expected) / count)).all()


@pytest.mark.parametrize("kind", ALL)
def test_what_cannot_attract_is_not_clicked(kind):
    """A repeated item arrives with attraction 0."""
    random = np.random.default_rng(1)
    click_model = ALL[kind](random, 3)
    attraction = np.broadcast_to([0.7, 0.0, 0.6], (1000, 3))
    assert (click_model.click_probability(attraction)[:, 1] == 0).all()
    assert not click_model.sample_clicks(attraction, random.random((1000, 3)), random.random(1000))[:, 1].any()


@pytest.mark.parametrize("kind", ["cascade", "multinomial"])
def test_at_most_one_click(kind):
    random = np.random.default_rng(2)
    clicks = ALL[kind](random, 4).sample_clicks(np.full((2000, 4), 0.8), random.random((2000, 4)), random.random(2000))
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
        (lambda: PositionBased([1.2]), "one probability per rank"),
        (lambda: PositionBased([np.nan]), "one probability per rank"),
        (lambda: PositionBased(0.5), "one probability per rank"),
        (lambda: PositionBased([1, 0.5]).click_probability(np.ones((1, 3))), "given for 2 ranks and the slate has 3"),
        (lambda: DependentClick([0.5, -1]), r"a probability in \[0, 1\], or one per rank"),
        (lambda: DependentClick([0.5, 0.4]).click_probability(np.ones((1, 3))), "given for 2 ranks"),
        (lambda: UserBrowsing(np.ones((2, 3))), "a square of probabilities"),
        (lambda: UserBrowsing.geometric(2).click_probability(np.ones((1, 3))), "given for 2 ranks"),
        (lambda: Multinomial(0), "a finite weight above 0"),
        (lambda: make_click_model("cascades", 3), "no click model 'cascades'. Did you mean 'cascade'"),
    ],
)
def test_parameters_out_of_range_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


@pytest.mark.parametrize("name", CLICK_MODELS)
def test_names_make_choices(name):
    assert make_click_model(name, 3).click_probability(np.full((2, 3), 0.5)).shape == (2, 3)


MY_CLICKS = """
import numpy as np
from slategym.sim import Cascade, PositionBased


class Skimming(PositionBased):
    def __init__(self, slate_size):
        super().__init__(np.where(np.arange(slate_size) % 2, 0.2, 1.0))


def careless():
    return Cascade()


ready = Cascade()
number = 3
"""


@pytest.fixture
def my_clicks(tmp_path):
    path = tmp_path / "my_clicks.py"
    path.write_text(MY_CLICKS)
    return path


def test_a_custom_click_model_from_a_file(my_clicks):
    world = make_world("Shop-v0", click_model=f"{my_clicks}:Skimming")
    assert world.user_model.click_model.examination.tolist() == [1.0, 0.2, 1.0, 0.2, 1.0]
    shown = Simulation(world, 0, 4000)
    clicks = shown.show(np.tile(np.arange(5), (4000, 1))).clicks.mean(axis=0)
    usual = Simulation(make_world("Shop-v0", click_model=PositionBased(np.ones(5))), 0, 4000)
    all_seen = usual.show(np.tile(np.arange(5), (4000, 1))).clicks.mean(axis=0)
    np.testing.assert_allclose(clicks / all_seen, [1, 0.2, 1, 0.2, 1], atol=0.06)  # 4.5 standard errors of 4,000 shoppers


@pytest.mark.parametrize("name", ["careless", "ready"])
def test_a_function_of_nothing_and_an_object_serve_too(my_clicks, name):
    assert type(make_click_model(f"{my_clicks}:{name}", 3)) is Cascade


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("number", "my_clicks.py:number is a int: expected a slategym.sim.ClickModel"),
        ("Skiming", "no click model in .*my_clicks.py 'Skiming'. Did you mean 'Skimming'"),
    ],
)
def test_what_is_no_click_model_is_refused(my_clicks, name, message):
    with pytest.raises(ValueError, match=message):
        make_click_model(f"{my_clicks}:{name}", 3)


class Twice(PositionBased):
    def click_probability(self, attraction):
        return np.minimum(1, 2 * super().click_probability(attraction))

    def sample_clicks(self, attraction, item_uniforms, slate_uniforms):
        return item_uniforms < self.click_probability(attraction)


@pytest.mark.parametrize("click_model", [PositionBased((0.9, 0.5, 0.3, 0.2, 0.1)), Twice(np.full(5, 0.4))])
def test_a_subclass_is_compiled_only_where_it_clicks_as_its_base_does(click_model):
    world = make_world("Shop-v0", click_model=click_model)
    assert (world.kernel.stages > 0) is (type(click_model) is PositionBased)
    slate = np.tile(np.arange(5), (500, 1))
    fast, slow = (Simulation(world, 3, 500, compiled=compiled).show(slate) for compiled in (True, False))
    np.testing.assert_array_equal(fast.clicks, slow.clicks)
