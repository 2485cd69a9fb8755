"""What the linear models forget: the same sums by hand, for every form."""

import numpy as np
import pytest
from tests.agents.linear.test_forms import data, model

from slategym.agents.common.memory import CHUNKS
from slategym.agents.linear.forms import FORMS

STEP = 100  # slates


def summed(sums):
    return {name: getattr(sums, name) for name in type(sums).summed if name != "attraction"}  # which depends on the solution


def same(left, right):
    for name, array in summed(left).items():
        np.testing.assert_allclose(array, getattr(right, name), rtol=1e-9, atol=1e-9 * max(1, np.abs(array).max()), err_msg=name)


def alone(kind, seeds, kept=1.0):
    """A model of the steps of some seeds, each discounted by those after it."""
    total = model(kind, True).memory.latest.empty()
    for seed in seeds:
        one = model(kind, True)
        one.add(*data(True, seed, STEP))
        total.scale(kept)
        total.include(one.memory.latest)
    return total


@pytest.mark.parametrize("kind", FORMS.values())
def test_a_halflife_discounts_by_hand(kind):
    fitted = model(kind, True, halflife=250.0)
    for seed in range(6):
        fitted.add(*data(True, seed, STEP))
    kept = 2 ** (-STEP / 250)
    same(fitted.memory.total(), alone(kind, range(6), kept))
    assert fitted.memory.slates == pytest.approx(STEP * (1 - kept**6) / (1 - kept))


@pytest.mark.parametrize("kind", FORMS.values())
@pytest.mark.parametrize("window", [150, 500, 850])
def test_a_window_holds_the_last_steps(kind, window):
    fitted = model(kind, True, window=window)
    for seed in range(12):
        fitted.add(*data(True, seed, STEP))
        if seed % 5 == 0 and kind is not FORMS["disjoint"]:  # whose sums have the weights of the time
            fitted.solve()
        held = min(seed + 1, window // STEP)
        assert fitted.memory.slates == held * STEP
        same(fitted.memory.total(), alone(kind, range(seed + 1 - held, seed + 1)))
    fitted.solve()


def test_a_window_of_many_steps_has_few_chunks():
    fitted = model(FORMS["hybrid"], False, window=1000)
    for seed in range(150):
        fitted.add(*data(False, seed, 10))
        assert 10 * min(seed + 1, 87) <= fitted.memory.slates <= 1000
    assert len(fitted.memory.closed) <= CHUNKS


@pytest.mark.parametrize("kind", FORMS.values())
def test_what_is_forgotten_still_says_how_ranks_are_examined(kind):
    fitted = model(kind, True)
    shopper, slate, outcomes = data(True, 0, 4000)
    outcomes[:, 1:, 0] = 0  # only the first rank is clicked
    for _ in range(3):
        fitted.add(shopper, slate, outcomes)
        fitted.solve()
    examination = fitted.position_bias.relative.copy()
    assert examination[1] < 0.1
    fitted.forget(0.0)
    assert fitted.memory.slates == 0
    np.testing.assert_array_equal(fitted.mean(shopper, np.ones(2)), 0)
    fitted.add(*data(True, 1, 20))
    fitted.solve()
    np.testing.assert_allclose(fitted.position_bias.relative, examination, atol=0.02)
