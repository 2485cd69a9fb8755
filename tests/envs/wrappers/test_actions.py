"""The score action and the discrete action: which slates they stand for, around one shopper and a batch."""

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3
from tests.envs.tiny import tiny_world
from tests.every_world import EVERY

from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction, DiscreteVectorAction
from slategym.envs.wrappers.query import QueryAction, QueryVectorAction, query_slate
from slategym.envs.wrappers.score import ScoreAction, ScoreVectorAction
from slategym.sim.worlds import make_world

PAIRS = [(QueryAction, QueryVectorAction), (ScoreAction, ScoreVectorAction), (DiscreteAction, DiscreteVectorAction)]
CANDIDATES = {"items": 13, "candidates": 5}


@pytest.mark.filterwarnings("ignore:.*A Box observation space m..imum value is")
@pytest.mark.filterwarnings("ignore:.*is different from the unwrapped version")
@pytest.mark.parametrize("wrapper", [ScoreAction, DiscreteAction])
@pytest.mark.parametrize("name", EVERY)
def test_the_checkers_of_gymnasium_and_sb3(name, wrapper):
    if wrapper is DiscreteAction and name == "Fitted-v0":  # whose items have no features
        with pytest.raises(ValueError, match="give the slates themselves"):
            wrapper(gymnasium.make(f"slategym/{name}"))
        return
    check_env(wrapper(gymnasium.make(f"slategym/{name}")))
    check_env_of_sb3(wrapper(gymnasium.make(f"slategym/{name}")))


@pytest.mark.parametrize(("single", "vector"), PAIRS)
@pytest.mark.parametrize("shape", [{}, {"slate_size": 1}, CANDIDATES])
@pytest.mark.parametrize("reward", ["scalar", "vector"])
def test_single_and_vector_show_the_same(single, vector, shape, reward):
    world, rows = tiny_world(**shape), 8
    one, many = (SlateEnv, SlateVectorEnv) if reward == "scalar" else (MOSlateEnv, MOSlateVectorEnv)
    envs = vector(many(world, rows))
    alone = [single(one(world, first_row=row)) for row in range(rows)]
    assert all(env.action_space == envs.single_action_space for env in alone)
    envs.reset(seed=0)
    for env in alone:
        env.reset(seed=0)
    envs.action_space.seed(0)
    for _ in range(6):
        actions = envs.action_space.sample()
        slates = envs.actions(actions)
        observation, rewards, terminated, truncated, _ = envs.step(actions)
        for row, env in enumerate(alone):
            assert env.action(actions[row]).tolist() == slates[row].tolist()
            last, reward, *done, _ = env.step(actions[row])
            np.testing.assert_array_equal(reward, rewards[row])
            assert done == [terminated[row], truncated[row]]
            if any(done):
                last = env.reset()[0]
            assert last.tolist() == observation[row].tolist()


def test_scores():
    world = tiny_world()
    envs = ScoreVectorAction(SlateVectorEnv(world, 3))
    assert envs.single_action_space == Box(-1, 1, (6,), np.float32)
    assert envs.action_space.shape == (3, 6)
    scores = [[0, 0.5, 0, -1, 1, 0.2], [0, 0, 0, 0, 0, 0], [5, 4, 3, 2, 1, 0]]
    assert envs.actions(np.array(scores)).tolist() == [[4, 1, 5], [0, 1, 2], [0, 1, 2]]
    assert ScoreAction(SlateEnv(tiny_world(**CANDIDATES))).action_space.shape == (5,)


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.zeros((2, 5)), r"scores have shape \(2, 5\): expected 6 numbers per shopper"),
        ([[0] * 6, [0, 0, np.nan, 0, 0, 0]], r"scores\[1, 2\] is nan"),
    ],
)
def test_bad_scores(scores, message):
    envs = ScoreVectorAction(SlateVectorEnv(tiny_world(), 2))
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        envs.step(np.array(scores))


def test_in_slates_of_one_the_action_is_the_item():
    world = tiny_world(slate_size=1)
    envs = DiscreteVectorAction(SlateVectorEnv(world, 3))
    assert envs.single_action_space == Discrete(6)
    assert envs.action_space == MultiDiscrete([6] * 3)
    assert envs.actions(np.array([4, 0, 5])).tolist() == [[4], [0], [5]]
    among = DiscreteAction(SlateEnv(tiny_world(slate_size=1, items=13, candidates=5)))
    assert among.action_space == Discrete(5)
    assert among.reset(seed=0)
    assert among.action(np.int64(3)).tolist() == [3]


def test_the_slates_are_the_seeds_alone_or_given():
    world = make_world("Shop-v0")

    def book(**options):
        return DiscreteVectorAction(SlateVectorEnv(world, 64), **options).actions(np.arange(64))

    assert book().tolist() == book().tolist()
    assert book().tolist() != book(seed=1).tolist()
    assert len({tuple(slate) for slate in book().tolist()}) == 64
    given = DiscreteAction(SlateEnv(world), slates=[[1, 2, 3, 4, 5], [9, 8, 7, 6, 5]])
    assert given.action_space == Discrete(2)
    assert given.action(1).tolist() == [9, 8, 7, 6, 5]


def test_the_slates_differ_in_what_they_earn():
    """More than slates drawn item by item do, of clicks and of conversions."""
    world = make_world("Shop-v0")
    shoppers = world.shoppers(1, np.arange(200))
    random = np.random.Generator(np.random.Philox(2))
    themes = DiscreteVectorAction(SlateVectorEnv(world, 64)).actions(np.arange(64))
    drawn = np.argsort(random.random((64, world.catalog.size)), axis=1)[:, :5]

    def spread(slates):
        return np.std([world.expected(shoppers, np.tile(slate, (200, 1))).mean(axis=0) for slate in slates], axis=0)

    assert (spread(themes) > 1.3 * spread(drawn)).all()


def test_among_candidates_the_directions_meet_what_is_offered():
    world = tiny_world(**CANDIDATES)
    envs = DiscreteVectorAction(SlateVectorEnv(world, 4), slates=3)
    envs.reset(seed=0)
    for _ in range(3):
        offered = world.candidates_of(envs.unwrapped.simulation.shoppers)
        actions = np.array([0, 1, 2, 1])
        expected = query_slate(world, envs.form.queries[actions], offered)
        assert envs.actions(actions).tolist() == expected.tolist()
        envs.step(actions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slates": 0}, "slates is 0: expected 1 or more"),
        ({"slates": []}, r"slates is \[\]: expected 1 or more"),
        ({"slates": [[0, 1]]}, r"slate has shape \(1, 2\): expected \(1, 3\)"),
        ({"slates": [[0, 1, 6]]}, "is not an item"),
    ],
)
def test_bad_sets_of_slates(options, message):
    with pytest.raises(ValueError, match=message):
        DiscreteAction(SlateEnv(tiny_world()), **options)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.array([0, 7]), r"action\[1\] = 7 is not the number of a slate: expected 0\.\.6"),
        (np.array([-1, 0]), r"action\[0\] = -1 is not the number of a slate: expected 0\.\.6"),
        (np.array([0.0, 1.0]), "action has dtype float64: expected whole numbers"),
        (np.array([[0], [1]]), r"action has shape \(2, 1\): expected \(any,\), one number per shopper"),
    ],
)
def test_bad_discrete_actions(action, message):
    envs = DiscreteVectorAction(SlateVectorEnv(tiny_world(), 2), slates=7)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        envs.step(action)


def test_items_without_features_need_given_slates():
    world = tiny_world(features=0)
    with pytest.raises(ValueError, match="no features to choose them by: give the slates themselves"):
        DiscreteAction(SlateEnv(world))
    assert DiscreteAction(SlateEnv(world), slates=[[0, 1, 2]]).action_space.n == 1


@pytest.mark.parametrize(("single", "vector"), PAIRS[1:])
def test_around_wrapped_environments_and_made_again_from_the_spec(single, vector):
    options = {"slates": 5, "seed": 3} if single is DiscreteAction else {}
    env = single(gymnasium.make("slategym/Shop-v0", items=40), **options)
    again = gymnasium.make(env.spec)
    assert again.action_space == env.action_space
    action = env.action_space.sample()
    assert env.action(action).tolist() == again.action(action).tolist()
    envs = vector(RecordEpisodeStatistics(gymnasium.make_vec("slategym/Shop-v0", num_envs=2)), **options)
    envs.reset(seed=0)
    envs.step(envs.action_space.sample())


@pytest.mark.slow
def test_ppo_learns_scores():
    """Of eight items one is clicked, always."""
    clicked = 5
    envs = SlateVectorEnv(tiny_world(items=8, slate_size=1, visits=1, click=np.eye(8)[clicked], context_size=0), 64)
    adapter = SB3VecEnv(ScoreVectorAction(envs))
    model = PPO("MlpPolicy", adapter, n_steps=8, batch_size=128, gamma=0.0, learning_rate=0.003, seed=0, device="cpu")
    model.learn(8 * 64 * 20)
    envs.reset(seed=1)
    adapter.step(model.predict(np.zeros((64, 1), np.float32), deterministic=True)[0])
    assert envs.feedback.clicks.mean() == 1.0
