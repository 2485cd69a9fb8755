"""The change detector finds drops where they are, keeps quiet without, and looks at no gain."""

import numpy as np
import pytest

from slategym.agents.common.change_detector import ChangeDetector


def alarms(rates, expected=0.1, slates=500, seed=0):
    """The steps at which the detector reports a change, and how many steps ago it places it, for clicks of given rates."""
    random, detector, found = np.random.default_rng(seed), ChangeDetector(), []
    for step, rate in enumerate(rates):
        since = detector.add(random.binomial(slates, rate), slates * expected, slates * expected * (1 - expected))
        if since is not None:
            found.append((step, since))
            detector.clear()
    return found


@pytest.mark.quick("1", "50")
@pytest.mark.parametrize("slates", [1, 50, 500])
def test_no_change_is_reported_where_there_is_none(slates):
    assert sum(len(alarms(np.full(1000, 0.1), slates=slates, seed=seed)) for seed in range(20)) == 0


@pytest.mark.parametrize("slates", [50, 500])
def test_a_drop_by_half_is_found_soon_and_placed_well(slates):
    for seed in range(10):
        [(step, since)] = alarms(np.repeat([0.1, 0.05], [300, 100]), slates=slates, seed=seed)
        assert 300 <= step < 300 + 30_000 / slates / 10
        assert abs(step - since + 1 - 300) <= 3000 / slates + 2


def test_a_constant_error_of_the_model_is_no_change():
    assert alarms(np.full(500, 0.07)) == []


def test_more_clicks_than_predicted_are_no_reason_to_forget():
    assert alarms(np.repeat([0.1, 0.2], [200, 200])) == []


def test_a_small_drop_is_learned_without_a_restart():
    assert alarms(np.repeat([0.1, 0.095], [400, 400]), slates=5000) == []
