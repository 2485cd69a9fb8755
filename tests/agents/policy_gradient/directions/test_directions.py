"""Directions of several gradients: published values, and what each promises for any gradients."""

from typing import get_args, get_type_hints

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from slategym.agents.policy_gradient.agent import PolicyGradient
from slategym.agents.policy_gradient.directions.aligned_mtl import aligned_weights
from slategym.agents.policy_gradient.directions.cagrad import cagrad_weights
from slategym.agents.policy_gradient.directions.mgda import mgda_weights
from slategym.agents.policy_gradient.directions.names import DIRECTIONS
from slategym.agents.policy_gradient.directions.pcgrad import pcgrad_weights
from slategym.agents.policy_gradient.directions.upgrad import dual_projection_weights, upgrad_weights

HALF = (0.5, 0.5)
# Of torchjd 0.18, for the gradients (-4, 1, 1) and (6, 1, 1), rounded there to 3 digits. PCGrad adds; the others take the mean.
PUBLISHED = {
    "upgrad": (HALF, (0.293, 1.900, 1.900)),
    "mgda": (HALF, (0, 1, 1)),
    "pcgrad": ((1, 1), (0.585, 3.801, 3.801)),
    "cagrad": (HALF, (0.184, 1.204, 1.204)),
    "aligned-mtl": (HALF, (0.213, 0.967, 0.967)),
    "dual-projection": (HALF, (0.556, 1.111, 1.111)),
    "nash": (HALF, (0.054, 0.706, 0.706)),
}
OTHERS = [name for name in DIRECTIONS if name != "nash"]  # which has no solution where gradients cancel, and tests of its own


def gradients_of(seed, count, ratio, width=20):
    """(count, width) random gradients, whose lengths differ by a factor, the last one against the mean of the others."""
    random = np.random.default_rng(seed)
    gradients = random.normal(size=(count, width))
    gradients[-1] -= random.uniform(0, 2) * gradients[:-1].mean(axis=0)
    return gradients * np.geomspace(1, ratio, count)[:, None]


def direction_of(name, gradients, weights=None, seed=0):
    weights = np.full(len(gradients), 1 / len(gradients)) if weights is None else np.asarray(weights)
    return DIRECTIONS[name].coefficients(gradients @ gradients.T, weights, np.random.default_rng(seed)) @ gradients


some_gradients = st.builds(gradients_of, st.integers(0, 10**6), st.integers(2, 6), st.sampled_from([1.0, 3.0, 30.0, 1000.0]))


def test_all_names_are_options():
    given = get_args(get_type_hints(PolicyGradient.__init__)["direction"])
    assert given == ("sum", *DIRECTIONS)
    assert set(PUBLISHED) == set(DIRECTIONS)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_values(name):
    weights, expected = PUBLISHED[name]
    found = direction_of(name, np.array([[-4.0, 1, 1], [6, 1, 1]]), weights)
    if name == "nash":  # its length is the square root of M; torchjd cuts it to 1
        assert np.linalg.norm(found) == pytest.approx(np.sqrt(2))
        found /= np.sqrt(2)
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("name", OTHERS)
def test_without_conflict_nothing_is_lost(name):
    """Gradients at right angles and of one length: every direction is their mean, but for its length."""
    found = direction_of(name, np.eye(3))
    np.testing.assert_allclose(found / np.linalg.norm(found), np.full(3, 1 / np.sqrt(3)), rtol=1e-9)


@settings(max_examples=30, deadline=None)
@given(gradients=some_gradients)
@pytest.mark.parametrize("name", ["mgda", "upgrad", "dual-projection"])
def test_no_objective_is_harmed(name, gradients):
    found = direction_of(name, gradients)
    lengths = np.linalg.norm(gradients, axis=1)
    assert (gradients @ found >= -1e-7 * lengths * lengths.max()).all()


@settings(max_examples=30, deadline=None)
@given(gradients=some_gradients, seed=st.integers(0, 100))
def test_mgda_is_the_shortest_mixture(gradients, seed):
    shares = mgda_weights(gradients @ gradients.T)
    assert (shares >= 0).all()
    assert shares.sum() == pytest.approx(1)
    found = shares @ gradients
    # The condition of the optimum: no gradient has a smaller product with the mixture than the mixture with itself.
    slack = 1e-7 * np.linalg.norm(gradients, axis=1) * np.linalg.norm(found) + 1e-12
    assert (gradients @ found >= found @ found - slack).all()


@settings(max_examples=25, deadline=None)
@given(gradients=some_gradients)
def test_upgrad_projects_on_the_dual_cone(gradients):
    """The optimum's conditions: what is added is a mixture of gradients, at right angles to the projection."""
    count, lengths = len(gradients), np.linalg.norm(gradients, axis=1)
    weights = np.arange(1, count + 1) / np.arange(1, count + 1).sum()
    together = upgrad_weights(gradients @ gradients.T, weights)
    assert (together >= weights - 1e-12).all()
    for target, projected in ((each, upgrad_weights(gradients @ gradients.T, each + 0.0)) for each in np.eye(count)):
        added = projected - target
        found, scale = projected @ gradients, lengths * lengths.max()
        assert (added >= 0).all()
        assert (gradients @ found >= -1e-7 * scale).all()
        assert abs((added * lengths) @ ((gradients @ found) / lengths)) <= 1e-7 * lengths.max() ** 2
        together = together - weights[target.argmax()] * projected
    np.testing.assert_allclose(together, 0, atol=1e-9)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 4), radius=st.floats(0.05, 0.95))
def test_cagrad_is_the_best_within_the_radius(seed, count, radius):
    """Against a general solver, on the programme as the paper states it: a direction, and the least improvement."""
    gradients = gradients_of(seed, count, 3.0, width=4)
    weights = np.random.default_rng(seed).dirichlet(np.ones(count))
    mean = weights @ gradients
    reach = radius * np.linalg.norm(mean)
    assume(reach > 1e-3)
    found = cagrad_weights(gradients @ gradients.T, weights, radius) @ gradients
    assert np.linalg.norm(found - mean) == pytest.approx(reach, rel=1e-6)
    solved = minimize(
        lambda x: -x[-1],
        np.append(mean, (gradients @ mean).min()),
        constraints=[
            {"type": "ineq", "fun": lambda x: gradients @ x[:-1] - x[-1]},
            {"type": "ineq", "fun": lambda x: reach**2 - ((x[:-1] - mean) ** 2).sum()},
        ],
        options={"maxiter": 500, "ftol": 1e-12},
    )
    assert (gradients @ found).min() >= (gradients @ solved.x[:-1]).min() - 1e-5


def test_cagrad_between_the_mean_and_a_radius_of_one():
    gradients = gradients_of(3, 3, 2.0)
    np.testing.assert_allclose(cagrad_weights(gradients @ gradients.T, (1, 2, 1), 0), (0.25, 0.5, 0.25))
    with pytest.raises(ValueError, match=r"radius is 2: expected a number from 0 to 1"):
        cagrad_weights(gradients @ gradients.T, (1, 2, 1), 2)


@settings(max_examples=30, deadline=None)
@given(gradients=some_gradients, seed=st.integers(0, 1000))
def test_pcgrad_has_one_order_of_two_and_a_seeded_one_of_more(gradients, seed):
    gram, weights = gradients @ gradients.T, np.ones(len(gradients))
    first, again = (pcgrad_weights(gram, weights, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    if len(gradients) == 2:
        np.testing.assert_array_equal(first, pcgrad_weights(gram, weights, np.random.default_rng(seed + 1)))
        if gram[0, 1] >= 0:
            np.testing.assert_array_equal(first, weights)
        else:  # of two, what is left of each is at right angles to the other
            left = np.array([pcgrad_weights(gram, each, np.random.default_rng(0)) for each in np.eye(2)]) @ gradients
            products = (left @ gradients.T) / np.outer(np.linalg.norm(left, axis=1), np.linalg.norm(gradients, axis=1))
            assert abs(products[0, 1]) < 1e-6
            assert abs(products[1, 0]) < 1e-6


def test_the_order_of_pcgrad_matters_where_three_conflict():
    gradients = np.array([[1.0, 0.0], [-0.5, 1.0], [-0.5, -0.8]])
    gram = gradients @ gradients.T
    assert len({tuple(pcgrad_weights(gram, np.ones(3), np.random.default_rng(seed)).round(9)) for seed in range(20)}) > 1


@settings(max_examples=25, deadline=None)
@given(gradients=some_gradients)
def test_aligned_gradients_are_orthogonal_and_of_one_length(gradients):
    gram = gradients @ gradients.T
    aligned = np.array([aligned_weights(gram, each) for each in np.eye(len(gram))]) @ gradients
    shortest = np.linalg.svd(gradients, compute_uv=False).min()
    np.testing.assert_allclose(aligned @ aligned.T, shortest**2 * np.eye(len(gram)), atol=1e-6 * shortest**2)


@settings(max_examples=10, deadline=None)
@given(gradients=some_gradients, factor=st.sampled_from([1e-6, 1e-3, 1e4]))
@pytest.mark.parametrize("name", OTHERS)
def test_the_unit_of_all_gradients_does_not_matter(name, gradients, factor):
    once, other = direction_of(name, gradients), direction_of(name, factor * gradients)
    np.testing.assert_allclose(other / factor, once, rtol=1e-4, atol=1e-6 * np.abs(once).max())


@pytest.mark.parametrize("name", OTHERS)
def test_gradients_that_cancel_or_are_the_same(name):
    opposed = np.array([[1.0, 0.0], [-1.0, 0.0]])
    assert np.isfinite(direction_of(name, opposed)).all()
    if name in ("mgda", "upgrad", "dual-projection", "pcgrad"):
        np.testing.assert_allclose(direction_of(name, opposed), 0, atol=1e-9)
    same = np.array([[1.0, 2.0], [1.0, 2.0]])
    found = direction_of(name, same)
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-9)
    assert found[0] > 0


@pytest.mark.parametrize("weigh", [cagrad_weights, upgrad_weights, dual_projection_weights, aligned_weights])
def test_bad_input_is_refused(weigh):
    with pytest.raises(ValueError, match="expected a square of finite numbers"):
        weigh(np.ones((2, 3)), HALF)
    with pytest.raises(ValueError, match="weights is"):
        weigh(np.eye(2), (1, 2, 3))
    with pytest.raises(ValueError, match="expected non-negative numbers, not all zero"):
        weigh(np.eye(2), (0, 0))


def test_weights_of_pcgrad_and_gradients_of_mgda_are_checked():
    with pytest.raises(ValueError, match="weights is"):
        pcgrad_weights(np.eye(2), (1, 2, 3), np.random.default_rng(0))
    with pytest.raises(ValueError, match="expected a square of finite numbers"):
        mgda_weights([[np.nan]])
