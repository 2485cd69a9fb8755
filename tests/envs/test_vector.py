"""The vector environment: what it earns, how it is seeded and what it refuses."""

from copy import deepcopy

import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from tests.envs.tiny import tiny_world

from slategym.envs.vector import SlateVectorEnv


def started(world=None, num_envs=2, **options):
    env = SlateVectorEnv(tiny_world() if world is None else world, num_envs, **options)
    env.reset(seed=0)
    return env


def test_a_repeated_item_earns_once_at_its_best_rank():
    env = started(tiny_world(click=1.0, convert=1.0))
    _, reward, _, _, info = env.step(np.array([[4, 4, 2], [1, 5, 1]]))
    assert info["clicks"].tolist() == info["conversions"].tolist() == [[True, False, True], [True, True, False]]
    assert info["revenue"].tolist() == [[5, 0, 3], [2, 6, 0]]
    assert info["objectives"].tolist() == [[2, 2], [2, 2]]
    assert reward.tolist() == [22, 22]


def test_the_reward_is_the_weighted_sum():
    env = started(tiny_world(click=1.0, convert=1.0), weights=(0.5, -2))
    assert env.step(np.array([[0, 1, 2], [3, 3, 3]]))[1].tolist() == [-4.5, -1.5]


def test_leaving_terminates_and_the_last_visit_truncates():
    for leave, ends in [(1.0, "terminated"), (0.0, "truncated")]:
        env = started(tiny_world(visits=2, leave=leave), num_envs=1)
        done = [env.step(np.array([[0, 1, 2]]))[2:4] for _ in range(2)]
        at = 0 if ends == "terminated" else 1
        assert [bool(each[0]) for each in done[at]] == [ends == "terminated", ends == "truncated"]
    env = started(tiny_world(visits=1, leave=0.0), num_envs=1)
    assert [bool(each[0]) for each in env.step(np.array([[0, 1, 2]]))[2:4]] == [True, False], "nothing follows a single visit"


def test_without_a_seed_one_is_drawn():
    env, other = SlateVectorEnv(tiny_world(), 2), SlateVectorEnv(tiny_world(), 2)
    first, second = env.reset()[0], other.reset()[0]
    assert env.simulation.seed != other.simulation.seed
    assert first.tolist() != second.tolist()
    again = SlateVectorEnv(tiny_world(), 2)
    assert again.reset(seed=env.simulation.seed)[0].tolist() == first.tolist()

    drawn = []
    for _ in range(2):
        env = SlateVectorEnv(tiny_world(), 2)
        env.np_random = np.random.default_rng(3)
        env.reset()
        drawn.append(env.simulation.seed)
    assert drawn[0] == drawn[1], "from np_random"


def test_first_row_makes_shards():
    whole, shard = started(num_envs=5), started(num_envs=2, first_row=3)
    action = np.arange(15).reshape(5, 3) % 6
    for _ in range(6):
        assert whole.step(action)[0][3:].tolist() == shard.step(action[3:])[0].tolist()


def test_feedback_and_simulation_are_at_hand():
    env = SlateVectorEnv(tiny_world(), 2)
    with pytest.raises(ResetNeeded, match=r"no shoppers yet: call reset"):
        _ = env.simulation
    env.reset(seed=5)
    with pytest.raises(ResetNeeded, match=r"no slate has been shown yet"):
        _ = env.feedback
    _, _, terminated, _, info = env.step(np.array([[0, 1, 2], [3, 4, 5]]))
    assert env.simulation.seed == 5
    assert env.feedback.clicks.tolist() == info["clicks"].tolist()
    assert env.feedback.terminated.tolist() == terminated.tolist()


def test_render():
    env = started(tiny_world(click=1.0, convert=1.0, leave=1.0), render_mode="ansi")
    assert env.render() == ("no slate has been shown yet",) * 2
    action = np.array([[0, 1, 1], [3, 4, 5]])
    env.step(action)
    action[:] = 0
    assert env.render()[0].splitlines() == [
        " 1. item 0 of category 0 at 1.00  clicked, converted for 1.00",
        " 2. item 1 of category 1 at 2.00  clicked, converted for 2.00",
        " 3. item 1 of category 1 at 2.00",
        "the shopper left",
    ]
    assert started().render() is None


def test_a_reset_mask_calls_the_next_shoppers_of_its_rows():
    env = RecordEpisodeStatistics(started(tiny_world(leave=0.0), num_envs=3))
    env.reset(seed=0)
    before = env.step(np.zeros((3, 3), np.int64))[0]
    options = {"reset_mask": np.array([False, True, False])}
    observation, info = env.reset(options=options)
    assert observation[[0, 2]].tolist() == before[[0, 2]].tolist()
    assert info["shopper"].tolist() == [0, 2**32 + 1, 0]
    assert info["_shopper"].tolist() == [False, True, False]
    for _ in range(3):
        info = env.step(np.zeros((3, 3), np.int64))[-1]
    assert info["episode"]["l"].tolist() == [4, 0, 4], "the wrapper was told of the mask"


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([True, False], r"reset_mask is \[True, False\]: expected a bool array \(2,\)"),
        (np.array([1, 0]), "expected a bool array"),
        (np.array([True, False, False]), "expected a bool array"),
        (np.array([False, False]), "with a row to reset"),
    ],
)
def test_bad_reset_masks(mask, message):
    with pytest.raises(ValueError, match=message):
        started().reset(options={"reset_mask": mask})


def test_a_reset_mask_goes_with_a_simulation_and_without_a_seed():
    mask = {"reset_mask": np.array([True, False])}
    with pytest.raises(ValueError, match="all rows share one seed"):
        started().reset(seed=1, options=mask)
    with pytest.raises(ResetNeeded, match=r"call reset\(\) for all rows first"):
        SlateVectorEnv(tiny_world(), 2).reset(options=mask)


def test_who_has_gone_is_shown_nothing():
    env = started(tiny_world(visits=2, leave=0.0), num_envs=3, autoreset_mode=AutoresetMode.DISABLED)
    action = np.zeros((3, 3), np.int64)
    env.step(action)
    env.reset(options={"reset_mask": np.array([True, False, False])})
    assert env.step(action)[3].tolist() == [False, True, True]
    with pytest.raises(ResetNeeded, match="2 of 3 episodes have ended, the first in row 1"):
        env.step(action)
    env.reset()
    env.step(action)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros((2, 4), np.int64), r"slate has shape \(2, 4\): expected \(2, 3\)"),
        (np.zeros(3, np.int64), r"slate has shape \(3,\): expected \(2, 3\)"),
        (np.array([[0, 1, 2], [0, 6, 1]]), r"slate\[1, 1\] = 6 is not an item: expected 0\.\.5"),
        (np.array([[0, 1, 2], [0, -1, 1]]), r"slate\[1, 1\] = -1 is not an item"),
        (np.array([[0, 1, 2], [0, np.nan, 1]]), r"slate\[1, 1\] = nan: expected an item"),
        (np.zeros((2, 3)), "slate has dtype float64: expected whole numbers"),
    ],
)
def test_bad_actions_are_refused_and_change_nothing(action, message):
    env, twin = started(), started()
    with pytest.raises(ValueError, match=message):
        env.step(action)
    good = np.array([[0, 1, 2], [3, 4, 5]])
    assert str(env.step(good)) == str(twin.step(good))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"world": "Shp-v0"}, r"there is no world 'Shp-v0'\. Did you mean 'Shop-v0'"),
        ({"world": "Shop-v0", "itms": 3}, "no option 'itms'. Did you mean 'items'"),
        ({"items": 3}, "options items came with a World"),
        ({"num_envs": 0}, "num_envs is 0: expected a whole number from 1 to 100,000,000"),
        ({"first_row": -1}, "first_row is -1"),
        ({"first_row": 2**32 - 1, "num_envs": 2}, "for 2 rows"),
        ({"weights": (1, 2, 3)}, "one finite number for each of click, conversion"),
        ({"weights": (1, np.nan)}, "one finite number"),
        ({"autoreset_mode": AutoresetMode.NEXT_STEP}, "expected SAME_STEP or DISABLED"),
        ({"render_mode": "human"}, "render_mode is 'human': expected None, 'ansi' or 'rgb_array'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        SlateVectorEnv(**{"world": tiny_world(), **arguments})


@pytest.mark.parametrize("seed", [2**64, -1])
def test_bad_seeds(seed):
    with pytest.raises(Exception, match=r"[Ss]eed"):
        started().reset(seed=seed)


def test_a_copy_goes_its_own_way_to_the_same_end():
    env = started()
    env.step(np.array([[0, 1, 2], [3, 4, 5]]))
    copy = deepcopy(env)
    for action in np.arange(36).reshape(6, 2, 3) % 6:
        assert str(env.step(action)) == str(copy.step(action))
