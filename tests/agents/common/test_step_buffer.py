"""The steps that wait for their delayed conversions."""

import numpy as np

from slategym.agents.common.step_buffer import StepBuffer
from slategym.sim.feedback import DelayedConversions


def conversions(*row_and_age):
    row, age = np.array(row_and_age, np.int64).T
    return DelayedConversions(row, age, np.zeros_like(row), np.zeros_like(row), np.zeros(len(row), np.float32))


def test_a_step_is_complete_after_the_longest_delay():
    buffer = StepBuffer(2)
    assert [buffer.push(step, rows=1) for step in "abcd"] == [None, None, "a", "b"]
    assert StepBuffer(0).push("a", rows=1) == "a"


def test_conversions_belong_to_the_step_of_their_age_if_it_had_their_row():
    buffer = StepBuffer(2)
    for step, rows in (("a", 3), ("b", 1), ("c", 3)):
        buffer.push(step, rows)
    matched = [(step, entries.tolist()) for step, entries in buffer.arrivals(conversions((0, 2), (2, 1), (1, 2), (0, 3), (1, 1)))]
    assert matched == [("c", [1, 4]), ("b", [0])]
