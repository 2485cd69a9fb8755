import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.agents.policy_gradient.directions.nash_mtl import nash_weights


def residual(gram, a):
    """How far G G' a is from 1 / a, in units of the latter."""
    return np.abs((gram @ a) * a - 1).max()


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 6), ratio=st.floats(1, 1000))
def test_residual_at_any_ratio_of_norms(seed, count, ratio):
    random = np.random.default_rng(seed)
    gradients = random.normal(size=(count, 20)) * np.geomspace(1, ratio, count)[:, None]
    gram = gradients @ gradients.T
    a = nash_weights(gram)
    assert (a > 0).all()
    assert residual(gram, a) < 1e-8


def test_two_by_the_closed_form_are_two_by_newton():
    gradients = np.array([[1.0, 0.2, 0], [-300.0, 400.0, 10.0]])
    gram = gradients @ gradients.T
    third = np.zeros((3, 3))
    third[:2, :2], third[2, 2] = gram, 1.0  # a gradient at right angles changes nothing for the others
    np.testing.assert_allclose(nash_weights(gram), nash_weights(third)[:2], rtol=1e-8)
    assert residual(gram, nash_weights(gram)) < 1e-12


def test_a_large_gradient_does_not_drown_a_small_one():
    """The improvement of each objective, as a share of its own gradient's length, does not depend on the lengths."""
    gradients = np.array([[1.0, 0.0], [0.6, 0.8]])
    one = nash_weights(gradients @ gradients.T) @ gradients
    long = gradients * [[1.0], [1000.0]]
    np.testing.assert_allclose(nash_weights(long @ long.T) @ long, one)


@pytest.mark.parametrize(
    ("gram", "message"),
    [
        (np.ones((2, 3)), "expected a square"),
        ([[1.0, np.nan], [np.nan, 1.0]], "finite numbers"),
        ([[1.0, 0.0], [0.0, 0.0]], "gradient 1 is zero"),
        ([[1.0, -1.0], [-1.0, 1.0]], "the gradients cancel"),
        ([[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]], "cancel, or nearly so"),
    ],
)
def test_what_has_no_solution_is_refused(gram, message):
    with pytest.raises(ValueError, match=message):
        nash_weights(gram)
