"""A shop with given rates of clicks and conversions, and one from files by name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.rates import with_rates

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
FILES = {"catalog": str(EXAMPLES / "books.csv"), "segments": str(EXAMPLES / "readers.csv"), "slate_size": 4}


def rates(world, shoppers=20_000, seed=3):
    """Clicks per impression and conversions per click of random slates shown to newcomers, exactly."""
    random = np.random.default_rng(seed)
    slates = np.argsort(random.random((shoppers, world.catalog.size)), axis=1)[:, : world.slate_size]
    clicks, conversions = world.expected(Simulation(world, seed, shoppers).shoppers, slates).sum(axis=0)
    return clicks / slates.size, conversions / clicks


@pytest.mark.quick("options1")
@pytest.mark.parametrize(
    "options",
    [
        *({}, FILES, {"items": 10}),
        *(pytest.param(each, marks=pytest.mark.slow) for each in ({"click_model": "cascade"}, {"click_model": "multinomial"})),
        pytest.param({"candidates": 50}, marks=pytest.mark.slow),
    ],
)
def test_a_shop_has_the_rates_that_are_asked_for(options):
    for name in ("Shop-v0", "ShopBandit-v0"):
        world = make_world(name, click_rate=0.02, conversion_rate=0.05, **options)
        plain = make_world(name, **{k: v for k, v in options.items() if k != "candidates"})
        assert world.user_model.parameters != plain.user_model.parameters
        # Of other shoppers and slates: the mean of thousands, whose spread is a few per cent.
        np.testing.assert_allclose(rates(replace(world, candidates=None)), (0.02, 0.05), rtol=0.04)


def test_without_rates_nothing_changes():
    world = make_world("Shop-v0", items=50)
    assert with_rates(world) is world
    assert with_rates(world, conversion_rate=0.1).user_model.parameters.attraction_intercept == -3.2


def test_rates_follow_the_click_model():
    world = make_world("Shop-v0", items=50, click_model="cascade")
    assert rates(with_rates(world, click_rate=0.03))[0] == pytest.approx(0.03, rel=0.04)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"click_rate": 0.9}, "click_rate is 0.9: expected a rate above 0 and below 0.7"),
        ({"click_rate": 0.0}, "click_rate is 0.0: expected a rate above 0"),
        ({"conversion_rate": 1.0}, "conversion_rate is 1.0: expected a rate above 0"),
        ({"segments": "readers.csv"}, "segments is 'readers.csv' without a catalog"),
        ({"catalog": FILES["catalog"], "items": 10}, "items is 10 and catalog .*books.csv': the file determines the items"),
        ({"catalog": "none.csv"}, "there is no file none.csv"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_world("Shop-v0", **options)


def test_another_user_model_has_no_such_rates():
    with pytest.raises(ValueError, match=r"the user model is a .*: rates are options of a ShopModel"):
        with_rates(make_world("Hillstrom-v0"), click_rate=0.1)


def test_another_user_model_replaces_no_given_rates():
    with pytest.raises(ValueError, match="user_model replaces the shoppers that click_rate and conversion_rate apply to"):
        make_world("Shop-v0", click_rate=0.1, user_model=ShopModel())
    assert make_world("Shop-v0", user_model=ShopModel()).user_model.base_rates == (None, None)


def test_few_items_need_no_further_options():
    assert make_world("Shop-v0", items=10).catalog.categories == 10
    assert make_world("Shop-v0", items=100).catalog.categories == 20
