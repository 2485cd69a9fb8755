"""Estimators of single actions: exact expectations by enumeration, identities and bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from slategym.bench.off_policy.actions import (
    dm,
    dr,
    dr_os,
    ipw,
    mrdr,
    mrdr_weights,
    sndr,
    snipw,
    subgaussian_dr,
    subgaussian_ipw,
    switch_dr,
)
from slategym.bench.off_policy.terms import Terms, mean_of, normalised

RANDOM = np.random.Generator(np.random.Philox(7))
CONTEXTS = np.array([0.3, 0.7])
BEHAVIOUR = RANDOM.dirichlet(np.ones(4), 2)
TARGET = RANDOM.dirichlet(np.ones(4), 2)
TARGET[0, 2] = 0
TARGET /= TARGET.sum(axis=1, keepdims=True)
MEAN = RANDOM.random((2, 4, 2))  # of two objectives
MODEL = RANDOM.random((2, 4, 2))
TRUTH = np.einsum("x,xa,xam->m", CONTEXTS, TARGET, MEAN)


def outcomes():
    """Every context, action and reward (of two objectives, each 0 or 3) with its probability, and what estimators take of it."""
    x, a, first, second = (each.ravel() for each in np.indices((2, 4, 2, 2)))
    reward = np.stack([first, second], axis=1)
    chance = np.where(reward == 1, MEAN[x, a], 1 - MEAN[x, a]).prod(axis=1) * CONTEXTS[x] * BEHAVIOUR[x, a]
    expected = np.einsum("xa,xam->xm", TARGET, MODEL)
    return chance, (reward.astype(float), BEHAVIOUR[x, a], TARGET[x, a]), (MODEL[x, a], expected[x])


CHANCE, LOGGED, PREDICTED = outcomes()


def expectation(terms):
    return np.einsum("n,ngm->m", CHANCE, terms.top)


@pytest.mark.parametrize(
    "terms",
    [
        ipw(*LOGGED),
        ipw(*LOGGED, clip=1e9),
        dr(*LOGGED, *PREDICTED),
        mrdr(*LOGGED, *PREDICTED),
        switch_dr(*LOGGED, *PREDICTED, threshold=None),
        dr_os(*LOGGED, *PREDICTED, shrinkage=None),
        subgaussian_ipw(*LOGGED, rate=0.0),
        subgaussian_dr(*LOGGED, *PREDICTED, rate=0.0),
    ],
)
def test_unbiased_estimators_expect_the_truth(terms):
    assert terms.bottom is None
    np.testing.assert_allclose(expectation(terms), TRUTH, rtol=0, atol=1e-12)


def test_the_bias_of_the_others_is_what_their_formulas_say():
    x, a = np.indices((2, 4))
    weight = TARGET / BEHAVIOUR
    for clip in (0.5, 1.5):
        clipped = np.einsum("x,xa,xam->m", CONTEXTS, BEHAVIOUR * np.minimum(weight, clip), MEAN)
        np.testing.assert_allclose(expectation(ipw(*LOGGED, clip=clip)), clipped, atol=1e-12)
        model = np.einsum("x,xa,xam->m", CONTEXTS, TARGET, MODEL)
        kept = BEHAVIOUR * weight * (weight <= clip)
        switched = model + np.einsum("x,xa,xam->m", CONTEXTS, kept, MEAN - MODEL)
        np.testing.assert_allclose(expectation(switch_dr(*LOGGED, *PREDICTED, threshold=clip)), switched, atol=1e-12)
        shrunk = BEHAVIOUR * clip * weight / (weight**2 + clip)
        optimistic = model + np.einsum("x,xa,xam->m", CONTEXTS, shrunk, MEAN - MODEL)
        np.testing.assert_allclose(expectation(dr_os(*LOGGED, *PREDICTED, shrinkage=clip)), optimistic, atol=1e-12)
        np.testing.assert_allclose(expectation(dm(PREDICTED[1])), model, atol=1e-12)
    assert x.shape == a.shape


def test_ratios_of_expectations_are_the_truth_for_self_normalised_estimators():
    """They are consistent: what their sums tend to is the truth."""
    for terms in (snipw(*LOGGED), sndr(*LOGGED, *PREDICTED)):
        top, bottom = np.einsum("n,ngm->gm", CHANCE, terms.top), np.einsum("n,ng->g", CHANCE, terms.bottom)
        np.testing.assert_allclose((top / bottom[:, None]).sum(axis=0), TRUTH, atol=1e-12)


def same(left, right):
    np.testing.assert_allclose(left.value, right.value, rtol=1e-12, atol=1e-12)


def test_identities():
    zero = np.zeros_like(LOGGED[0])
    same(dr(*LOGGED, zero, zero), ipw(*LOGGED))
    same(sndr(*LOGGED, zero, zero), snipw(*LOGGED))
    same(switch_dr(*LOGGED, *PREDICTED, threshold=None), dr(*LOGGED, *PREDICTED))
    same(switch_dr(*LOGGED, *PREDICTED, threshold=1e9), dr(*LOGGED, *PREDICTED))
    same(dr_os(*LOGGED, *PREDICTED, shrinkage=1e15), dr(*LOGGED, *PREDICTED))
    same(dr_os(*LOGGED, *PREDICTED, shrinkage=None), dr(*LOGGED, *PREDICTED))
    same(dr_os(*LOGGED, *PREDICTED, shrinkage=0), dm(PREDICTED[1]))
    supported = LOGGED[2] > 0
    some = [each[supported] for each in (*LOGGED, *PREDICTED)]
    same(switch_dr(*some, threshold=0), dm(some[4]))
    same(subgaussian_ipw(*some[:3], rate=1), mean_of(some[0]))
    same(subgaussian_dr(*some, rate=0), dr(*some))
    alike = (LOGGED[0], LOGGED[1], LOGGED[1])
    same(ipw(*alike), mean_of(LOGGED[0]))
    same(snipw(*alike), mean_of(LOGGED[0]))
    one = ipw(LOGGED[0][:, 0], *LOGGED[1:])
    np.testing.assert_allclose(one.value, ipw(*LOGGED).value[:1])


def test_weights_for_the_model_of_mrdr_give_the_least_variance():
    """With a deterministic target and a model of one number, the weighted least-squares fit has the least variance of all
    numbers."""
    target = np.zeros((2, 4))
    target[[0, 1], [1, 3]] = 1
    x, a, r = (each.ravel() for each in np.indices((2, 4, 2)))
    chance = np.where(r == 1, MEAN[x, a, 0], 1 - MEAN[x, a, 0]) * CONTEXTS[x] * BEHAVIOUR[x, a]
    weights = chance * mrdr_weights(BEHAVIOUR[x, a], target[x, a])
    fitted = (weights * r).sum() / weights.sum()

    def variance(number):
        """Within contexts, which is all that the model changes when it is the same number for every action."""
        terms = dr(r, BEHAVIOUR[x, a], target[x, a], np.full(len(r), number), np.full(len(r), number)).top[:, 0, 0]
        means = np.array([np.average(terms[x == each], weights=chance[x == each]) for each in (0, 1)])
        return chance @ (terms - means[x]) ** 2

    around = [variance(fitted + step) for step in (-0.1, -0.01, 0, 0.01, 0.1)]
    assert min(around) == around[2]
    plain = chance @ r
    assert variance(plain) > around[2]


@given(
    arrays.arrays(np.float64, 20, elements=st.floats(0, 1)),
    arrays.arrays(np.float64, 20, elements=st.floats(0.001, 1)),
    arrays.arrays(np.float64, 20, elements=st.floats(0, 1)),
    st.floats(0.01, 100),
)
@settings(max_examples=60, deadline=None)
def test_shrunk_weights_lie_between_zero_and_the_plain_ones(reward, behaviour, target, number):
    plain = target / behaviour
    rate = min(number / 100, 1)
    given = (reward, behaviour, target)
    weights = {
        "clip": ipw(*given, clip=number).weight,
        "threshold": switch_dr(*given, reward, reward, threshold=number).weight,
        "shrinkage": dr_os(*given, reward, reward, shrinkage=number).weight,
    }
    for weight in weights.values():
        assert (weight[:, 0] >= 0).all()
        assert (weight[:, 0] <= plain * (1 + 1e-12)).all()
    assert weights["clip"].max() <= number
    assert weights["threshold"].max() <= number
    assert weights["shrinkage"].max() <= np.sqrt(number) / 2 * (1 + 1e-12)  # where w^2 is the shrinkage
    assert subgaussian_ipw(*given, rate=rate).weight.max() <= 1 / rate * (1 + 1e-12)
    if plain.any():
        value = snipw(*given).value[0]
        seen = reward[plain > 0]
        assert seen.min() - 1e-9 <= value <= seen.max() + 1e-9  # a weighted mean
    shifted = snipw(reward + 5, behaviour, target).value[0]
    assert np.isnan(shifted) or shifted == pytest.approx(snipw(*given).value[0] + 5)


def test_rounds_without_a_propensity_have_no_weight():
    terms = ipw([1, 1, 1, 1], [0.5, 0, np.nan, 0.5], [0.5, 0.5, 0.5, 1])
    assert terms.weight[:, 0].tolist() == [1, 0, 0, 2]
    assert terms.value[0] == 0.75


def test_what_is_wrong_is_named():
    with pytest.raises(ValueError, match=r"target has shape \(3,\): expected \(2,\), the shape of behaviour"):
        ipw([1, 0], [0.5, 0.5], [0.5, 0.5, 0.5])
    with pytest.raises(ValueError, match=r"reward has shape \(3,\): expected \(2,\), or \(2, 'M'\)"):
        ipw([1, 0, 0], [0.5, 0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"predicted has shape \(1,\)"):
        dr([1, 0], [0.5, 0.5], [0.5, 0.5], [1], [1, 1])
    with pytest.raises(ValueError, match="clip is -1: expected a number above 0, or None"):
        ipw([1], [0.5], [0.5], clip=-1)
    with pytest.raises(ValueError, match="rate is 2: expected a number from 0 to 1"):
        subgaussian_ipw([1], [0.5], [0.5], rate=2)
    with pytest.raises(ValueError, match="bottom has 1 rounds: expected 2"):
        Terms(np.zeros((2, 1, 1)), np.zeros((1, 1)))
    assert np.isnan(normalised(np.zeros((3, 1)), np.zeros(3)).value[0])
    assert np.isnan(ipw([], [], []).value[0])
