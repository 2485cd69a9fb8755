"""Rules for slates: their text, the slates that keep to them, and the oracle, against all slates of small worlds."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym import Simulation, make_world
from slategym.sim.choice import Choice
from slategym.sim.rules import SlateRules


def keeps(slate, category, allowed, rules):
    """Whether a slate keeps to a mask and to rules, by their definitions."""
    shown = list(slate)
    return (
        len({*shown}) == len(shown)
        and allowed[shown].all()
        and not {*shown} & {*rules.never}
        and {*rules.must} <= {*shown}
        and {*rules.must_category} <= {*category[shown].tolist()}
        and (rules.at_most is None or np.bincount(category[shown]).max() <= rules.at_most)
    )


@st.composite
def shops(draw):
    items, slate_size, categories = draw(st.integers(2, 8)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    category = np.array(draw(st.lists(st.integers(0, categories - 1), min_size=items, max_size=items)))
    allowed = np.array(draw(st.lists(st.sampled_from([True, True, True, False]), min_size=items, max_size=items)))
    scores = np.array(draw(st.lists(st.integers(-5, 5), min_size=items, max_size=items)), np.float64)
    numbers = st.integers(0, items - 1)
    must = draw(st.lists(numbers, max_size=2))
    never = [number for number in draw(st.lists(numbers, max_size=2)) if number not in must]
    owed = draw(st.lists(st.integers(0, categories - 1), max_size=2))
    rules = SlateRules(tuple(must), tuple(owed), tuple(never), draw(st.none() | st.integers(1, 3)))
    return min(slate_size, items), category, allowed, scores, rules


@given(shops())
@settings(max_examples=300, deadline=None)
def test_the_greedy_slate_has_the_highest_sum_of_all_that_keep_to_the_rules(shop):
    slate_size, category, allowed, scores, rules = shop
    every = [slate for slate in combinations(range(len(scores)), slate_size) if keeps(slate, category, allowed, rules)]
    if not every:
        with pytest.raises(ValueError, match="row 0"):
            Choice(allowed[None], slate_size, category, rules)
        return
    best = Choice(allowed[None], slate_size, category, rules).best(scores[None])[0]
    assert keeps(best, category, allowed, rules)
    assert scores[best].sum() == max(scores[list(slate)].sum() for slate in every)
    assert (np.diff(scores[best]) <= 0).all()


@given(shops(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_what_is_eligible_is_what_a_slate_that_keeps_to_the_rules_can_go_on_with(shop, random):
    slate_size, category, allowed, scores, rules = shop
    every = [slate for slate in permutations(range(len(scores)), slate_size) if keeps(slate, category, allowed, rules)]
    if not every:
        return
    choice, taken = Choice(allowed[None], slate_size, category, rules), []
    for rank in range(slate_size):
        possible = {slate[rank] for slate in every if list(slate[:rank]) == taken}
        assert set(np.flatnonzero(choice.eligible()[0]).tolist()) == possible
        taken.append(random.choice(sorted(possible)))
        choice.take(np.array(taken[-1:]))


@given(shops())
@settings(max_examples=150, deadline=None)
def test_a_rank_may_show_what_keeps_the_slate_to_the_rules(shop):
    slate_size, category, allowed, scores, rules = shop
    every = [slate for slate in permutations(range(len(scores)), slate_size) if keeps(slate, category, allowed, rules)]
    for slate in every[:5]:
        for rank in range(slate_size):
            fitting = Choice(allowed[None], slate_size, category, rules).fitting(np.array([slate]), rank)[0]
            rest = [*slate[:rank], *slate[rank + 1 :]]
            others = {other[rank] for other in every if [*other[:rank], *other[rank + 1 :]] == rest}
            assert set(np.flatnonzero(fitting).tolist()) == others


RULES = ("", "never=1+2", "at-most=1", "must=4;at-most=2", "must-category=1;never=0")


@pytest.mark.quick("*-position-based", "must=4*")
@pytest.mark.parametrize("click_model", ["position-based", "cascade", "dependent-click", "user-browsing", "multinomial"])
@pytest.mark.parametrize("rules", RULES)
def test_the_oracle_keeps_to_masks_and_rules(click_model, rules):
    world = make_world("ShopBandit-v0", items=8, slate_size=3, categories=4, click_model=click_model, rules=rules)
    simulation, weights, random = Simulation(world, 1, 5), np.array(world.weights), np.random.default_rng(0)
    mask = random.random((5, 8)) < 0.8
    mask[:, [4, np.flatnonzero(world.catalog.category == 1)[0], 0, 3, 5]] = True
    shoppers = simulation.shoppers
    every = [np.array(slate) for slate in permutations(range(8), 3)]
    value = np.stack([world.expected(shoppers, np.tile(slate, (5, 1))) @ weights for slate in every])
    for allowed in (np.ones((5, 8), np.bool_), mask):
        kept = np.array([[keeps(slate, world.catalog.category, row, world.rules) for row in allowed] for slate in every])
        highest = np.where(kept, value, -np.inf).max(axis=0)
        best = world.best_slate(shoppers, weights, allowed)
        assert all(keeps(slate, world.catalog.category, row, world.rules) for slate, row in zip(best, allowed, strict=True))
        reached = world.expected(shoppers, best) @ weights
        if world.oracle_is_exact:
            np.testing.assert_allclose(reached, highest, rtol=1e-6)
        else:
            assert (reached >= 0.99 * highest).all()
    assert (world.bound(shoppers, weights) >= np.where(kept, value, -np.inf).max(axis=0) - 1e-6).all()


def test_exact_oracles_say_so():
    exact = {
        (model, rules): make_world("ShopBandit-v0", items=8, slate_size=3, click_model=model, rules=rules).oracle_is_exact
        for model in ("position-based", "cascade", "multinomial")
        for rules in ("never=1", "at-most=2")
    }
    assert [key for key, value in exact.items() if not value] == [("cascade", "at-most=2")]


def test_the_oracle_of_a_slate_objective_keeps_to_rules():
    objectives = ["click", "diversity"]
    world = make_world("ShopBandit-v0", items=8, slate_size=3, categories=4, objectives=objectives, rules="at-most=2;must=5")
    simulation, weights, allowed = Simulation(world, 0, 4), np.array([1.0, 0.5]), np.ones(8, np.bool_)
    best = world.best_slate(simulation.shoppers, weights)
    assert all(keeps(slate, world.catalog.category, allowed, world.rules) for slate in best)
    every = [slate for slate in permutations(range(8), 3) if keeps(slate, world.catalog.category, allowed, world.rules)]
    highest = np.max([world.expected(simulation.shoppers, np.tile(slate, (4, 1))) @ weights for slate in every], axis=0)
    assert (world.expected(simulation.shoppers, best) @ weights >= 0.97 * highest).all()


def test_rules_are_read_and_written_as_text():
    rules = SlateRules.of("never=7+3,at-most=2;must=5,must-category=1")
    assert rules == SlateRules(must=(5,), must_category=(1,), never=(3, 7), at_most=2)
    assert str(rules) == "must=5;must-category=1;never=3+7;at-most=2"
    assert SlateRules.of(str(rules)) == rules
    assert not SlateRules.of("")
    assert make_world("Shop-v0:items=20,rules=never=3+7;at-most=2").rules == SlateRules(never=(3, 7), at_most=2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("neven=3", "no rule"),
        ("never>=3", "no rule"),
        ("never=x", "whole numbers"),
        ("at-most=1+2", "several numbers"),
        ("at-most=0", "a whole number from 1"),
        ("never=1;never=2", "twice"),
        ("never=1;must=1", "must be shown and must never"),
    ],
)
def test_bad_rules_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        SlateRules.of(text)


@pytest.mark.parametrize(
    ("rules", "options", "message"),
    [
        ("never=20", {}, "not an item"),
        ("must-category=9", {}, "not a category"),
        ("must=1+2+3+4", {}, "more must be shown"),
        ("at-most=1", {"slate_size": 6}, "fewer items are allowed"),
        ("must=1", {"candidates": 10}, "candidates"),
    ],
)
def test_rules_that_no_slate_can_keep_to_are_refused(rules, options, message):
    with pytest.raises(ValueError, match=message):
        make_world("Shop-v0", **{"items": 20, "categories": 4, "slate_size": 3, "rules": rules} | options)
