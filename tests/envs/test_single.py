"""The single environment: what it adds to the vector environment of one row."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from tests.envs.tiny import tiny_world

from slategym.envs.single import SlateEnv


def test_values_are_plain():
    env = SlateEnv(tiny_world(click=1.0, convert=1.0, leave=0.0), weights=(1, 2))
    observation, info = env.reset(seed=0)
    assert observation in env.observation_space
    assert info == {"shopper": 0, "visit": 0}
    observation, reward, terminated, truncated, info = env.step([5, 1, 1])
    assert observation in env.observation_space
    assert (reward, terminated, truncated) == (6.0, False, False)
    assert [type(each) for each in (reward, terminated, truncated)] == [float, bool, bool]
    assert info.pop("objectives").tolist() == [2, 2]
    assert info.pop("clicks").tolist() == info.pop("conversions").tolist() == [True, True, False]
    assert info.pop("revenue").tolist() == [6, 2, 0]
    assert info == {"shopper": 0, "visit": 1}
    assert env.feedback.clicks.shape == (1, 3)
    assert (env.simulation.seed, env.world.slate_size, env.weights.tolist()) == (0, 3, [1, 2])


def test_reset_calls_the_next_shopper():
    env = SlateEnv(tiny_world(), first_row=7)
    assert [env.reset(seed=3)[1]["shopper"], *(env.reset()[1]["shopper"] for _ in range(2))] == [7, 2**32 + 7, 2 * 2**32 + 7]


def test_a_first_reset_draws_a_seed_from_np_random():
    drawn = []
    for _ in range(2):
        env = SlateEnv(tiny_world())
        env.np_random = np.random.default_rng(3)
        env.reset()
        drawn.append(env.simulation.seed)
    assert drawn[0] == drawn[1]
    other = SlateEnv(tiny_world())
    other.reset()
    assert other.simulation.seed != drawn[0]


def test_it_waits_for_a_reset():
    env = SlateEnv(tiny_world(leave=1.0))
    with pytest.raises(ResetNeeded, match="no shoppers yet"):
        env.step([0, 1, 2])
    env.reset(seed=0)
    assert env.step([0, 1, 2])[2]
    with pytest.raises(ResetNeeded, match=r"have ended.*call reset\(\)"):
        env.step([0, 1, 2])


@pytest.mark.parametrize(("action", "message"), [([0, 1], "slate has shape"), ([0, 1, 6], "is not an item"), (3, "shape")])
def test_bad_actions(action, message):
    env = SlateEnv(tiny_world())
    env.reset(seed=0)
    with pytest.raises(ValueError, match=message):
        env.step(action)


def test_render():
    env = gymnasium.make("slategym:slategym/Shop-v0", render_mode="ansi")
    env.reset(seed=0)
    env.step(np.arange(5))
    assert [line[:10] for line in env.render().splitlines()[:5]] == [f" {rank + 1}. item {rank}" for rank in range(5)]
    assert SlateEnv(tiny_world()).render() is None
