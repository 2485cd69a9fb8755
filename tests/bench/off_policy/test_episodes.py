"""Estimators of episodes: exact expectations by enumeration of all trajectories of a small decision process."""

from itertools import product

import numpy as np
import pytest

from slategym.bench.off_policy.episodes import episode_dr, per_decision, trajectory
from slategym.bench.off_policy.rounds import Episodes

STEPS, DISCOUNT = 3, 0.9
BEHAVIOUR, TARGET = np.array([[0.5, 0.5], [0.2, 0.8]]), np.array([[0.9, 0.1], [0.6, 0.4]])  # by state and action
MOVES = np.array([[0.7, 0.2], [0.4, 0.9]])  # the probability of state 1 next, by state and action
REWARD = np.array([[0.1, 1.0], [0.5, -0.3]])
END = np.array([0.0, 0.25])  # the probability that the episode is over after a step in a state


def trajectories(policy):
    """Every trajectory from state 0 with its probability: states, actions and whether each step came about."""
    found = []
    for states, actions, ends in product(
        product((0, 1), repeat=STEPS - 1), product((0, 1), repeat=STEPS), product((0, 1), repeat=STEPS)
    ):
        path, chance, here = (0, *states), 1.0, []
        over = False
        for step in range(STEPS):
            state, action = path[step], actions[step]
            if over:  # one stands for all that would follow
                chance *= float(state == 0 and action == 0 and ends[step] == 0)
                here.append(False)
                continue
            here.append(True)
            chance *= policy[state, action] * (END[state] if ends[step] else 1 - END[state])
            over = bool(ends[step])
            if step + 1 < STEPS and not over:
                chance *= MOVES[state, action] if path[step + 1] else 1 - MOVES[state, action]
        if chance > 0:
            found.append((chance, path, actions, here))
    chance, path, action, here = (np.array(each) for each in zip(*found, strict=True))
    assert chance.sum() == pytest.approx(1)
    return chance, path, action, here


CHANCE, STATE, ACTION, HERE = trajectories(BEHAVIOUR)
EARNED = np.where(HERE, REWARD[STATE, ACTION], 0)
RATIO = np.where(HERE, TARGET[STATE, ACTION] / BEHAVIOUR[STATE, ACTION], 1)


def truth():
    chance, state, action, here = trajectories(TARGET)
    return chance @ (np.where(here, REWARD[state, action], 0) * DISCOUNT ** np.arange(STEPS)).sum(axis=1)


def test_they_expect_the_truth():
    random = np.random.Generator(np.random.Philox(5))
    table = random.random((STEPS, 2, 2))
    step = np.arange(STEPS)
    predicted = np.where(HERE, table[step, STATE, ACTION], 0)
    expected = np.where(HERE, (table[step, STATE] * TARGET[STATE]).sum(axis=2), 0)
    made = (
        trajectory(EARNED, RATIO, discount=DISCOUNT),
        per_decision(EARNED, RATIO, discount=DISCOUNT),
        episode_dr(EARNED, RATIO, predicted, expected, discount=DISCOUNT),
    )
    for terms in made:
        assert np.einsum("n,ngm->m", CHANCE, terms.top)[0] == pytest.approx(truth(), abs=1e-12)
    for estimator in (trajectory, per_decision):
        terms = estimator(EARNED, RATIO, discount=DISCOUNT, self_normalised=True)
        top, bottom = np.einsum("n,ngm->gm", CHANCE, terms.top)[:, 0], np.einsum("n,ng->g", CHANCE, terms.bottom)
        np.testing.assert_allclose(bottom, 1)
        assert (top / bottom).sum() == pytest.approx(truth(), abs=1e-12)


def test_identities():
    zero = np.zeros_like(EARNED)
    np.testing.assert_allclose(episode_dr(EARNED, RATIO, zero, zero).value, per_decision(EARNED, RATIO).value)
    ones = np.ones_like(RATIO)
    plain = EARNED.sum(axis=1).mean()
    for estimator in (trajectory, per_decision):
        for self_normalised in (False, True):
            assert estimator(EARNED, ones, self_normalised=self_normalised).value[0] == pytest.approx(plain)
    single = (EARNED[:, :1], RATIO[:, :1])
    np.testing.assert_allclose(trajectory(*single).value, per_decision(*single).value)


def test_episodes_are_made_of_steps():
    rounds = Episodes.from_steps([7, 7, 3, 7, 3], [1, 2, 3, 4, 5], [0.5, 2, 1, 3, 0.5], steps=4)
    assert rounds.reward[:, :, 0].tolist() == [[3, 5, 0, 0], [1, 2, 4, 0]]
    assert rounds.ratio.tolist() == [[1, 0.5, 1, 1], [0.5, 2, 3, 1]]
    assert rounds.shown.sum() == 5
    assert rounds.weight.tolist() == [0.5, 3]
    two = Episodes.from_steps([0, 0, 1], np.ones((3, 2)), np.ones(3), np.zeros((3, 2)), np.zeros((3, 2)))
    assert two.reward.shape == (2, 2, 2)
    assert two.objectives == 2
    with pytest.raises(ValueError, match="steps is 1: expected at least 3, the length of the longest episode"):
        Episodes.from_steps([7, 7, 3, 7, 3], np.ones(5), np.ones(5), steps=1)
    with pytest.raises(ValueError, match=r"episode is \[0.5\]: expected \(n,\) whole numbers"):
        Episodes.from_steps([0.5], [1], [1])
    with pytest.raises(ValueError, match="ratio has negative"):
        Episodes(np.ones((1, 2)), [[1, -1]])
