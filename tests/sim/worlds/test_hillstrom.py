"""Hillstrom-v0 is what its docstring says."""

import numpy as np
import pytest

from slategym.sim.draws import Draws
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

COUNT = 50_000


@pytest.fixture(scope="module")
def world():
    return make_world("Hillstrom-v0")


@pytest.fixture(scope="module")
def shoppers(world):
    return Simulation(world, 1, COUNT).shoppers


def sent(arm, count=COUNT):
    return np.full((count, 1), arm)


def test_shape(world):
    assert world.catalog.names == ("Mens E-Mail", "Womens E-Mail", "No E-Mail")
    assert (world.slate_size, world.visits, world.catalog.size) == (1, 1, 3)
    assert world.layout["context"] == slice(0, 11)


def test_arms_have_the_rates_of_the_trial(world, shoppers):
    """As published with the log; within the world's own sampling of shoppers."""
    for arm, visit, conversion, spend in ((0, 0.1828, 0.01253, 1.42), (1, 0.1514, 0.00884, 1.08), (2, 0.1062, 0.00573, 0.65)):
        click, conversion = world.expected(shoppers, sent(arm)).mean(axis=0)
        np.testing.assert_allclose(click, visit, rtol=0.02)
        np.testing.assert_allclose(conversion, conversion, rtol=0.03)
        np.testing.assert_allclose(conversion * world.catalog.price[arm], spend, rtol=0.04)


def test_the_womens_e_mail_works_for_those_who_bought_womens_goods(world, shoppers):
    context = world.observe(shoppers)[:, world.layout["context"]]
    visit = np.stack([world.expected(shoppers, sent(arm))[:, 0] for arm in range(3)], axis=1)
    only_womens = (context[:, 2] == 0) & (context[:, 3] == 1)
    lift = visit[:, 1] - visit[:, 2]
    assert lift[only_womens].mean() > 2 * lift[~only_womens & (context[:, 3] == 0)].mean()
    # So the best e-mail depends on the customer.
    best = world.best_slate(shoppers, (1, 10))[:, 0]
    assert 0.05 < (best == 1).mean() < 0.6
    assert (best == 0).mean() > 0.3


def test_spend_has_the_price_as_its_mean(world, shoppers):
    draws = Draws(7, shoppers.identity, shoppers.visit)
    for arm in range(3):
        spend = world.user_model.spend(shoppers, world.catalog, sent(arm), draws)
        assert spend.shape == (COUNT, 1)
        assert (spend > 0).all()
        spread = world.catalog.price[arm] * np.sqrt(np.expm1(world.user_model.spend_spread**2) / COUNT)
        assert abs(spend.mean() - world.catalog.price[arm]) < 4.5 * spread


def test_spend_is_paid_by_buyers(world):
    simulation = Simulation(world, 2, COUNT)
    feedback = simulation.show(sent(0))
    assert ((feedback.revenue > 0) == feedback.conversions).all()
    paid = feedback.revenue[feedback.conversions]
    price, spread = world.catalog.price[0], np.sqrt(np.expm1(world.user_model.spend_spread**2))
    assert abs(paid.mean() - price) < 4.5 * price * spread / np.sqrt(len(paid))


def test_context_is_what_is_said(world, shoppers):
    context = world.observe(shoppers)[:, world.layout["context"]]
    spending, recency = 100 * np.exp(context[:, 0]), 12 * context[:, 1]
    assert 29.9 < spending.min() < 30.1
    assert spending.max() < 3400
    assert abs((spending < 30.01).mean() - 0.124) < 0.03  # the log's shop has a least amount
    np.testing.assert_allclose(recency, np.rint(recency), atol=1e-5)
    assert set(np.rint(recency)) == set(range(1, 13))
    assert set(np.unique(context[:, 2:])) == {0, 1}
    for group in (slice(5, 8), slice(8, 11)):
        assert (context[:, group].sum(axis=1) == 1).all()
    assert (context[:, 2:4].sum(axis=1) >= 1).all()  # everybody has bought something


def test_unknown_option_is_refused():
    with pytest.raises(ValueError, match=r"no option 'parameter'\. Did you mean 'parameters'"):
        make_world("Hillstrom-v0", parameter="x")
