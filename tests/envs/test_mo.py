"""The vector reward: what it is, and that MO-Gymnasium's own wrappers fit around it unmodified."""

from copy import deepcopy

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import DQN
from tests.envs.contract import slates
from tests.envs.tiny import tiny_world
from tests.every_world import EVERY

import slategym
from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.single import SlateEnv
from slategym.envs.wrappers.discrete import DiscreteAction
from slategym.envs.wrappers.query import QueryAction
from slategym.envs.wrappers.score import ScoreAction
from slategym.sim.worlds import make_world

OTHERS = ("profit", "click", "diversity")


def mo_gymnasium():
    return pytest.importorskip("mo_gymnasium", reason="MO-Gymnasium comes with pip install 'slategym[mo]'")


def played(env, steps, seed=0):
    """Rewards, ends and infos of so many steps, with a reset whenever an episode ends."""
    world = env.unwrapped.world
    env.reset(seed=seed)
    answers = []
    for step in range(steps):
        _, reward, terminated, truncated, info = env.step(slates(world, np.zeros(1, int), step)[0])
        answers.append((np.copy(reward), terminated or truncated, info))
        if answers[-1][1]:
            env.reset()
    return answers


def test_the_reward_is_the_objectives_in_their_order():
    world = tiny_world(click=1.0, convert=1.0, leave=0.0)
    env = MOSlateEnv(make_world("Shop-v0", items=20, objectives=OTHERS))
    assert (env.reward_dim, env.reward_space.shape, env.world.objective_names) == (3, (3,), OTHERS)
    env = MOSlateVectorEnv(world, 2)
    env.reset(seed=0)
    _, reward, _, _, info = env.step(np.array([[4, 4, 2], [1, 5, 3]]))
    assert reward.tolist() == info["objectives"].tolist() == [[2, 2], [3, 3]]
    assert reward.dtype == np.float32


def test_bounds_are_reached_and_true():
    """All is clicked and converts: the highest there is, but for what arrives later."""
    env = MOSlateEnv(tiny_world(click=1.0, convert=1.0, leave=0.0))
    env.reset(seed=0)
    assert env.step([0, 1, 2])[1].tolist() == env.reward_space.high.tolist() == [3, 3]
    nothing = MOSlateEnv(tiny_world(click=0.0))
    nothing.reset(seed=0)
    assert nothing.step([0, 1, 2])[1].tolist() == nothing.reward_space.low.tolist() == [0, 0]
    delayed = MOSlateEnv("Shop-v0")
    most = 5 * (1 + delayed.world.user_model.longest_delay)
    assert delayed.reward_space.high.tolist() == [5, most]


@pytest.mark.parametrize("make", [MOSlateEnv, MOSlateVectorEnv])
def test_a_wrapper_may_write_into_the_reward(make):
    spoilt, whole = (make("Shop-v0", items=20, first_row=3) for _ in range(2))
    action = np.arange(5) if make is MOSlateEnv else np.arange(5)[None]
    spoilt.reset(seed=1)
    whole.reset(seed=1)
    for _ in range(3):
        reward, info = spoilt.step(action)[1::3]
        expected = whole.step(action)[1]
        assert reward.tolist() == expected.tolist()
        reward[:] = 77
        assert info["objectives"].tolist() == expected.tolist()
        assert spoilt.feedback.objectives.tolist() == np.atleast_2d(expected).tolist()


def test_there_are_no_weights():
    for make in (MOSlateEnv, MOSlateVectorEnv):
        with pytest.raises(ValueError, match=r"weights came to an environment with a vector reward: expected none"):
            make("Shop-v0", weights=(1, 2))
    scalar = SlateEnv("Shop-v0", items=20, objectives=("profit", "conversion", "click"))
    assert scalar.weights.tolist() == [1, 10, 1]


@pytest.mark.parametrize("name", EVERY)
def test_ids(name):
    """Warnings are errors here: making one gives none."""
    id_, count = f"slategym/MO{name}", len(make_world(name).objectives)
    for make in (gymnasium.make, mo_gymnasium().make):
        env = make(id_)
        again = make(env.unwrapped.spec.id)
        assert isinstance(again.unwrapped, MOSlateEnv)
        assert env.unwrapped.spec.id == again.unwrapped.spec.id == id_
        assert isinstance(env.observation_space, gymnasium.spaces.Box)
        assert len(env.observation_space.shape) == 1
        space = env.unwrapped.reward_space
        assert (space.shape, space.dtype, env.unwrapped.reward_dim) == ((count,), np.float32, count)
        rewards = [reward for reward, *_ in played(env, 40)]
        assert all(reward.dtype == np.float32 and reward in space for reward in rewards)
        np.testing.assert_array_equal(rewards, [reward for reward, *_ in played(again, 40)])
    envs = gymnasium.make_vec(id_, num_envs=3)
    assert isinstance(envs, MOSlateVectorEnv)
    assert (envs.spec.id, envs.reward_space) == (id_, space)
    envs.reset(seed=0)
    envs.action_space.seed(0)
    assert envs.step(envs.action_space.sample())[1].shape == (3, count)


def test_objectives_are_an_option_of_the_ids():
    for made in (
        gymnasium.make("slategym/MOShop-v0", objectives=OTHERS),
        gymnasium.make_vec("slategym/MOShop-v0", objectives=OTHERS),
    ):
        assert (made.unwrapped.reward_dim, made.unwrapped.world.objective_names) == (3, OTHERS)


# ---- MO-Gymnasium's wrappers, unmodified


@pytest.fixture
def wrappers():
    return mo_gymnasium().wrappers


@pytest.fixture
def shop():
    return make_world("Shop-v0", items=20, visits=6, objectives=OTHERS)


def test_linear_reward(wrappers, shop):
    weight = np.array([0.5, 1.0, 3.0])
    vectors = played(MOSlateEnv(shop), 40)
    for (vector, *_), (reward, _, info) in zip(vectors, played(wrappers.LinearReward(MOSlateEnv(shop), weight), 40), strict=True):
        assert reward == np.dot(vector, weight)
        assert info["vector_reward"].tolist() == vector.tolist()
    ones = wrappers.LinearReward(MOSlateEnv(shop))
    assert played(ones, 1)[0][0] == vectors[0][0].sum()


def test_normalize_and_clip_reward(wrappers, shop):
    plain = np.array([reward for reward, *_ in played(MOSlateEnv(shop), 40)])
    clipped = [reward for reward, *_ in played(wrappers.MOClipReward(MOSlateEnv(shop), 1, 0.0, 0.5), 40)]
    np.testing.assert_array_equal(clipped, np.c_[plain[:, 0], plain[:, 1].clip(0, 0.5), plain[:, 2]])
    assert (plain[:, 1] > 0.5).any()

    normalized = np.array([reward for reward, *_ in played(wrappers.MONormalizeReward(MOSlateEnv(shop), 1), 40)])
    np.testing.assert_array_equal(normalized[:, [0, 2]], plain[:, [0, 2]])
    rewards = plain[:, 1] > 0
    np.testing.assert_array_equal(normalized[:, 1] > 0, rewards)
    assert (normalized[rewards, 1] != plain[rewards, 1]).all()


def test_record_episode_statistics(wrappers, shop):
    gamma, total, discounted, length = 0.9, np.zeros(3), np.zeros(3), 0
    ends = 0
    for reward, done, info in played(wrappers.MORecordEpisodeStatistics(MOSlateEnv(shop), gamma=gamma), 60):
        total, discounted, length = total + reward, discounted + gamma**length * reward, length + 1
        assert ("episode" in info) == done
        if done:
            assert info["episode"]["l"] == length
            np.testing.assert_allclose(info["episode"]["r"], total, rtol=1e-6)
            np.testing.assert_allclose(info["episode"]["dr"], discounted, rtol=1e-6)
            total, discounted, length, ends = np.zeros(3), np.zeros(3), 0, ends + 1
    assert ends >= 10


def test_all_together_around_the_other_actions(wrappers):
    env = DiscreteAction(gymnasium.make("slategym/MOShop-v0", items=20), slates=8)
    env = wrappers.MORecordEpisodeStatistics(env)
    for idx in range(2):
        env = wrappers.MOClipReward(wrappers.MONormalizeReward(env, idx), idx, -1, 1)
    env = wrappers.LinearReward(env, np.array([0.5, 0.5]))
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(40):
        _, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        assert abs(reward) <= 1
        if terminated or truncated:
            env.reset()


def test_mo_gymnasiums_vector_takes_the_single_environment(wrappers, shop):
    rows = 4
    theirs = wrappers.vector.MOSyncVectorEnv([lambda row=row: MOSlateEnv(shop, first_row=row) for row in range(rows)])
    theirs = wrappers.vector.MORecordEpisodeStatistics(theirs)
    ours = MOSlateVectorEnv(shop, rows)
    theirs.reset(seed=[5] * rows)
    ours.reset(seed=5)
    total, length = np.zeros((rows, 3)), np.zeros(rows, int)
    open_ = np.ones(rows, bool)  # until the first end of each row, from which on theirs waits a step and ours does not
    for step in range(shop.visits):
        action = slates(shop, ours.rows, step)
        reward, expected = theirs.step(action)[1::3], ours.step(action)
        np.testing.assert_array_equal(reward[0][open_], expected[1][open_])
        total[open_] += expected[1][open_]
        length[open_] += 1
        done = open_ & (expected[2] | expected[3])
        if done.any():
            np.testing.assert_allclose(reward[1]["episode"]["r"][done], total[done], rtol=1e-6)
            assert reward[1]["episode"]["l"][done].tolist() == length[done].tolist()
        open_ &= ~done
    assert not open_.any()


def test_its_statistics_count_the_first_episodes_of_ours(wrappers, shop):
    """What it does from the second episode on is in the docstring of `MOSlateVectorEnv`."""
    rows = 16
    envs = wrappers.vector.MORecordEpisodeStatistics(MOSlateVectorEnv(shop, rows))
    envs.reset(seed=0)
    total, first = np.zeros((rows, 3)), np.ones(rows, bool)
    for step in range(shop.visits):
        _, reward, terminated, truncated, info = envs.step(slates(shop, envs.unwrapped.rows, step))
        total += reward
        done = first & (terminated | truncated)
        if done.any():
            np.testing.assert_allclose(info["episode"]["r"][done], total[done], rtol=1e-6)
            assert (info["episode"]["l"][done] == step + 1).all()
        first &= ~done
    assert not first.any()


# ---- algorithms


def test_an_id_of_ones_own_with_another_action():
    """For algorithms that make environments from `unwrapped.spec.id`."""
    make = mo_gymnasium().make
    spec = DiscreteAction(gymnasium.make("slategym/MOShopBandit-v0", items=20), slates=6).spec
    gymnasium.register("MOSix-v0", spec.entry_point, kwargs=spec.kwargs, additional_wrappers=spec.additional_wrappers)
    try:
        env = make(make("MOSix-v0").unwrapped.spec.id)
        assert env.action_space == gymnasium.spaces.Discrete(6)
        assert (env.unwrapped.world.catalog.size, env.unwrapped.reward_dim) == (20, 2)
        env.reset(seed=0)
        assert env.step(5)[1].shape == (2,)
    finally:
        del gymnasium.registry["MOSix-v0"]


@pytest.mark.parametrize(("wrapper", "action"), [(DiscreteAction, 3), (QueryAction, None), (ScoreAction, None)])
def test_what_multi_objective_algorithms_read_and_do(wrapper, action):
    """The habits of morl-baselines: they find out the sizes, copy the environment, and evaluate with returns that they add up."""
    env = mo_gymnasium().make("slategym/MOShopBandit-v0", items=20)
    env = wrapper(env)
    assert env.unwrapped.reward_space.shape[0] == env.unwrapped.reward_dim == 2
    assert len(env.observation_space.shape) == 1
    actions = env.action_space.n if wrapper is DiscreteAction else env.action_space.shape[0]
    assert actions == {DiscreteAction: 64, QueryAction: env.unwrapped.world.catalog.features.shape[1], ScoreAction: 20}[wrapper]
    assert isinstance(env.unwrapped.spec.id, str)
    env.action_space.seed(0)
    evaluation, returns = deepcopy(env), np.zeros(2, np.float32)
    observation, _ = evaluation.reset(seed=1)
    assert observation.dtype == np.float32
    for _ in range(30):
        _, reward, terminated, truncated, _ = evaluation.step(env.action_space.sample() if action is None else action)
        returns += 0.9 * reward
        if terminated or truncated:
            evaluation.reset()
    assert (returns > 0).any()


def test_dqn_learns_through_a_discrete_slate_and_a_linear_reward(wrappers):
    """Of eight items one is clicked, always."""
    clicked = 5
    world = tiny_world(items=8, slate_size=1, visits=1, click=np.eye(8)[clicked], context_size=0)
    env = wrappers.LinearReward(DiscreteAction(MOSlateEnv(world)), np.array([1.0, 0.0]))
    model = DQN(
        "MlpPolicy", env, learning_starts=100, target_update_interval=50, gamma=0.0, learning_rate=0.01, seed=0, device="cpu"
    )
    model.learn(400)
    assert model.predict(np.zeros(1, np.float32), deterministic=True)[0] == clicked


def test_sb3s_adapter_refuses_a_vector_reward():
    with pytest.raises(ValueError, match=r"env has a vector reward.*expected a SlateVectorEnv"):
        SB3VecEnv(MOSlateVectorEnv("Shop-v0"))


def test_public_names():
    assert slategym.MOSlateEnv is MOSlateEnv
    assert slategym.MOSlateVectorEnv is MOSlateVectorEnv
