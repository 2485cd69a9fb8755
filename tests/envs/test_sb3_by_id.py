"""Stable-Baselines3's first lines, with an id: algorithms, vectors of processes, video recorders."""

import subprocess
import sys
from types import ModuleType

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers import RecordVideo
from gymnasium.wrappers.vector import RecordVideo as VectorRecordVideo
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecVideoRecorder
from tests.every_world import EVERY, QUICK

from slategym.envs.registration import FORMS
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction
from slategym.envs.wrappers.query import QueryAction, QueryVectorAction

SHORT = {"n_steps": 8, "batch_size": 8, "n_epochs": 1, "seed": 0, "device": "cpu"}


@pytest.mark.parametrize("name", EVERY)
def test_ppo_takes_every_id(name):
    model = PPO("MlpPolicy", f"slategym/{name}", **SHORT).learn(8)
    assert model.num_timesteps == 8


def test_ppo_says_what_to_do_with_a_vector_reward():
    with pytest.raises(TypeError, match=r"a vector of 2 objectives .*LinearReward, or use the id without MO"):
        PPO("MlpPolicy", "slategym/MOShop-v0", **SHORT).learn(8)


@pytest.mark.parametrize(("algorithm", "wrapper"), [(PPO, QueryAction), (SAC, QueryAction), (DQN, DiscreteAction)])
def test_algorithms_on_other_actions(algorithm, wrapper):
    envs = make_vec_env("slategym/ShopBandit-v0", 2, seed=0, env_kwargs={"items": 20}, wrapper_class=wrapper)
    options = SHORT if algorithm is PPO else {"seed": 0, "device": "cpu", "learning_starts": 4, "buffer_size": 100}
    assert algorithm("MlpPolicy", envs, **options).learn(16).num_timesteps >= 16


# ---- processes

SCRIPT = """
import sys
import gymnasium
import slategym
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import SubprocVecEnv

if __name__ == "__main__":
    wrappers = (None, slategym.QueryAction, slategym.DiscreteAction)
    for number, id_ in enumerate(sys.argv[1:]):
        # Forked from a process that has compiled what they run, since starting anew takes seconds each.
        here = gymnasium.make(id_)
        here.reset(seed=0)
        here.step(here.action_space.sample())
        options = {"vec_env_cls": SubprocVecEnv, "vec_env_kwargs": {"start_method": "fork"}}
        envs = make_vec_env(id_, 2, seed=0, wrapper_class=wrappers[number % 3], **options)
        observation = envs.reset()
        assert observation.shape == (2, *envs.observation_space.shape)
        assert envs.render().dtype == "uint8"
        if "/MO" not in id_:
            assert envs.step([envs.action_space.sample()] * 2)[1].shape == (2,)
        envs.close()
        print(id_)
    # As SB3 starts processes by default: the module before the colon is imported there.
    envs = make_vec_env("slategym:slategym/Shop-v0", 1, vec_env_cls=SubprocVecEnv)
    print(envs.reset().shape)
    envs.close()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_subproc_vec_env_takes_every_id(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ids = [f"slategym/{form}{name}" for form in FORMS for name in QUICK]
    command = [sys.executable, tmp_path / "script.py", *ids]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [*ids, "(1, 32)"]


# ---- video, with what writes the file (MoviePy) replaced


@pytest.fixture
def films(monkeypatch):
    """The films that a recorder writes, each as its frames."""
    written = []

    class ImageSequenceClip:
        def __init__(self, frames, fps):
            written.append((np.stack(frames), fps))

        def write_videofile(self, path, **_):
            pass

    for name in ("moviepy", "moviepy.video", "moviepy.video.io", "moviepy.video.io.ImageSequenceClip"):
        module = ModuleType(name)
        module.ImageSequenceClip = ImageSequenceClip
        monkeypatch.setitem(sys.modules, name, module)
    return written


@pytest.mark.filterwarnings("ignore:.*Recorded episodes will not contain the last frame")
def test_video_recorders(films, tmp_path):
    single = RecordVideo(gymnasium.make("slategym/Shop-v0", render_mode="rgb_array"), str(tmp_path / "a"), video_length=3)
    vector = VectorRecordVideo(
        gymnasium.make_vec("slategym/Shop-v0", num_envs=2, render_mode="rgb_array"), str(tmp_path / "b"), video_length=3
    )
    for env in (single, vector):
        env.reset(seed=0)
        for _ in range(4):
            env.step(env.action_space.sample())
        env.close()
    batch = SB3VecEnv(QueryVectorAction(SlateVectorEnv("Shop-v0", 2, render_mode="rgb_array")))
    for envs in (make_vec_env("slategym/Shop-v0", 2), batch):
        recorder = VecVideoRecorder(envs, str(tmp_path / "c"), lambda step: step == 0, video_length=3)
        recorder.reset()
        for _ in range(4):
            recorder.step(np.stack([recorder.action_space.sample()] * 2))
        recorder.close()
    assert len(films) == 4
    for frames, fps in films:
        assert fps == 1, "a visit a second"
        assert frames.dtype == np.uint8
        assert len(frames) >= 3
        assert (frames[1:] != frames[:-1]).any(axis=(1, 2, 3)).all(), "every visit shows"
