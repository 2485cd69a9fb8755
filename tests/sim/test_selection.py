import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from slategym.sim.selection import top_k


@pytest.mark.slow
@settings(deadline=None)
@given(data=st.data(), shape=array_shapes(min_dims=2, max_dims=2, max_side=30))
def test_same_as_a_stable_sort(data, shape):
    # Few distinct values, so that ties are common.
    scores = data.draw(arrays(np.float32, shape, elements=st.integers(-2, 2).map(float)))
    count = data.draw(st.integers(1, shape[1]))
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    np.testing.assert_array_equal(top_k(scores, count), expected)


def test_minus_infinity_comes_last():
    assert top_k(np.array([[-np.inf, 1.0, 0.0]]), 3).tolist() == [[1, 2, 0]]


def test_too_many_are_refused():
    with pytest.raises(ValueError, match="best 3 of 2 items"):
        top_k(np.zeros((1, 2)), 3)


def test_nan_is_refused():
    with pytest.raises(ValueError, match=r"scores\[1, 0\] is NaN"):
        top_k(np.array([[0.0, 1.0], [np.nan, 1.0]]), 1)


def test_long_slates_too():
    scores = np.random.default_rng(0).integers(0, 20, (100, 60)).astype(np.float32)
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :50]
    np.testing.assert_array_equal(top_k(scores, 50), expected)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("items", "count"), [(500, 5), (1000, 100), (33, 33), (20_000, 10)])
def test_large_rows(kind, items, count):
    scores = np.random.default_rng(0).normal(size=(50, items)).round(2).astype(kind)  # with ties
    scores[:, ::7] = -np.inf
    np.testing.assert_array_equal(top_k(scores, count), np.argsort(-scores, axis=1, kind="stable")[:, :count])
