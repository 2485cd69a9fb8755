"""The adapter to Stable-Baselines3."""

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecMonitor
from tests.envs.contract import slates, spoil, steps
from tests.envs.tiny import tiny_world
from tests.every_world import EVERY

from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.query import QueryVectorAction, query_slate
from slategym.sim.worlds import make_world

ROWS = 16


@pytest.mark.parametrize("name", EVERY)
def test_it_carries_the_vector_environment(name):
    world = make_world(name)
    env, adapter = SlateVectorEnv(world, ROWS), SB3VecEnv(SlateVectorEnv(world, ROWS))
    adapter.seed(4)
    assert adapter.reset().tolist() == env.reset(seed=4)[0].tolist()
    ends = 0
    for step in range(steps(world)):
        action = slates(world, env.rows, step)
        observation, reward, terminated, truncated, info = env.step(action)
        got, got_reward, done, infos = adapter.step(action)
        assert got.tolist() == observation.tolist()
        assert got_reward.dtype == np.float32
        assert got_reward.tolist() == reward.tolist()
        assert done.tolist() == (terminated | truncated).tolist()
        for row in range(ROWS):
            if done[row]:
                assert infos[row]["terminal_observation"].tolist() == info["final_obs"][row].tolist()
                assert infos[row]["TimeLimit.truncated"] is bool(truncated[row])
            else:
                assert infos[row] == {}
        ends += done.sum()
        spoil([got, got_reward, done])
    assert ends >= ROWS


def test_seeds_are_used_once():
    env = SB3VecEnv(SlateVectorEnv(tiny_world(), 2))
    env.seed(4)
    first, second = env.reset(), env.reset()
    assert first.tolist() != second.tolist(), "the next shoppers"
    env.seed(4)
    assert env.reset().tolist() == first.tolist()


def test_attributes_and_methods_are_the_batchs():
    vector = SlateVectorEnv(tiny_world(), 3, render_mode="ansi")
    vector.reset(seed=0)
    for env in (SB3VecEnv(vector), SB3VecEnv(QueryVectorAction(vector))):
        assert env.render_mode == "ansi"
        assert env.get_attr("world") == [vector.world] * 3
        assert env.get_attr("world", 1) == [vector.world]
        assert env.get_attr("world", [0, 2]) == [vector.world] * 2
        env.set_attr("weights", np.array([2.0, 3.0]))
        assert vector.weights.tolist() == [2, 3]
        assert env.env_method("render", indices=[0, 1]) == [vector.render()] * 2
        assert env.env_is_wrapped(Monitor) == [False] * 3
        assert env.has_attr("world")
        assert not env.has_attr("nothing")


def test_vec_monitor_counts_episodes():
    world = tiny_world(click=1.0, convert=0.0, leave=0.0, visits=3)
    env = VecMonitor(SB3VecEnv(SlateVectorEnv(world, 2)))
    env.reset()
    action = np.array([[0, 1, 2], [0, 0, 0]])
    seen = [env.step(action)[3] for _ in range(6)]
    for step, infos in enumerate(seen):
        assert ["episode" in info for info in infos] == [step % 3 == 2] * 2
    assert [(info["episode"]["r"], info["episode"]["l"]) for info in seen[5]] == [(9, 3), (3, 3)]


@pytest.mark.parametrize("query", [False, True], ids=["slate", "query"])
def test_a_short_ppo_run(query):
    env = SlateVectorEnv(make_world("Shop-v0", items=20), ROWS)
    adapter = VecMonitor(SB3VecEnv(QueryVectorAction(env) if query else env))
    model = PPO("MlpPolicy", adapter, n_steps=16, batch_size=64, n_epochs=1, seed=0, device="cpu").learn(2 * 16 * ROWS)
    assert len(model.ep_info_buffer) > 0, "episodes have ended and were counted"
    mean, spread = evaluate_policy(model, adapter, n_eval_episodes=ROWS)
    assert np.isfinite([mean, spread]).all()


@pytest.mark.quick("query")
@pytest.mark.parametrize("query", [False, True], ids=["slate", "query"])
def test_ppo_learns_through_it(query):
    """Of eight items one is clicked, always: a random slate of one earns 1/8."""
    clicked = query_slate(tiny_world(items=8, slate_size=1), [[1.0, 0.0]])[0, 0]  # one that a query can reach
    env = SlateVectorEnv(tiny_world(items=8, slate_size=1, visits=1, click=np.eye(8)[clicked], context_size=0), 64)
    adapter = SB3VecEnv(QueryVectorAction(env) if query else env)
    model = PPO("MlpPolicy", adapter, n_steps=8, batch_size=128, gamma=0.0, learning_rate=0.003, seed=0, device="cpu")
    model.learn(8 * 64 * 20)
    observation = np.zeros((64, 1), np.float32)
    env.reset(seed=1)
    adapter.step(model.predict(observation, deterministic=True)[0])
    assert env.feedback.clicks.mean() == 1.0


def test_only_same_step_autoreset_fits():
    with pytest.raises(ValueError, match=r"is AutoresetMode\.DISABLED: expected AutoresetMode\.SAME_STEP"):
        SB3VecEnv(SlateVectorEnv(tiny_world(), autoreset_mode="Disabled"))
