"""Slate optimisers, held to all slates."""

from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linprog

from slategym.agents.values.optimisers import best_slates
from slategym.sim.choice import Choice
from slategym.sim.rules import NO_RULES
from slategym.sim.selection import top_k

ROWS, ITEMS, K = 60, 7, 3
SLATES = np.array(list(permutations(range(ITEMS), K)))


def drawn(low):
    random = np.random.Generator(np.random.Philox(3))
    return np.exp(random.normal(size=(ROWS, ITEMS))), random.uniform(low, 1, (ROWS, ITEMS))


def worth(weight, gain, slate):
    """The expected gain of slates (n, ..., k)."""
    v, g = (np.take_along_axis(each, slate.reshape(len(each), -1), axis=1).reshape(slate.shape) for each in (weight, gain))
    return (v * g).sum(axis=-1) / (1 + v.sum(axis=-1))


def chosen(optimiser, weight, gain, allowed=None):
    mask = np.ones(weight.shape, np.bool_) if allowed is None else allowed
    return best_slates(
        optimiser,
        weight,
        gain,
        lambda scores: top_k(np.where(mask, scores, -np.inf), K),
        lambda: Choice(mask, K, np.zeros(ITEMS, np.int64), NO_RULES),
    )


@pytest.mark.parametrize("low", [0, -1, -2])
def test_the_linear_program_gives_the_best_of_all_slates(low):
    """Also where gains are below 0, but the slate has to be full."""
    weight, gain = drawn(low)
    every = worth(weight, gain, np.broadcast_to(SLATES, (ROWS, *SLATES.shape)))
    slate = chosen("lp", weight, gain)
    assert all(len(set(row)) == K for row in slate.tolist())
    np.testing.assert_allclose(worth(weight, gain, slate), every.max(axis=1), rtol=1e-12)


def test_it_is_the_optimum_of_the_published_program():
    """max sum v g y subject to t + sum v y = 1, sum y = k t, 0 <= y <= t: the Charnes-Cooper form in section 5 of the paper."""
    weight, gain = drawn(-1)
    for v, g, value in zip(weight, gain, worth(weight, gain, chosen("lp", weight, gain)), strict=True):
        equal = np.array([[*v, 1.0], [*np.ones(ITEMS), -float(K)]])
        below = np.concatenate([np.eye(ITEMS), -np.ones((ITEMS, 1))], axis=1)
        solved = linprog(-np.append(v * g, 0), A_ub=below, b_ub=np.zeros(ITEMS), A_eq=equal, b_eq=[1, 0])
        assert -solved.fun == pytest.approx(value, abs=1e-9)


def test_top_k_has_the_highest_sum_of_products_of_all_slates():
    weight, gain = drawn(-1)
    product = np.take_along_axis(weight * gain, SLATES.reshape(1, -1).repeat(ROWS, axis=0), axis=1).reshape(ROWS, -1, K)
    slate = chosen("top-k", weight, gain)
    np.testing.assert_allclose(np.take_along_axis(weight * gain, slate, axis=1).sum(axis=1), product.sum(axis=2).max(axis=1))


def test_greedy_adds_what_raises_the_value_most():
    weight, gain = drawn(-1)
    slate = chosen("greedy", weight, gain)
    for row, items in enumerate(slate):
        taken = []
        for item in items:
            left = [other for other in range(ITEMS) if other not in taken]
            values = [worth(weight[row][None], gain[row][None], np.array([[*taken, other]]))[0] for other in left]
            assert left[int(np.argmax(values))] == item
            taken.append(item)


def test_both_quick_ones_are_the_best_where_all_weights_are_equal():
    weight, gain = np.full((ROWS, ITEMS), 0.4), drawn(0)[1]
    best = worth(weight, gain, chosen("lp", weight, gain))
    for optimiser in ("top-k", "greedy"):
        np.testing.assert_allclose(worth(weight, gain, chosen(optimiser, weight, gain)), best)


def test_how_far_the_quick_ones_may_be_off():
    """In 60 random problems with gains above 0, greedy is nearly the best and top-k is not."""
    weight, gain = drawn(0)
    best = worth(weight, gain, chosen("lp", weight, gain))
    share = {name: worth(weight, gain, chosen(name, weight, gain)) / best for name in ("top-k", "greedy")}
    assert all((each <= 1 + 1e-12).all() for each in share.values())
    assert share["greedy"].mean() > 0.98
    assert share["top-k"].min() < 0.98


@pytest.mark.parametrize("optimiser", ["lp", "top-k", "greedy"])
def test_what_is_not_allowed_is_left_out(optimiser):
    weight, gain = drawn(0)
    allowed = np.random.Generator(np.random.Philox(4)).random((ROWS, ITEMS)) < 0.6
    allowed[:, :K] = True
    slate = chosen(optimiser, weight, gain, allowed)
    assert np.take_along_axis(allowed, slate, axis=1).all()
    if optimiser == "lp":
        every = worth(weight, gain, np.broadcast_to(SLATES, (ROWS, *SLATES.shape)))
        every[~allowed[:, SLATES].all(axis=2)] = -np.inf
        np.testing.assert_allclose(worth(weight, gain, slate), every.max(axis=1))


def test_another_optimiser_is_refused():
    with pytest.raises(ValueError, match=r"there is no optimiser 'lq'. Did you mean 'lp'"):
        chosen("lq", *drawn(0))
