"""`max_episode_steps`: in a vector environment as in `gymnasium.make`, around a world that stays as it is."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from tests.envs.contract import assert_same, slates
from tests.envs.tiny import tiny_world

from slategym.envs.registration import FORMS
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.worlds import WORLDS

LIMIT, ROWS, SEED = 5, 4, 3
IDS = [f"slategym/{form}{name}" for form in FORMS for name in WORLDS]


@pytest.mark.quick("*/Shop-v0-*", "*/MOShop-v0-*", "*/RecSim*", "*/Fitted-v0-*")
@pytest.mark.parametrize("options", [{}, {"candidates": 10}], ids=["items", "candidates"])
@pytest.mark.parametrize("id_", [id_ for id_ in IDS if "Hillstrom" not in id_])
def test_as_gymnasiums_time_limit_row_by_row(id_, options):
    ours = gymnasium.make_vec(id_, num_envs=ROWS, max_episode_steps=LIMIT, **options)
    world = ours.unwrapped.world
    assert ours.observation_space == gymnasium.make_vec(id_, num_envs=ROWS, **options).observation_space
    singles = [lambda row=row: gymnasium.make(id_, first_row=row, max_episode_steps=LIMIT, **options) for row in range(ROWS)]
    theirs = SyncVectorEnv(singles, autoreset_mode=AutoresetMode.SAME_STEP)
    if "/MO" in id_:
        theirs._rewards = np.zeros((ROWS, len(world.objective_names)), np.float32)
    assert_same(theirs.reset(seed=[SEED] * ROWS)[0], ours.reset(seed=SEED)[0])
    cut = 0
    for step in range(3 * LIMIT):
        action = slates(world, ours.rows, step)
        expected, got = theirs.step(action), ours.step(action)
        assert_same(expected[:3], got[:3], f"step {step}")
        assert_same(expected[3] & ~expected[2], got[3], "Gymnasium says both of who leaves at the limit; we say who left")
        assert_same(expected[4].get("final_obs"), got[4].get("final_obs"))
        assert_same(ours.feedback.truncated, got[3])
        cut += got[3].sum()
    assert cut >= ROWS or world.visits == 1


@pytest.mark.parametrize("mode", ["sync", "async", "vector_entry_point"])
def test_every_way_to_vectorise(mode):
    ours = mode == "vector_entry_point"
    envs = gymnasium.make_vec("slategym/ShopBandit-v0", num_envs=2, vectorization_mode=mode, max_episode_steps=LIMIT, items=20)
    envs.reset(seed=0)
    truncated = [envs.step(np.zeros((2, 5), np.int64))[3].tolist() for _ in range(LIMIT)]
    assert truncated == [[False] * 2] * (LIMIT - 1) + [[True] * 2]
    again = gymnasium.make_vec(envs.spec) if ours else envs
    again.reset(seed=0)
    assert [again.step(np.zeros((2, 5), np.int64))[3].any() for _ in range(LIMIT)] == [False] * (LIMIT - 1) + [True]
    envs.close()


def test_with_autoreset_off_those_who_were_cut_short_wait():
    env = SlateVectorEnv(tiny_world(visits=9, leave=0.0), 2, autoreset_mode="Disabled", max_episode_steps=2)
    env.reset(seed=0)
    action = np.zeros((2, 3), np.int64)
    env.step(action)
    env.reset(options={"reset_mask": np.array([True, False])})
    assert env.step(action)[3].tolist() == [False, True]
    with pytest.raises(gymnasium.error.ResetNeeded, match="1 of 2 episodes have ended, the first in row 1"):
        env.step(action)


def test_a_limit_beyond_the_worlds_own_changes_nothing_and_none_is_none():
    plain, *limited = (SlateVectorEnv(tiny_world(), 3, max_episode_steps=limit) for limit in (None, 4, 100, -1))
    first = plain.reset(seed=0)
    for env in limited:
        assert_same(first, env.reset(seed=0))
    for step in range(9):
        action = slates(plain.world, plain.rows, step)
        expected = plain.step(action)
        for env in limited:
            assert_same(expected, env.step(action))


def test_the_single_environment_made_from_its_class():
    env = SlateEnv(tiny_world(visits=9, leave=0.0), max_episode_steps=2)
    env.reset(seed=0)
    assert [env.step([0, 1, 2])[3] for _ in range(2)] == [False, True]


@pytest.mark.parametrize("limit", [0, -2, 2.5, "5", True])
def test_bad_limits(limit):
    with pytest.raises(ValueError, match=f"max_episode_steps is {limit!r}: expected a whole number"):
        SlateVectorEnv(tiny_world(), max_episode_steps=limit)
