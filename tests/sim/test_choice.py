from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slategym.sim.choice import PositionBased


def value(choice, attraction, gain, slate):
    """Expected gain of one slate, from the exact marginals."""
    shown = list(slate)
    return float((choice.click_probability(attraction[None, shown])[0] * gain[shown]).sum())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), items=st.integers(3, 6), size=st.integers(1, 3))
def test_best_slate_is_the_best_of_all(seed, items, size):
    random = np.random.default_rng(seed)
    choice = PositionBased(random.random(size))  # free weights, in any order
    attraction, gain = random.random(items), random.normal(0.3, 1, items)
    best = choice.best_slate(attraction[None], gain[None], size)[0]
    brute = max(value(choice, attraction, gain, slate) for slate in permutations(range(items), size))
    assert value(choice, attraction, gain, best) == pytest.approx(brute, abs=1e-12)


def test_clicks_come_as_often_as_said():
    choice, count = PositionBased.geometric(3, 0.7), 200_000
    attraction = np.broadcast_to([0.5, 0.2, 0.9], (count, 3))
    clicks = choice.clicks(attraction, np.random.default_rng(0).random((count, 3)))
    expected = choice.click_probability(attraction)[0]
    assert expected == pytest.approx([0.5, 0.14, 0.441])
    error = np.abs(clicks.mean(axis=0) - expected)
    assert (error < 4.5 * np.sqrt(expected * (1 - expected) / count)).all()


def test_a_longer_slate_than_the_examination_is_refused():
    with pytest.raises(ValueError, match="given for 2 ranks and the slate has 3"):
        PositionBased([1, 0.5]).click_probability(np.ones((1, 3)))


@pytest.mark.parametrize("examination", [[1.2], [-0.1], [np.nan], 0.5])
def test_examination_is_a_probability(examination):
    with pytest.raises(ValueError, match="one probability a rank"):
        PositionBased(examination)
