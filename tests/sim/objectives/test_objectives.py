"""Objectives: what is earned is what is expected, and the oracle serves them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.every_world import EVERY as EVERY_WORLD

from slategym.sim.click_models import CLICK_MODELS
from slategym.sim.draws import Draws
from slategym.sim.objectives import OBJECTIVES, ItemObjective, custom, make_objectives
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

EVERY = tuple(OBJECTIVES)
SMALL = {"items": 7, "categories": 3, "slate_size": 3}


def any_click(feedback, items):
    return feedback.clicks.any(axis=1)


def moved(world, seed=3, rows=64, visits=4, **options):
    """A simulation some visits on, so that there is a history."""
    simulation = Simulation(world, seed, rows, **options)
    for step in range(min(visits, world.visits - 1)):
        simulation.step(slates(world, rows, step))
    return simulation


def slates(world, rows, step):
    items = np.broadcast_to(np.arange(world.choices), (rows, world.choices))
    return np.argsort(Draws(9, np.arange(rows), np.full(rows, step)).uniform(64, items), axis=1)[:, : world.slate_size]


@pytest.mark.quick("Shop*", "OpenBandit-v0", "Hillstrom-v0", "Fitted-v0", "Rec*")
@pytest.mark.parametrize("name", EVERY_WORLD)
def test_what_is_earned_is_what_is_expected_on_average(name):
    # Without delays: a delayed conversion is expected in full where it is shown. Many shoppers answer one slate each.
    options = {"delay_conversions": False} if name in ("Shop-v0", "DeepShop-v0") else {}
    world = make_world(name, objectives=[*EVERY, custom("any", any_click)], **options)
    rows = 20_000
    simulation = Simulation(world, 5, rows)
    slate = slates(world, rows, 0)
    some = slice(0, 2000)  # of whom the expectation is asked; of a rehearsed objective that takes its time
    expected = world.expected(simulation.shoppers.take(np.arange(rows)[some]), slate[some])
    reward = np.asarray(simulation.show(slate).objectives, np.float64)
    error = np.sqrt(reward.var(axis=0) / rows + expected.var(axis=0) / 2000) + 1e-9
    assert (np.abs(reward.mean(axis=0) - expected.mean(axis=0)) < 4.5 * error).all()
    low, high = np.array([objective.bounds(world) for objective in world.objectives]).T
    assert (reward >= low).all()
    assert (reward <= high).all()
    assert (expected >= low - 1e-9).all()
    assert (expected <= high + 1e-9).all()


def test_money_and_clicks_add_up():
    world = make_world("Shop-v0", objectives=("profit", "click", "revenue", "ad-revenue", "conversion"), latent=3)
    simulation, catalog = Simulation(world, 1, 500), world.catalog
    totals = np.zeros(5)
    by_hand = np.zeros(5)
    heard_delayed = 0
    for step in range(40):
        slate = slates(world, 500, step)
        feedback, _ = simulation.step(slate)
        delayed = feedback.delayed
        totals += feedback.objectives.sum(axis=0, dtype=np.float64)
        by_hand += [
            (feedback.revenue * catalog.margin[slate]).sum() + (delayed.revenue * catalog.margin[delayed.item]).sum(),
            feedback.clicks.sum(),
            feedback.revenue.sum() + delayed.revenue.sum(),
            (feedback.clicks * catalog.bid[slate]).sum(),
            feedback.conversions.sum() + len(delayed),
        ]
        heard_delayed += len(delayed)
    assert totals == pytest.approx(by_hand, rel=1e-4)
    assert (totals > 0).all()
    assert heard_delayed > 20


def test_satisfaction_is_what_moves_the_shopper():
    world = make_world("Shop-v0", objectives=("satisfaction",), drift=False)
    simulation = moved(world, rows=300)
    before = simulation.shoppers.state["satisfaction"].astype(np.float64)
    identity = simulation.shoppers.identity.copy()
    reward = simulation.show(slates(world, 300, 7)).objectives[:, 0]
    after = simulation.shoppers.state["satisfaction"]
    assert (simulation.shoppers.identity == identity).all()
    np.testing.assert_allclose(after - before, 0.1 * (reward - before), atol=1e-5)
    assert (reward < 0).any()
    assert (reward > 0).any()


def test_novelty_counts_a_click_the_less_the_more_was_shown():
    world = make_world("Shop-v0", objectives=("novelty", "click"))
    simulation = moved(world, rows=300)
    exposure = simulation.shoppers.exposure.copy()
    slate = slates(world, 300, 7)
    feedback = simulation.show(slate)
    seen = np.take_along_axis(exposure, world.catalog.category[slate], axis=1)
    np.testing.assert_allclose(feedback.objectives[:, 0], (feedback.clicks / (1 + seen)).sum(axis=1), rtol=1e-5)
    assert (feedback.objectives[:, 0] < feedback.objectives[:, 1]).any()


def test_diversity_is_the_share_of_pairs_of_different_categories():
    world = make_world("ShopBandit-v0", items=9, categories=3, slate_size=3, objectives=("diversity",))
    category = world.catalog.category
    one, two, three = np.flatnonzero(category == 0)[:3], [0, 3, 1], [0, 1, 2]
    assert [len(set(category[slate])) for slate in (one, two, three)] == [1, 2, 3]
    found = world.expected(world.shoppers(0, np.arange(3)), np.array([one, two, three]))
    assert found[:, 0] == pytest.approx([0, 2 / 3, 1])
    assert world.expected(world.shoppers(0, np.arange(1)), [[5, 5, 5]])[0, 0] == 0


def test_retention_is_one_where_nobody_leaves_and_falls_with_what_dissatisfies():
    stays = make_world("ShopBandit-v0", objectives=("retention",))
    assert (moved(stays).show(slates(stays, 64, 5)).objectives == 1).all()
    assert not stays.estimated
    world = make_world("Shop-v0", objectives=("retention", "satisfaction"))
    assert world.estimated
    shoppers = moved(world, rows=200).shoppers
    pleasing, annoying = (world.best_slate(shoppers, (weight, 0)) for weight in (1, -1))
    difference = world.expected(shoppers, pleasing) - world.expected(shoppers, annoying)
    assert (difference.mean(axis=0) > [0.002, 0.05]).all()


@pytest.mark.parametrize(
    "objectives", [("profit", "click"), ("ad-revenue", "satisfaction"), ("novelty", "conversion", "revenue")]
)
@pytest.mark.parametrize("candidates", [None, 6])
def test_the_oracle_of_item_objectives_is_exact(objectives, candidates):
    world = make_world("Shop-v0", objectives=objectives, candidates=candidates, **SMALL)
    shoppers = moved(world, rows=20, visits=0 if candidates else 4).shoppers
    assert world.oracle_is_exact
    assert not world.estimated
    weights = np.linspace(1, 0.3, len(objectives))
    brute = best_of_all(world, shoppers, weights)
    best = world.expected(shoppers, world.best_slate(shoppers, weights)) @ weights
    assert best == pytest.approx(brute, rel=1e-5)
    assert world.bound(shoppers, weights) == pytest.approx(brute, rel=1e-4)


def best_of_all(world, shoppers, weights):
    """(n,) by all slates, those that repeat items too."""
    slates = product(range(world.choices), repeat=world.slate_size)
    return np.max([world.expected(shoppers, np.tile(each, (len(shoppers), 1))) @ weights for each in slates], axis=0)


@pytest.mark.quick("None-cascade", "None-multinomial", "5-*")
@pytest.mark.parametrize("click_model", CLICK_MODELS)
@pytest.mark.parametrize("candidates", [None, 5])
def test_no_slate_beats_the_oracle_whatever_the_weights(click_model, candidates):
    world = make_world("Shop-v0", click_model=click_model, candidates=candidates, **SMALL)
    shoppers = moved(world, rows=15, visits=0 if candidates else 4).shoppers
    for weights in ((1, 10), (-1, 10), (-1, 30), (-1, -1), (1e60, -1e61), (1e-60, -1e-59)):
        brute = best_of_all(world, shoppers, weights)
        slates = world.best_slate(shoppers, weights)
        best, bound, size = world.expected(shoppers, slates) @ weights, world.bound(shoppers, weights), np.abs(brute).max()
        assert (bound + 1e-5 * size >= brute).all()
        if world.oracle_is_exact:
            assert best == pytest.approx(brute, abs=1e-5 * size)
            assert bound == pytest.approx(brute, abs=1e-5 * size)
        else:
            assert brute.sum() - best.sum() < 0.01 * np.abs(brute).sum()


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 3), st.sampled_from([-3.0, -0.3, 1.0]), st.integers(0, 2**32), st.sampled_from([None, 4]))
def test_the_oracle_of_diversity_is_near_the_best_and_within_its_bound(weight, click, seed, candidates):
    world = make_world("ShopBandit-v0", objectives=("diversity", "click"), candidates=candidates, **SMALL | {"items": 5})
    shoppers = Simulation(world, seed, 10).shoppers
    assert not world.oracle_is_exact
    weights = np.array([weight, click])
    brute = best_of_all(world, shoppers, weights)
    best = world.expected(shoppers, world.best_slate(shoppers, weights)) @ weights
    size = np.abs(brute)
    assert (best <= brute + 1e-6 * size).all()
    assert (brute <= world.bound(shoppers, weights) + 1e-6 * size).all()
    assert brute.sum() - best.sum() < 0.02 * (size.sum() + weight * len(brute))


def test_a_small_category_may_be_repeated_for_diversity():
    """Its one item stands twice in the most diverse slate of four: two pairs of one category rather than three."""
    world = make_world("ShopBandit-v0", items=9, categories=2, slate_size=4, objectives=("diversity",))
    catalog = replace(world.catalog, category=[1] + 8 * [0])
    world = replace(world, catalog=catalog)
    shoppers = world.shoppers(0, np.arange(3))
    assert world.objectives[0].bounds(world) == pytest.approx((0, 2 / 3))
    assert world.expected(shoppers, np.tile([0, 1, 2, 0], (3, 1)))[:, 0] == pytest.approx(2 / 3)
    assert world.expected(shoppers, world.best_slate(shoppers, [1.0]))[:, 0] == pytest.approx(2 / 3)


def test_outcomes_do_not_depend_on_the_batch_the_kernel_or_the_order_of_objectives():
    world = make_world("Shop-v0", objectives=EVERY)
    backwards = replace(world, objectives=world.objectives[::-1])
    whole, alone, plain = Simulation(world, 2, 50), Simulation(backwards, 2, [17]), Simulation(world, 2, 50, compiled=False)
    different = 0
    for step in range(35):
        slate = slates(world, 50, step)
        one = whole.step(slate)[0].objectives
        np.testing.assert_array_equal(one[17], alone.step(slate[17:18])[0].objectives[0, ::-1])
        different += (np.abs(one - plain.step(slate)[0].objectives) > 1e-3).any()
    assert different == 0


def test_objectives_of_ones_own_by_file(tmp_path):
    (tmp_path / "calm.py").write_text(
        "from slategym.sim.objectives import custom\n\n"
        "def one(feedback, items):\n    return feedback.clicks.sum(axis=1) <= 1\n\n"
        "calm = custom('calm', one, lowest=0, highest=1)\n"
    )
    world = make_world("ShopBandit-v0", objectives=f"click,{tmp_path / 'calm.py'}:calm")
    assert world.objective_names == ("click", "calm")
    assert world.weights == (1.0, 1.0)
    reward = Simulation(world, 0, 200).show(slates(world, 200, 0)).objectives
    assert (reward[:, 1] == (reward[:, 0] <= 1)).all()


@pytest.mark.parametrize(
    ("objectives", "words"),
    [
        ("click,clik", "no objective 'clik'. Did you mean 'click'"),
        ("click,click", "names 'click' twice"),
        ("", "there are no objectives"),
        ([custom("odd", lambda feedback, items: np.nan * feedback.terminated)], "'odd' returns a number that is not finite"),
        ([custom("flat", lambda feedback, items: feedback.clicks)], r"'flat' returns an array \(4, 5\)"),
        ([custom("low", lambda feedback, items: -1.0 + feedback.terminated, lowest=0)], "returns -1 in row 0"),
    ],
)
def test_mistakes_are_named(objectives, words):
    with pytest.raises(ValueError, match=words):
        Simulation(make_world("ShopBandit-v0", objectives=objectives), 0, 4).show(np.tile(np.arange(5), (4, 1)))


class PerClick(ItemObjective):
    """Earned with clicks, and unbounded."""

    def bounds(self, world):
        return -np.inf, np.inf

    def click_value(self, world, shoppers, items):
        return 1.0


class PerConversion(PerClick):
    """Earned with conversions alone."""

    click_value = ItemObjective.click_value

    def conversion_value(self, world, items, paid):
        return 1.0


def test_what_is_said_of_an_objective_stands_in_it():
    causes = {
        "click": {"click", "ad-revenue", "satisfaction", "novelty"},
        "conversion": {"conversion", "revenue", "profit"},
        "impression": {"days-away", "diversity", "retention"},
    }
    assert {cause: {name for name in OBJECTIVES if OBJECTIVES[name].cause == cause} for cause in causes} == causes
    assert (OBJECTIVES["click"].plural, OBJECTIVES["ad-revenue"].plural) == ("clicks", "ad revenue")
    assert {name: each.weight for name, each in OBJECTIVES.items() if each.weight != 1} == {"conversion": 10, "days-away": -1}
    plain, named = custom("basket", any_click), custom("basket", any_click, plural="baskets", cause="click", weight=3)
    assert (plain.plural, plain.cause, plain.weight) == ("basket", "impression", 1)
    assert (named.plural, named.cause, named.weight) == ("baskets", "click", 3)
    assert (PerClick("a", "", "").cause, PerConversion("b", "", "").cause, PerConversion("b", "", "", cause="click").cause) == (
        "click",
        "conversion",
        "click",
    )
    world = make_world("ShopBandit-v0", objectives=["click", named])
    assert world.plurals == {"click": "clicks", "basket": "baskets"}
    assert world.weights == (1, 3)
    with pytest.raises(ValueError, match="'basket' has the cause 'sale': expected one of click, conversion, impression"):
        custom("basket", any_click, cause="sale")


def test_a_name_is_free():
    with pytest.raises(ValueError, match="named 'click'"):
        custom("click", any_click)
    assert make_objectives("profit, click") == (OBJECTIVES["profit"], OBJECTIVES["click"])
