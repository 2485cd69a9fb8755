"""Columns on one scale, and what float64 holds and float32 does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.sim.objectives import custom
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.base import UserModel
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import Segments
from slategym.sim.worlds.shop.world import shop_catalog
from slategym.utils.standardize import as_float32, centre_and_spread, standardised


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 300))
def test_equal_values_of_any_size_and_number_are_exactly_0(value, count):
    column = np.full((count, 1), value)
    assert (standardised(column) == 0).all()
    assert centre_and_spread(column) == (value, 0)


@given(st.integers(-300, 300), st.integers(0, 10**6))
def test_others_have_mean_0_and_deviation_1_whatever_their_unit(exponent, seed):
    values = np.random.default_rng(seed).normal(3, 2, (20, 2)) * 10.0**exponent
    values[:, 1] = values[0, 1]
    values[-1, 1] = np.nextafter(values[0, 1], np.inf)  # the least that can vary
    found = standardised(values)
    np.testing.assert_allclose(found[:, 0].mean(), 0, atol=1e-12)
    np.testing.assert_allclose(found[:, 0].std(), 1, rtol=1e-12)
    assert np.isfinite(found).all()
    assert found[-1, 1] > found[0, 1]


def test_digits_do_not_depend_on_powers_of_two():
    values = np.random.default_rng(0).normal(size=500)
    np.testing.assert_array_equal(standardised(values), (values - values.mean()) / values.std())
    np.testing.assert_array_equal(standardised(np.ldexp(values, 200)), standardised(values))


@pytest.mark.parametrize("price", [9.99, 1e-30, 3e38, 0.1])
def test_items_of_one_price_are_neither_dear_nor_cheap(price):
    for items in (1, 2, 9, 10, 33):
        catalog = replace(shop_catalog(items, 1, 0), price=np.full(items, price))
        assert (catalog.dearness == 0).all()


def test_a_shop_of_one_price_sells_what_the_price_sensitivity_leaves_alone():
    """Nine books at 9.99 were all as dear as the dearest of a usual shop, and half as often converted."""
    worlds = [make_world("ShopBandit-v0", items=9, categories=3) for _ in range(2)]
    worlds = [
        replace(each, catalog=replace(each.catalog, price=np.full(9, price)))
        for each, price in zip(worlds, (9.99, 1.0), strict=True)
    ]
    slate = np.tile(np.arange(5), (100, 1))
    one, other = (each.expected(each.shoppers(0, np.arange(100)), slate) for each in worlds)
    np.testing.assert_array_equal(one, other)


# ---- what is kept in float32


def test_numbers_are_checked_as_they_are_kept():
    assert as_float32("numbers", [[1, 2.5]]).dtype == np.float32
    assert as_float32("numbers", 1e-60) == 0
    with pytest.raises(ValueError, match=r"^numbers\[1, 0\] is 1e\+39: expected a finite number in float32, from -3.4e\+38 to"):
        as_float32("numbers", [[1.0], [1e39]])
    with pytest.raises(
        ValueError, match=r"^numbers\[0\] is 1e-60: expected a number above 0 in float32, from 1.4e-45 to 3.4e\+38"
    ):
        as_float32("numbers", [1e-60], above_zero=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"taste": [[0.0], [1e39], [0.0]]}, r"catalog.taste\[1, 0\] is 1e\+39: expected a finite number in float32"),
        ({"features": [[0.0, 1e200]] * 3}, r"catalog.features\[0, 1\] is 1e\+200: expected a finite number in float32"),
        ({"price": [1.0, 2.0, 1e-60]}, r"catalog.price\[2\] is 1e-60: expected a number above 0 in float32, .*, or 0"),
        ({"quality": [0, -np.inf, 0]}, r"catalog.quality\[1\] is -inf"),
        ({"category": [0, 0.5, 1]}, r"catalog\.category\[1\] is 0.5: expected a whole number"),
        ({"category": [0, 1, np.nan]}, r"catalog.category\[2\] is nan: expected a whole number"),
    ],
)
def test_a_catalogue_of_what_float32_cannot_hold_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(shop_catalog(3, 1, 0, latent=1), **change)


@pytest.mark.parametrize(
    ("share", "taste", "sensitivity", "message"),
    [
        ([1, 1], [[0], [1e39]], [1, 1], r"segments.taste\[1, 0\] is 1e\+39"),
        ([1, 1], [[0], [0]], [1, 1e-60], r"segments.price_sensitivity\[1\] is 1e-60: expected a number above 0"),
        ([1, -1], [[0], [0]], [1, 1], r"segments.share\[1\] is -1.0: expected numbers above 0"),
        ([1e308, 1e308], [[0], [0]], [1, 1], r"segments.share\[0\] is 1e\+308: .* with a finite sum"),
    ],
)
def test_segments_of_what_float32_cannot_hold_are_refused(share, taste, sensitivity, message):
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=message):
        Segments(share, taste, sensitivity)


class Far(UserModel):
    """Its third shopper shows a number that float32 does not have."""

    def context(self, shoppers):
        return np.where(shoppers.identity[:, None] == 2, 1e39, 0.0)


class Rich(UserModel):
    """They pay more than float32 can say."""

    def conversion(self, shoppers, catalog, slate):
        return np.ones((len(shoppers), catalog.size if slate is None else slate.shape[1]))

    def spend(self, shoppers, catalog, slate, draws):
        return np.full(slate.shape, 1e39)


def huge(feedback, items):
    return np.full(len(items), 1e39)


def test_what_a_world_tells_is_checked_as_it_is_kept():
    with pytest.raises(ValueError, match=r"context\[2, 0\] is 1e\+39: expected a finite number in float32"):
        Simulation(make_world("ShopBandit-v0", user_model=Far()), 0, 4).observe()
    slate = np.tile(np.arange(5), (40, 1))
    with pytest.raises(ValueError, match=r"the amount paid\[0, 0\] is 1e\+39"):
        Simulation(make_world("ShopBandit-v0", user_model=Rich()), 0, 40).show(slate)
    with pytest.raises(ValueError, match=r"objectives\[0, 1\] is 1e\+39"):
        Simulation(make_world("ShopBandit-v0", objectives=["click", custom("huge", huge)]), 0, 40).show(slate)


@settings(max_examples=20, deadline=None)
@given(st.integers(-200, 200))
def test_weights_of_any_size_lead_to_the_same_slates(exponent):
    world = make_world("ShopBandit-v0", items=30, categories=3)
    shoppers, weights = world.shoppers(0, np.arange(20)), np.array([1.0, 10.0])
    np.testing.assert_array_equal(world.best_slate(shoppers, np.ldexp(weights, exponent)), world.best_slate(shoppers, weights))
    bound = world.bound(shoppers, np.ldexp(weights, exponent))
    np.testing.assert_array_equal(bound, np.ldexp(world.bound(shoppers, weights), exponent))
