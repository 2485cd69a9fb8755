"""Numbers as text: as many decimals as their interval deserves."""

import pytest

from slategym.bench.format import decimals, number
from slategym.bench.statistics import Estimate


@pytest.mark.parametrize(
    ("estimates", "expected"),
    [
        ([Estimate(0.5, 0.48, 0.52)], 3),
        ([Estimate(0.5)], 4),
        ([Estimate(12345.0)], 0),
        ([Estimate(None)], 2),
        ([Estimate(0.0, 0.0, 0.0)], 2),
        ([Estimate(0.5, 0.5, 0.5)], 4),
    ],
)
def test_decimals_follow_the_interval(estimates, expected):
    assert decimals(estimates) == expected


def test_numbers_are_set_with_a_true_minus_and_a_dash_for_none():
    assert (number(-0.5, 2), number(None, 2), number(12345.6, 0), number(0.5, 1, True)) == ("−0.50", "–", "12,346", "+0.5")
