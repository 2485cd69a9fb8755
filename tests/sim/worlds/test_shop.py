"""Shop-v0 has the rates and the pull between clicks and conversions that its design states, by exact probabilities."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop import kernel
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.parameters import ShopParameters

SHOPPERS = 2000


def random_slates(world, shoppers, seed=0):
    random = np.random.default_rng(seed)
    return np.argsort(random.random((shoppers, world.catalog.size)), axis=1)[:, : world.slate_size]


@pytest.fixture(scope="module", params=["Shop-v0", "ShopBandit-v0"])
def world(request):
    return make_world(request.param)


@pytest.fixture(scope="module", params=["first visit", "tenth visit"])
def shoppers(request, world):
    simulation = Simulation(world, 1, SHOPPERS)
    if request.param == "tenth visit":
        for visit in range(9):
            feedback = simulation.show(random_slates(world, SHOPPERS, visit))
            simulation.restart(feedback.terminated | feedback.truncated)
    return simulation.shoppers


def test_a_random_slate_has_the_rates_of_a_shop(world, shoppers):
    clicks, conversions = world.expected(shoppers, random_slates(world, SHOPPERS)).mean(axis=0)
    assert 0.03 <= clicks / world.slate_size <= 0.08
    assert 0.02 <= conversions / clicks <= 0.06


def test_the_best_slate_for_one_objective_loses_a_fifth_of_the_other(world, shoppers):
    def best(weights):
        return world.expected(shoppers, world.best_slate(shoppers, weights)).mean(axis=0)

    for_clicks, for_conversions = best((1, 0)), best((0, 1))
    assert for_conversions[0] <= 0.8 * for_clicks[0]
    assert for_clicks[1] <= 0.8 * for_conversions[1]


def test_bandit_is_shop_with_every_switch_off():
    options = dict.fromkeys(["satiation", "season", "delay_conversions", "drift", "leave"], False)
    shop, bandit = Simulation(make_world("Shop-v0", **options), 5, 50), Simulation(make_world("ShopBandit-v0"), 5, 50)
    for visit in range(40):
        slate = random_slates(bandit.world, 50, visit)
        one, other = shop.show(slate), bandit.show(slate)
        np.testing.assert_array_equal(one.clicks, other.clicks)
        np.testing.assert_array_equal(one.next_observation, other.next_observation)
        for each, feedback in ((shop, one), (bandit, other)):
            each.restart(feedback.terminated | feedback.truncated)


def test_bandit_does_not_change_with_what_is_shown():
    world = make_world("ShopBandit-v0")
    simulation = Simulation(world, 2, 100)
    probe = random_slates(world, 100, 99)
    before = world.expected(simulation.shoppers, probe)
    for visit in range(20):
        feedback = simulation.show(random_slates(world, 100, visit))
        assert not feedback.terminated.any()
        assert len(feedback.delayed) == 0
    np.testing.assert_array_equal(world.expected(simulation.shoppers, probe), before)


def only(switch):
    options = dict.fromkeys(["satiation", "season", "delay_conversions", "drift", "leave"], False)
    return make_world("Shop-v0", **{**options, switch: True})


def test_satiation_lowers_a_repeated_category_and_recovers():
    world = only("satiation")
    simulation = Simulation(world, 0, 200)
    of_category = np.nonzero(world.catalog.category == 3)[0][:5]
    same = np.broadcast_to(of_category, (200, 5))
    other = np.broadcast_to(np.nonzero(world.catalog.category == 7)[0][:5], (200, 5))
    clicks = [world.expected(simulation.shoppers, same)[:, 0].mean()]
    for slate in [same] * 5 + [other] * 5:
        simulation.show(slate)
        clicks.append(world.expected(simulation.shoppers, same)[:, 0].mean())
    assert (np.diff(clicks[:6]) < 0).all()
    assert (np.diff(clicks[6:]) > 0).all()
    assert clicks[5] < 0.8 * clicks[0]


def test_season_moves_categories_apart():
    world = only("season")
    simulation = Simulation(world, 0, 500)
    shown = np.broadcast_to(np.nonzero(world.catalog.category == 0)[0][:5], (500, 5))
    first = world.expected(simulation.shoppers, shown)[:, 0]
    for visit in range(7):
        simulation.show(random_slates(world, 500, visit))
    # A quarter of the month after phase 0 the season is at its height: the logit is up by 0.4.
    ratio = world.expected(simulation.shoppers, shown)[:, 0].mean() / first.mean()
    assert 1.25 < ratio < np.exp(0.4)


def test_drift_moves_taste_towards_what_is_clicked():
    world = only("drift")
    simulation = Simulation(world, 0, 500)
    before = simulation.shoppers.taste.copy()
    slate = world.best_slate(simulation.shoppers, (1, 0))
    feedback = simulation.show(slate)
    clicked = feedback.clicks.any(axis=1)
    assert clicked.sum() > 100
    np.testing.assert_array_equal(simulation.shoppers.taste[~clicked], before[~clicked])
    one = feedback.clicks.sum(axis=1) == 1
    item = slate[one][feedback.clicks[one]]
    towards = (simulation.shoppers.taste[one] - before[one]) * (np.sqrt(8) * world.catalog.taste[item] - before[one])
    assert (towards.sum(axis=1) > 0).all()


def test_bait_drives_shoppers_away():
    world = only("leave")
    bait = np.argsort(world.catalog.quality - world.catalog.appeal)
    stayed = []
    for items in (bait[:5], bait[-5:]):
        simulation = Simulation(world, 0, 1000)
        alive = np.ones(1000, bool)
        for _ in range(15):
            feedback = simulation.show(np.broadcast_to(items, (1000, 5)))
            alive &= ~feedback.terminated
            simulation.restart(feedback.terminated | feedback.truncated)
        stayed.append(alive.mean())
    assert stayed[0] < 0.7 * stayed[1]
    assert 0.2 < stayed[1] < 0.8


def test_the_catalogue_does_not_depend_on_its_size():
    small, large = make_world("Shop-v0", items=100).catalog, make_world("Shop-v0", items=300).catalog
    np.testing.assert_array_equal(small.features, large.features[:100])
    assert (make_world("Shop-v0", catalog_seed=1).catalog.price[:100] != small.price).all()


def test_the_state_of_a_shopper_is_small():
    simulation = Simulation(make_world("Shop-v0"), 0, 100)
    assert simulation.shoppers.nbytes / 100 < 400


def test_no_coefficient_of_the_shop_is_written_twice():
    """Kernels get them as an argument: what numbers they hold are those of mathematics, and of the inverse normal's middle."""
    tree = ast.parse(Path(kernel.__file__).read_text(encoding="utf-8"))
    numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, float)}
    assert numbers <= {0.5, 0.425, 2.0}
    for place, name in enumerate((*kernel.PARAMETERS, "history_decay")):
        assert getattr(kernel, name.upper()) == place
    arguments = [len(node.args.args) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert max(arguments) <= 13


def test_other_coefficients_reach_the_kernel():
    """The compiled step and the methods of the model agree, whatever the coefficients."""
    world = make_world("Shop-v0", items=40, categories=4)
    for name, value in (
        ("attraction_taste", 1.3),
        ("conversion_price", 0.1),
        ("satisfaction_pace", 0.4),
        ("staying_intercept", 1.0),
        ("drift", 0.2),
    ):
        model = ShopModel(parameters=replace(ShopParameters(), **{name: value}))
        other = replace(world, user_model=model)
        compiled, plain = (Simulation(other, 3, 200, compiled=switch) for switch in (True, False))
        usual = Simulation(world, 3, 200)
        slate = np.arange(1000).reshape(200, 5) % 40
        moved = False
        for _ in range(6):
            first, second, third = (simulation.show(slate) for simulation in (compiled, plain, usual))
            np.testing.assert_array_equal(first.clicks, second.clicks)
            np.testing.assert_array_equal(first.terminated, second.terminated)
            np.testing.assert_allclose(first.next_observation, second.next_observation, atol=2e-5)
            moved |= (first.next_observation != third.next_observation).any() or (first.terminated != third.terminated).any()
        assert moved, name


def test_coefficients_are_finite_numbers():
    for value in (float("nan"), float("inf"), "0.8", None, True):
        with pytest.raises(ValueError, match=f"drift is {value!r}: expected a finite number"):
            ShopParameters(drift=value)
    assert repr(ShopParameters(drift=0.1)) == "ShopParameters(drift=0.1)"


@pytest.mark.parametrize("name", ["Shop-v0", "ShopBandit-v0"])
def test_context_noise_blurs_what_is_seen_and_nothing_else(name):
    n, size = 20_000, {"items": 30, "categories": 3}
    plain, noisy = make_world(name, **size), make_world(name, context_noise=1.2, **size)
    assert make_world(name, context_noise=0.0, **size).user_model.parameters == plain.user_model.parameters == ShopParameters()
    sharp, blurred = (world.shoppers(3, np.arange(n)) for world in (plain, noisy))
    slate = np.tile(np.arange(5), (n, 1))
    for one, other in zip(plain.probabilities(sharp, slate), noisy.probabilities(blurred, slate), strict=True):
        np.testing.assert_array_equal(one, other)
    taste = np.concatenate([blurred.taste, np.log(blurred.price_sensitivity)[:, None]], axis=1)
    error = noisy.observe(blurred)[:, noisy.layout["context"]] - taste
    # The usual error has a deviation of 0.5; that of a deviation over n draws is 1 / sqrt(2 n) of it.
    np.testing.assert_allclose(error.std(axis=0), np.hypot(0.5, 1.2), rtol=4 / np.sqrt(2 * n))
    assert np.abs(np.corrcoef(np.concatenate([error, taste], axis=1).T)[:9, 9:]).max() < 5 / np.sqrt(n)
    np.testing.assert_allclose(noisy.observe(blurred, compiled=False), noisy.observe(blurred), atol=1e-6)
    few = noisy.shoppers(3, np.array([7, 4000]))  # a shopper's noise does not depend on the others in the batch
    np.testing.assert_array_equal(noisy.observe(few), noisy.observe(blurred)[[7, 4000]])
