"""Each task tells an agent that has its ability from one that lacks it."""

import pytest
from tests.bench.profiles.agents import Closed, Impatient, Stubborn
from tests.bench.profiles.test_levels import outcome

from slategym.bench.profiles.tasks import TASKS

CASES = [  # a task, its level, an agent that lacks what it asks for, one that has it, and the least difference of scores
    ("exploration", 1, "lin-ts:alpha=0", "lin-ts", 0.5),
    ("large-catalogue", 1, "bandit:beta-ts", "lin-ts", 0.5),
    ("cold-start", 1, Closed, "popularity", 0.5),
    ("drift", 1, "bandit:beta-ts", "bandit:beta-ts:window=1500", 0.1),
    ("delay", 0, Impatient, "popularity", 0.5),
    ("satiation", 2, "popularity", "lin-ts", 0.5),
    ("episode-value", 2, "lin-ts", "lookahead:lin-ts", 0.5),
    ("trade-off", 2, Stubborn, "lin-ts", 0.5),
]


def gap(task, number, weak, strong, seeds):
    level = TASKS[task].levels[number]
    return sum(outcome(level, strong, seed).score - outcome(level, weak, seed).score for seed in seeds) / len(seeds)


@pytest.mark.quick("*delay*", "*satiation*", "*drift*")
@pytest.mark.parametrize(("task", "number", "weak", "strong", "least"), CASES)
def test_a_task_tells_weak_from_strong(task, number, weak, strong, least):
    assert gap(task, number, weak, strong, [0]) > least


@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(("task", "weak", "strong"), [(case[0], case[2], case[3]) for case in CASES])
def test_every_level_tells_weak_from_strong(task, weak, strong, number):
    """But the easiest trade-off, whose balanced item is near the best of a fixed sum too."""
    if (task, number) != ("trade-off", 0):
        assert gap(task, number, weak, strong, range(3)) > 0
