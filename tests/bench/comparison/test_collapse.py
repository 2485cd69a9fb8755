"""Which runs count as collapsed."""

import numpy as np
import pytest

from slategym.bench.comparison.collapse import collapsed_seeds, has_collapsed
from slategym.bench.execution.trace import Trace

STEPS = 160


def trace(level, noise=0.05, seed=0):
    random = np.random.Generator(np.random.Philox(seed))
    values = np.asarray(level) * (1 + noise * random.normal(size=STEPS))
    column = np.stack([values, np.zeros(STEPS)], axis=1)
    return Trace(np.full(STEPS, 1000), column, column, column, np.ones(STEPS), 1000, 1000 * STEPS)


RISING = 1 - np.exp(-np.arange(STEPS) / 20)


@pytest.mark.parametrize(
    ("level", "collapsed"),
    [
        (RISING, False),
        (RISING * np.where(np.arange(STEPS) < 120, 1, 0.5), True),
        (RISING * np.where((np.arange(STEPS) > 60) & (np.arange(STEPS) < 90), 0.3, 1), False),  # it has recovered
        (np.full(STEPS, 0.3), False),
    ],
)
def test_a_run_that_ends_far_below_its_best_has_collapsed(level, collapsed):
    assert has_collapsed(trace(level), (1.0, 10.0)) == collapsed


def test_noise_is_no_collapse():
    found = [has_collapsed(trace(np.full(STEPS, 0.3), noise=1.0, seed=seed), (1.0, 10.0)) for seed in range(50)]
    assert sum(found) == 0


def test_a_seed_far_below_the_others_is_named():
    traces = {seed: trace(RISING * (0.4 if seed == 3 else 1), seed=seed) for seed in range(5)}
    assert collapsed_seeds(traces, (1.0, 10.0)) == [3]
    assert collapsed_seeds(traces, (-1.0, 10.0)) == []  # of a loss there is no share
