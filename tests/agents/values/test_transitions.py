"""What is learned of a slate: its own rewards, those of the next visits, and where the rest is guessed from."""

import numpy as np
import pytest
from tests.agents.tiny import two_kinds

from slategym.agents.base import Problem
from slategym.agents.values.transitions import Horizon, TransitionReplay, Transitions
from slategym.sim.feedback import DelayedConversions, Feedback

SLATE = np.array([[0, 1], [2, 3]])


def fed(horizon, clicks, *, conversions=None, terminated=None, delayed=None, mark=0.0):
    """A step of two shoppers; the observation after it is marked."""
    size = horizon.problem.layout.size
    observation = np.zeros((len(clicks), size), np.float32)
    feedback = Feedback.of(
        clicks,
        conversions,
        terminated=terminated,
        delayed=delayed,
        next_observation=np.full((len(clicks), size), mark, np.float32),
    )
    return horizon(observation, SLATE[: len(clicks)], feedback)


def test_rewards_of_the_horizon_are_discounted_and_end_with_the_episode():
    horizon = Horizon(Problem.of(two_kinds(visits=9)), 3, 0.5)
    assert fed(horizon, [[1, 0], [1, 1]], terminated=[0, 0], mark=1) == []
    assert fed(horizon, [[1, 1], [0, 1]], terminated=[0, 1], mark=2) == []
    (done,) = fed(horizon, [[1, 0], [1, 1]], mark=3)  # of the second row another shopper's
    np.testing.assert_array_equal(done.own[:, :, 0], [[1, 0], [1, 1]])
    np.testing.assert_array_equal(done.rest[:, 0], [0.5 * 2 + 0.25 * 1, 0.5 * 1])
    np.testing.assert_array_equal(done.left, [0.125, 0])
    assert (done.after[0] == 3).all()
    np.testing.assert_array_equal(done.items, SLATE)


def test_the_published_form_looks_one_visit_ahead():
    horizon = Horizon(Problem.of(two_kinds(visits=9)), 1, 0.9)
    (done,) = fed(horizon, [[1, 0], [0, 0]], mark=5)
    np.testing.assert_array_equal(done.rest, 0)
    np.testing.assert_allclose(done.left, 0.9)
    assert (done.after == 5).all()


def test_the_myopic_form_guesses_nothing():
    (done,) = fed(Horizon(Problem.of(two_kinds(visits=9)), 20, 0.0), [[1, 0], [0, 0]])
    np.testing.assert_array_equal(done.left, 0)
    np.testing.assert_array_equal(done.rest, 0)


def test_delayed_conversions_count_where_they_were_shown():
    horizon = Horizon(Problem.of(two_kinds(delay_by=2, visits=9)), 2, 1.0)
    late = DelayedConversions(np.array([0, 1]), np.array([2, 1]), np.array([1, 0]), np.array([1, 2]), np.ones(2, np.float32))
    assert fed(horizon, [[0, 1], [1, 0]]) == []
    assert fed(horizon, [[0, 0], [1, 0]]) == []
    assert fed(horizon, [[0, 0], [0, 0]], delayed=late) == []
    (done,) = fed(horizon, [[0, 0], [0, 0]])
    np.testing.assert_array_equal(done.own[:, :, 1], [[0, 1], [0, 0]])  # of row 0, from two steps before
    np.testing.assert_array_equal(done.rest, [[0, 0], [1, 1]])  # of row 1, from its second visit


def test_another_batch_completes_what_there_is():
    horizon = Horizon(Problem.of(two_kinds(visits=9)), 3, 1.0)
    fed(horizon, [[1, 0], [1, 1]], mark=1)
    fed(horizon, [[1, 0], [1, 1]], mark=2)
    done = fed(horizon, [[1, 0]], mark=3)
    assert [len(each.items) for each in done] == [2, 2]
    assert all((each.after == 2).all() for each in done)
    np.testing.assert_array_equal(done[0].rest[:, 0], [1, 2])
    np.testing.assert_array_equal(done[1].rest[:, 0], [0, 0])
    assert len(horizon.pending) == 1
    horizon.forget_shoppers()
    assert horizon.pending == []


@pytest.mark.parametrize("capacity", [5, 3000])
def test_the_replay_keeps_the_last_transitions(capacity):
    replay = TransitionReplay(capacity)

    def transitions(numbers):
        column = np.asarray(numbers, np.float32)
        square = np.stack([column, column], axis=1)
        return Transitions(square, square.astype(int), square > 0, square[:, :, None], square, column, square)

    replay.add(transitions(range(1, 5)))
    replay.add(transitions(range(5, 1030)))
    assert len(replay) == min(1029, capacity)
    drawn = replay.draw(np.random.Generator(np.random.Philox(0)), 4000)
    assert set(drawn.left.astype(int)) <= set(range(1030 - len(replay), 1030))
    assert drawn.left.max() == 1029
    for each in (drawn.seen, drawn.items, drawn.rest, drawn.own[:, :, 0], drawn.after):
        np.testing.assert_array_equal(each[:, 0], drawn.left)
