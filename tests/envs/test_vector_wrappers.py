"""The table of docs/gymnasium.md: which of Gymnasium's vector wrappers go with an environment that resets in the same step."""

import re
from importlib.util import find_spec
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import TransformAction, TransformObservation, TransformReward
from gymnasium.wrappers import vector as wrappers

from slategym.envs.wrappers.query import QueryVectorAction

PAGE = (Path(__file__).parents[2] / "docs" / "gymnasium.md").read_text(encoding="utf-8")
TABLE = dict(re.findall(r"^\| `(\w+)` \| (yes|no|only in another mode) \|", PAGE, re.MULTILINE))
# What the wrappers that need it are given, and the libraries that some run on.
ARGUMENTS = {
    "VectorizeTransformObservation": lambda envs: {"wrapper": TransformObservation, "func": same, "observation_space": None},
    "VectorizeTransformAction": lambda envs: {"wrapper": TransformAction, "func": same, "action_space": None},
    "VectorizeTransformReward": lambda envs: {"wrapper": TransformReward, "func": same},
    "TransformObservation": lambda envs: {"func": same},
    "TransformAction": lambda envs: {"func": same},
    "TransformReward": lambda envs: {"func": same},
    "FilterObservation": lambda envs: {"filter_keys": ["clock"]},
    "ReshapeObservation": lambda envs: {"shape": (4, 8)},
    "ResizeObservation": lambda envs: {"shape": (4, 8)},
    "RescaleObservation": lambda envs: {"min_obs": np.float32(-1), "max_obs": np.float32(1)},
    "RescaleAction": lambda envs: {"min_action": np.float32(-1), "max_action": np.float32(1)},
    "DtypeObservation": lambda envs: {"dtype": np.float64},
    "ClipReward": lambda envs: {"min_reward": -1000.0, "max_reward": 1000.0},
}
LIBRARIES = {
    "HumanRendering": "cv2",
    "RecordVideo": "moviepy",
    "ArrayConversion": "array_api_compat",
    "NumpyToTorch": "array_api_compat",
    "JaxToNumpy": "jax",
    "JaxToTorch": "jax",
}
CHANGES_REWARDS = ("NormalizeReward",)


def same(value):
    return value


def made(name):
    envs = gymnasium.make_vec("slategym/Shop-v0", num_envs=3, items=30, visits=4, render_mode="rgb_array")
    return QueryVectorAction(envs) if name in ("ClipAction", "RescaleAction") else envs


def play(envs, wrapped):
    """Both through the ends of some episodes, to the same answers."""
    envs.reset(seed=0)
    wrapped.reset(seed=0)
    envs.action_space.seed(0)
    ends = 0
    for _ in range(10):
        actions = envs.action_space.sample()
        expected, got = envs.step(actions), wrapped.step(actions)
        ends += (expected[2] | expected[3]).sum()
        np.testing.assert_array_equal(got[0], expected[0])
        if type(wrapped).__name__ not in CHANGES_REWARDS:
            np.testing.assert_array_equal(got[1], expected[1])
        np.testing.assert_array_equal(got[2] | got[3], expected[2] | expected[3])
    assert ends >= 3


def test_the_table_has_every_wrapper_that_there_is():
    assert sorted(TABLE) == sorted(wrappers.__all__)


@pytest.mark.filterwarnings("ignore:.*Recorded episodes will not contain the last frame")
@pytest.mark.filterwarnings("ignore:.*Overwriting existing videos")
@pytest.mark.parametrize("name", [name for name in wrappers.__all__ if find_spec(LIBRARIES.get(name, "gymnasium"))])
def test_the_table_is_true(name, tmp_path):
    envs, other = made(name), made(name)
    arguments = ARGUMENTS.get(name, lambda envs: {})(envs)
    if name == "RecordVideo":
        arguments = {"video_folder": str(tmp_path), "video_length": 2}
    if TABLE[name] == "yes":
        play(envs, getattr(wrappers, name)(other, **arguments))
    else:
        with pytest.raises((ValueError, BufferError), match=r"autoreset_mode to be NEXT_STEP|DLPack"):
            play(envs, getattr(wrappers, name)(other, **arguments))


@pytest.mark.parametrize(
    "name", ["TransformObservation", "VectorizeTransformObservation", "DtypeObservation", "ReshapeObservation"]
)
def test_with_autoreset_off_it_works_as_the_table_says(name):
    assert f'| `{name}` | only in another mode | make the environments with `autoreset_mode="Disabled"` |' in PAGE
    envs = gymnasium.make_vec("slategym/Shop-v0", num_envs=3, items=30, visits=4, autoreset_mode="Disabled")
    wrapped = getattr(wrappers, name)(envs, **ARGUMENTS[name](envs))
    observation, _ = wrapped.reset(seed=0)
    for _ in range(6):
        observation, _, terminated, truncated, _ = wrapped.step(wrapped.action_space.sample())
        assert len(observation) == 3
        if (terminated | truncated).any():
            wrapped.reset(options={"reset_mask": terminated | truncated})
