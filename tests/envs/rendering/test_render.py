"""Pictures and texts of slates: always there, of one size, true to what happened, and what Gymnasium's and SB3's tools expect."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RenderCollection
from stable_baselines3.common.env_util import make_vec_env
from tests.envs.tiny import tiny_world

from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.registration import FORMS
from slategym.envs.rendering.picture import CLICKED, CONVERTED, slate_picture
from slategym.envs.rendering.scene import Scene
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction
from slategym.envs.wrappers.query import QueryAction, QueryVectorAction
from slategym.sim.worlds import WORLDS, make_world

IDS = [f"slategym/{form}{name}" for form in FORMS for name in WORLDS]
SHAPES = {
    "tiny": {},
    "slates of one, single visits": {"slate_size": 1, "visits": 1, "leave": 1.0},
    "long slates": {"items": 40, "slate_size": 33},
    "candidates": {"items": 13, "candidates": 5},
    "no features, no context": {"features": 0, "context_size": 0},
}


def has(picture, colour):
    return bool((picture == np.array(colour, np.uint8)).all(axis=2).any())


def is_picture(frame):
    return isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3


@pytest.mark.quick("SlateEnv-*")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("single", "vector"), [(SlateEnv, SlateVectorEnv), (MOSlateEnv, MOSlateVectorEnv)])
def test_there_is_a_picture_at_every_moment_and_of_one_size(shape, single, vector):
    world = tiny_world(**SHAPES[shape])
    rows = 4
    envs = vector(world, rows, render_mode="rgb_array")
    alone = single(world, first_row=2, render_mode="rgb_array")
    envs.reset(seed=0)
    alone.reset(seed=0)
    size = alone.render().shape
    assert [side % 16 for side in size[:2]] == [0, 0], "as video codecs like it"
    envs.action_space.seed(0)
    for _ in range(world.visits + 2):
        actions = envs.action_space.sample()
        envs.step(actions)
        frames = envs.render()
        assert len(frames) == rows
        assert all(is_picture(frame) and frame.shape == size for frame in frames)
        done = any(alone.step(actions[2])[2:4])
        np.testing.assert_array_equal(alone.render(), frames[2])
        np.testing.assert_array_equal(envs.render()[0], frames[0], "the same again")
        if done:
            alone.reset()
            assert alone.render().shape == size


def test_a_picture_tells_what_the_shopper_did():
    nothing, clicks, all_ = (
        tiny_world(click=click, convert=convert, leave=0.0) for click, convert in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    )
    for world, marks in ((nothing, (False, False)), (clicks, (True, False)), (all_, (False, True))):
        env = SlateEnv(world, render_mode="rgb_array")
        env.reset(seed=0)
        before = env.render()
        assert not has(before, CLICKED)
        env.step([0, 1, 2])
        after = env.render()
        assert (has(after, CLICKED), has(after, CONVERTED)) == marks
        assert (before != after).any()
        env.reset()
        assert not has(env.render(), CLICKED), "the next shopper has seen nothing yet"


def test_everything_in_a_scene_can_be_seen():
    world = make_world("Shop-v0", items=40)
    env = SlateVectorEnv(world, 1, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(np.arange(5)[None])
    (scene,) = env._scenes.of_rows(env.simulation)
    plain = slate_picture(scene)
    no, yes = np.zeros(5, bool), np.ones(5, bool)
    for name, value in {
        "shopper": 3,
        "visit": 7,
        "observation": scene.observation + 1,
        "slate": scene.slate + 7,
        "clicks": ~scene.clicks,
        "conversions": yes,
        "delayed": 2,
        "terminated": True,
        "truncated": True,
    }.items():
        parts = {**scene.__dict__, "conversions": no, "terminated": False, "truncated": False}
        assert (slate_picture(Scene(**{**parts, name: value})) != slate_picture(Scene(**parts))).any(), name
    assert (slate_picture(scene) == plain).all()


def test_a_row_that_was_reset_alone_shows_its_next_shopper():
    env = SlateVectorEnv(tiny_world(click=1.0), 2, autoreset_mode="Disabled", render_mode="ansi")
    env.reset(seed=0)
    env.step(np.array([[0, 1, 2], [3, 4, 5]]))
    env.reset(options={"reset_mask": np.array([False, True])})
    first, second = env.render()
    assert first.startswith(" 1. item 0 ")
    assert second == "no slate has been shown yet"


@pytest.mark.parametrize("mode", ["ansi", "rgb_array"])
def test_a_refused_slate_changes_no_picture(mode):
    env = SlateEnv(tiny_world(click=1.0, leave=0.0), render_mode=mode)
    env.reset(seed=0)
    env.step([0, 1, 2])
    before = env.render()
    with pytest.raises(ValueError, match="is not an item"):
        env.step([0, 1, 6])
    np.testing.assert_array_equal(env.render(), before)


def test_positions_among_candidates_are_told_as_items():
    world = tiny_world(items=13, candidates=5)
    env = SlateEnv(world, render_mode="ansi")
    observation, _ = env.reset(seed=0)
    offered = observation[world.layout["candidates"]].astype(int)
    assert offered.tolist() != list(range(5))
    env.step([4, 0, 2])
    shown = [int(line.split()[2]) for line in env.render().splitlines()[:3]]
    assert shown == offered[[4, 0, 2]].tolist()


def test_before_a_reset_and_without_a_mode():
    for make in (SlateEnv, SlateVectorEnv):
        with pytest.raises(ResetNeeded):
            make(tiny_world(), render_mode="rgb_array").render()
        assert make(tiny_world()).render() is None


def test_names_longer_than_a_tile_are_cut():
    world = tiny_world()
    named = type(world.catalog)(
        **{**world.catalog.__dict__, "names": tuple("The Life and Opinions of Tristram Shandy" for _ in range(6))}
    )
    env = SlateEnv(type(world)("Named-v0", named, world.user_model, 3, 4), render_mode="rgb_array")
    env.reset(seed=0)
    env.step([0, 1, 2])
    assert (env.render()[:, -12:] == 255).all(), "nothing runs over the edge"


# ---- the tools of Gymnasium and Stable-Baselines3, by id


@pytest.mark.parametrize("id_", IDS)
def test_gymnasiums_frames_by_id(id_):
    env = gymnasium.make(id_, render_mode="rgb_array_list")
    assert isinstance(env, RenderCollection)
    env.reset(seed=0)
    env.action_space.seed(0)
    env.step(env.action_space.sample())
    frames = env.render()
    assert len(frames) == 2
    assert all(is_picture(frame) for frame in frames)
    envs = gymnasium.make_vec(id_, num_envs=2, render_mode="rgb_array")
    envs.reset(seed=0)
    assert [frame.shape for frame in envs.render()] == [frames[0].shape] * 2


@pytest.mark.filterwarnings("ignore:.*A Box observation space m..imum value is")
def test_gymnasiums_checker_tries_the_modes():
    check_env(gymnasium.make("slategym/Shop-v0", items=20).unwrapped)


@pytest.mark.filterwarnings("ignore:.*is not in the possible render_modes")
def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match=r"render_mode is 'depth_array': expected None, 'ansi' or 'rgb_array'"):
        gymnasium.make("slategym/Shop-v0", render_mode="depth_array")


@pytest.mark.parametrize("wrapper", [None, QueryAction, DiscreteAction])
@pytest.mark.parametrize("id_", IDS)
def test_make_vec_env_by_id(id_, wrapper):
    if wrapper is DiscreteAction and "Fitted" in id_:  # whose items have no features
        with pytest.raises(ValueError, match="give the slates themselves"):
            make_vec_env(id_, 2, seed=0, wrapper_class=wrapper)
        return
    envs = make_vec_env(id_, 2, seed=0, wrapper_class=wrapper)
    envs.reset()
    assert is_picture(envs.render())
    action = np.stack([envs.action_space.sample()] * 2)
    if "/MO" in id_:
        with pytest.raises(TypeError, match=r"vector of \d objectives and one number was expected: combine .*LinearReward"):
            envs.step(action)
    else:
        assert envs.step(action)[1].shape == (2,)


def test_the_adapter_tiles_the_pictures_of_a_batch():
    for env in (SlateVectorEnv(tiny_world(), 4, render_mode="rgb_array"), SlateVectorEnv(tiny_world(), 4)):
        adapter = SB3VecEnv(QueryVectorAction(env))
        adapter.reset()
        assert adapter.metadata["render_fps"] == 1
        if env.render_mode:
            one = env.render()[0]
            assert adapter.render().shape == (2 * one.shape[0], 2 * one.shape[1], 3)
        else:
            assert adapter.get_images() == [None] * 4
