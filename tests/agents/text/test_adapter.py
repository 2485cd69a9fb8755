"""Fine-tuned vectors keep what clicks and conversions depend on, also of items that nobody has seen."""

import numpy as np
import pytest
import torch

from slategym.agents.text.adapter import Impressions, tuned_vectors
from slategym.sim.features.components import principal_components

ITEMS, SEEN = 300, 240


def problem(seed=0, count=30_000):
    """Vectors of which loud directions mean nothing: a quiet one draws clicks, another one conversions, of some shoppers."""
    random = np.random.default_rng(seed)
    quiet = random.normal(size=(ITEMS, 2))
    loud = random.normal(size=(ITEMS, 10)) * 3
    turn = np.linalg.qr(random.normal(size=(24, 12)))[0]
    vectors = np.concatenate([quiet, loud], axis=1) @ turn.T
    item, context = random.integers(0, SEEN, count), random.normal(size=(count, 2))
    rank = random.integers(0, 3, count)
    click = random.random(count) < 0.9**rank / (1 + np.exp(1 - 1.5 * context[:, 0] * quiet[item, 0]))
    conversion = click & (random.random(count) < 1 / (1 + np.exp(-1.5 * quiet[item, 1])))
    return vectors, quiet, Impressions(context, item, rank, click, conversion)


def explained(features, truth):
    """The share of the truth that is linear in features, of items without impressions."""
    x = np.concatenate([np.ones((ITEMS, 1)), features], axis=1)
    fit = x[:SEEN] @ np.linalg.lstsq(x[:SEEN], truth[:SEEN], rcond=None)[0]
    assert fit.shape == truth[:SEEN].shape
    left = truth[SEEN:] - x[SEEN:] @ np.linalg.lstsq(x[:SEEN], truth[:SEEN], rcond=None)[0]
    return 1 - (left**2).sum(axis=0) / ((truth[SEEN:] - truth[SEEN:].mean(axis=0)) ** 2).sum(axis=0)


def test_it_finds_what_clicks_and_conversions_depend_on():
    vectors, quiet, impressions = problem()
    assert (explained(principal_components(vectors, 2), quiet) < 0.1).all()
    found = tuned_vectors(vectors, impressions, size=2, learning_rate=0.02, decay=0.0, epochs=6, batch_size=1024)
    assert found.shape == (ITEMS, 2)
    assert (explained(found, quiet) > 0.8).all()


def test_the_same_again_whatever_the_threads():
    vectors, _, impressions = problem(count=4000)
    before = torch.get_num_threads()
    one = tuned_vectors(vectors, impressions, size=3, epochs=2)
    try:
        torch.set_num_threads(2)
        np.testing.assert_array_equal(tuned_vectors(vectors, impressions, size=3, epochs=2), one)
    finally:
        torch.set_num_threads(before)
    assert not np.array_equal(tuned_vectors(vectors, impressions, size=3, epochs=2, seed=1), one)


def test_a_strong_decay_keeps_it_where_it_began():
    vectors, _, impressions = problem(count=4000)
    frozen = principal_components(vectors, 3)
    kept = tuned_vectors(vectors, impressions, size=3, epochs=2, decay=1e4, learning_rate=1e-5)
    np.testing.assert_allclose(kept, frozen, atol=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"item": np.array([0, ITEMS])}, r"impressions\.item\[1\] = 300 is not an item"),
        ({"rank": np.array([0, -1])}, r"impressions\.rank\[1\] = -1 is not a rank"),
        ({"click": np.zeros(3, np.bool_)}, r"impressions\.click has 3 rows: expected 2"),
    ],
)
def test_refused_impressions(change, message):
    vectors, _, some = problem(count=2)
    with pytest.raises(ValueError, match=message):
        tuned_vectors(vectors, some._replace(**change))
