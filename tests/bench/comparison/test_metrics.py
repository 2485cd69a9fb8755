"""Single numbers and curves, against sums by hand."""

import numpy as np
import pytest

from slategym.bench.comparison.metrics import curves, summary
from slategym.bench.execution.trace import Trace
from slategym.bench.statistics import meaningful, share


def trace(steps=20, last=50):
    random = np.random.Generator(np.random.Philox(1))
    slates = np.full(steps, 100)
    slates[-1] = last
    expected = random.random((steps, 2))
    return Trace(slates, random.random((steps, 2)), expected, expected + 0.1, np.full(steps, 0.5), 100, int(slates.sum()))


def test_summary():
    run = trace()
    found = summary(run, (1.0, 10.0))
    weights = run.slates / run.slates.sum()
    assert found["value"] == pytest.approx(weights @ run.objectives @ [1, 10])
    assert found["final_value"] == pytest.approx((100 * run.objectives[18] + 50 * run.objectives[19]) @ [1, 10] / 150)
    assert found["clicks_per_slate"] == pytest.approx(weights @ run.objectives[:, 0])
    assert found["conversions_per_slate"] == pytest.approx(weights @ run.objectives[:, 1])
    assert found["regret_per_slate"] == pytest.approx(1.1)
    assert found["share_of_oracle"] == pytest.approx((weights @ run.expected @ [1, 10]) / (weights @ run.best @ [1, 10]))
    assert found["slates_per_second"] == pytest.approx(200)


def test_value_follows_from_clicks_and_conversions():
    found = summary(trace(), (2.0, 5.0))
    assert found["value"] == pytest.approx(2 * found["clicks_per_slate"] + 5 * found["conversions_per_slate"])


@pytest.mark.parametrize(("steps", "points"), [(20, 80), (20, 7), (200, 80), (1, 80)])
def test_curves_add_up_to_the_whole(steps, points):
    run = trace(steps)
    found = curves(run, (1.0, 10.0), points)
    assert {len(values) for values in found.values()} == {min(steps, points)}
    assert found["slates"][-1] == run.slates.sum()
    lengths = np.diff(found["slates"], prepend=0)
    assert (lengths > 0).all()
    for metric in ("value", "clicks_per_slate", "regret_per_slate"):
        assert np.average(found[metric], weights=lengths) == pytest.approx(summary(run, (1.0, 10.0))[metric])
    assert found["cumulative_regret"][-1] == pytest.approx(1.1 * run.slates.sum())
    assert (np.diff(found["cumulative_regret"]) > 0).all()


@pytest.mark.parametrize("weights", [(0.0, 0.0), (-1.0, 0.0), (-1.0, -10.0)])
def test_of_an_oracle_that_earns_nothing_or_less_there_is_no_share(weights):
    run = trace()
    found = summary(run, weights)
    assert np.isnan(found["share_of_oracle"])
    assert found["regret_per_slate"] == pytest.approx(0.1 * sum(weights))


def test_shares_are_of_what_is_clearly_above_nothing():
    assert share(0.5, (2.0, 0.0), (1.0, 10.0)) == pytest.approx(0.25)
    assert share(-0.5, (2.0, 0.0), (1.0, 10.0)) == pytest.approx(-0.25)  # a loss beside a gain is one
    # 2.1 of gains and 2 of costs leave 0.1, a share of which would be of rounding and chance; 1 of 3 is something.
    assert not meaningful((2.0, 0.21), (-1.0, 10.0))
    assert meaningful((2.0, 0.3), (-1.0, 10.0))
    assert np.isnan(share(0.1, (0.0, 0.0), (1.0, 10.0)))
    assert np.isnan(share(-18.0, (1.0, 0.0), (-1.0, 10.0)))
