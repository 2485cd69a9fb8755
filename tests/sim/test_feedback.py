"""Feedback from arrays: what is left out is nothing, and what does not belong is refused by name."""

import numpy as np
import pytest

from slategym import Feedback, Simulation, make_world
from slategym.agents.registry import make_agent
from slategym.sim.feedback import DelayedConversions

CLICKS = [[1, 0, 1], [0, 0, 0]]
DELAYED = DelayedConversions(np.array([1]), np.array([2]), np.array([0]), np.array([7]), np.array([3.5], np.float32))


def test_clicks_alone():
    feedback = Feedback.of(CLICKS)
    kinds = {name: (array.dtype, array.shape) for name, array in vars(feedback).items() if isinstance(array, np.ndarray)}
    assert kinds == {
        "clicks": (np.bool_, (2, 3)),
        "conversions": (np.bool_, (2, 3)),
        "revenue": (np.float32, (2, 3)),
        "objectives": (np.float32, (2, 2)),
        "terminated": (np.bool_, (2,)),
        "truncated": (np.bool_, (2,)),
        "next_observation": (np.float32, (2, 0)),
    }
    assert feedback.objectives.tolist() == [[2, 0], [0, 0]]
    assert len(feedback.delayed) == 0
    assert not any(array.any() for array in (feedback.conversions, feedback.revenue, feedback.terminated, feedback.truncated))


def test_late_conversions_count():
    feedback = Feedback.of(CLICKS, [[1, 0, 0], [0, 0, 0]], delayed=DELAYED)
    assert feedback.objectives.tolist() == [[2, 1], [0, 1]]


def test_it_is_as_a_simulation_gives_it():
    simulation = Simulation(make_world("Shop-v0", items=30, categories=3), 0, 200)
    agent = make_agent("lin-ucb", simulation)
    for _ in range(12):
        observation = simulation.observe()
        decision = agent.act(observation)
        given = simulation.show(decision.slate)
        others = {name: getattr(given, name) for name in ("terminated", "truncated", "delayed", "next_observation")}
        made = Feedback.of(given.clicks, given.conversions, given.revenue, **others)
        for name, array in vars(given).items():
            if isinstance(array, np.ndarray):
                np.testing.assert_array_equal(getattr(made, name), array)
                assert getattr(made, name).dtype == array.dtype
        agent.update(observation, decision, made)
        simulation.restart(given.terminated | given.truncated)
    assert len(given.delayed)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"clicks": [1, 0]}, r"feedback.clicks has shape \(2,\): expected \(any, any\), shoppers by ranks"),
        ({"clicks": [[2, 0]]}, r"feedback.clicks\[0, 0\] is neither true nor false"),
        ({"clicks": [[np.nan, 0]]}, r"feedback.clicks\[0, 0\] is neither"),
        ({"clicks": [["yes"]]}, "feedback.clicks has dtype <U3: expected true and false"),
        ({"conversions": [[1, 0]]}, r"feedback.conversions has shape \(1, 2\): expected \(2, 3\)"),
        ({"conversions": [[0, 1, 0], [0, 0, 0]]}, r"feedback.conversions\[0, 1\] is without a click"),
        ({"revenue": [1.0]}, r"feedback.revenue has shape \(1,\): expected \(2, 3\)"),
        ({"revenue": [[np.inf, 0, 0], [0, 0, 0]]}, r"feedback.revenue\[0, 0\] is not a finite number"),
        ({"objectives": [1, 2]}, r"feedback.objectives has shape \(2,\): expected \(2, any\)"),
        ({"objectives": [[1], [np.nan]]}, r"feedback.objectives\[1, 0\] is not a finite"),
        ({"terminated": [True]}, r"feedback.terminated has shape \(1,\): expected \(2,\)"),
        ({"terminated": [1, 0], "truncated": [1, 1]}, r"feedback.truncated\[0\] is true, and so is terminated"),
        ({"delayed": DELAYED, "clicks": [[1]]}, r"feedback.delayed.row\[0\] = 1 is not a row: expected 0..0"),
        ({"next_observation": [[np.nan], [0]]}, r"feedback.next_observation\[0, 0\] is not a finite"),
    ],
)
def test_what_does_not_belong_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Feedback.of(**{"clicks": CLICKS, **given})
