"""Environments of worlds that change."""

import gymnasium
import numpy as np
import pytest

import slategym
from slategym.sim import Launch, Retire, make_world

SCHEDULE = (Launch(2, range(50, 60)), Retire(4, [3, 55]))
WORLD = make_world("Shop-v0", items=60, categories=6, schedule=SCHEDULE)


def counts(step):
    return 50 if step < 2 else 60 if step < 4 else 58


def test_the_action_space_is_of_all_items_and_the_info_says_which_can_be_shown():
    env = slategym.SlateVectorEnv(WORLD, 3)
    assert env.single_action_space.nvec.tolist() == [60] * 5
    _, info = env.reset(seed=0)
    for step in range(6):
        assert info["allowed"].shape == (3, 60)
        assert info["allowed"].sum(axis=1).tolist() == [counts(step)] * 3
        assert info["_allowed"].all()
        masks = env.action_masks().reshape(3, 5, 60)
        np.testing.assert_array_equal(masks.any(axis=1), info["allowed"])
        assert (masks.sum(axis=1) <= 1).all()
        slate = np.tile(np.flatnonzero(info["allowed"][0])[-5:], (3, 1))
        info = env.step(slate)[-1]
    with pytest.raises(ValueError, match="is a retired item"):
        env.step(np.full((3, 5), 3))
    assert env.step(slate)[0].shape == (3, WORLD.layout.size), "a refused slate has changed nothing"


def test_a_seed_begins_the_schedule_again_and_the_next_shoppers_do_not():
    env = slategym.SlateEnv(WORLD)
    _, info = env.reset(seed=0)
    assert info["allowed"].sum() == 50
    for _ in range(2):
        info = env.step(np.arange(5))[-1]
    assert info["allowed"].sum() == 60
    _, info = env.reset()
    assert info["allowed"].sum() == 60
    _, info = env.reset(seed=0)
    assert info["allowed"].sum() == 50


def test_worlds_without_launches_have_no_such_info():
    env = gymnasium.make("slategym/ShopBandit-v0", change_at=3)
    _, info = env.reset(seed=0)
    assert "allowed" not in info
    assert env.unwrapped.world.schedule[0].step == 3


@pytest.mark.parametrize(
    "wrapper",
    [slategym.QueryVectorAction, slategym.ScoreVectorAction, slategym.DiscreteVectorAction],
    ids=lambda each: each.__name__,
)
def test_wrapped_actions_choose_among_the_items_that_can_be_shown(wrapper):
    env = wrapper(slategym.SlateVectorEnv(WORLD, 200))
    env.reset(seed=0)
    env.action_space.seed(0)
    shown = []
    for step in range(6):
        slate = env.actions(env.action_space.sample())
        available = (
            np.arange(60) if env.unwrapped.simulation.world.available is None else env.unwrapped.simulation.world.available
        )
        assert np.isin(slate, available).all(), step
        shown.append(set(slate.ravel().tolist()))
        env.unwrapped.step(slate)
    assert shown[2] - shown[1], "launched items are shown"
