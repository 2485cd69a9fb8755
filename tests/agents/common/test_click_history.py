"""The last clicks of shoppers, by rows."""

import numpy as np

from slategym.agents.common.click_history import ClickHistory
from slategym.sim.feedback import DelayedConversions, Feedback


def events(history, count):
    return [[tuple(event) for event in row] for row in history.of(count).tolist()]


def test_clicks_are_kept_in_their_order_and_a_shopper_who_leaves_is_forgotten():
    history = ClickHistory(3)
    history.add(np.array([[1, 2], [3, 4]]), Feedback.of([[True, True], [False, True]], [[False, True], [False, False]]))
    none = (-1, 0, 0)
    assert events(history, 2) == [[none, (1, 0, 0), (2, 1, 0)], [none, none, (4, 0, 0)]]
    history.add(np.array([[5, 6], [7, 8]]), Feedback.of([[True, True], [True, False]], terminated=[False, True]))
    assert events(history, 2) == [[(2, 1, 1), (5, 0, 0), (6, 0, 0)], [none] * 3]
    history.add(np.array([[5, 6], [7, 8]]), Feedback.of([[False, False], [True, False]], truncated=[False, False]))
    assert events(history, 2) == [[(2, 1, 2), (5, 0, 1), (6, 0, 1)], [none, none, (7, 0, 0)]]
    assert history.items(2).tolist() == [[2, 5, 6], [-1, -1, 7]]


def test_nothing_is_known_of_other_rows():
    history = ClickHistory(2)
    history.add(np.array([[1, 2]]), Feedback.of([[True, True]]))
    assert events(history, 2) == [[(-1, 0, 0)] * 2] * 2
    assert ClickHistory(0).of(4).shape == (4, 0, 3)


def test_late_conversions_reach_the_click_that_they_belong_to():
    history = ClickHistory(3)
    history.add(np.array([[5, 6]]), Feedback.of([[True, True]]))
    history.add(np.array([[5, 7]]), Feedback.of([[True, False]]))
    late = DelayedConversions(*(np.array([each]) for each in (0, 2, 0, 5)), revenue=np.ones(1, np.float32))
    history.add(np.array([[8, 9]]), Feedback.of([[False, False]], delayed=late))
    assert events(history, 1) == [[(5, 1, 2), (6, 0, 2), (5, 0, 1)]]
