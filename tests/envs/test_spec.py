"""Specifications: written as JSON and read again they make the same environment, or the error names what cannot be written."""

import pickle
from copy import deepcopy
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import TimeLimit
from tests.envs.tiny import tiny_world

from slategym.envs.registration import FORMS
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction, DiscreteVectorAction
from slategym.envs.wrappers.query import QueryAction, QueryVectorAction
from slategym.envs.wrappers.score import ScoreAction
from slategym.sim.click_models import PositionBased
from slategym.sim.objectives import OBJECTIVES
from slategym.sim.worlds import WORLDS
from slategym.sim.worlds.shop.model import ShopModel

IDS = [f"slategym/{form}{name}" for form in FORMS for name in WORLDS]
FILE = Path(__file__).parents[2] / "docs" / "examples" / "my_shop.py"
WAYS = {
    "arrays and numbers of NumPy": {"weights": np.array([1.0, 5.0]), "first_row": np.int64(3), "items": np.int64(30)},
    "tuples": {"weights": (1, 5), "objectives": ("click", "profit")},
    "names": {"click_model": "cascade", "candidates": 9, "items": 40, "visits": 3},
    "names in files": {"user_model": f"{FILE}:Impatient", "objectives": "click,profit"},
    "a world in a file": {"world": f"{FILE}:Bookshop"},
    "a limit": {"max_episode_steps": 2},
    "a render mode": {"render_mode": "rgb_array"},
}
OBJECTS = {
    "user_model": (ShopModel(), "option user_model cannot be written as JSON.*it holds ShopModel.*such as 'my_shop.py:Mine'"),
    "click_model": (PositionBased(np.ones(5)), "option click_model cannot be written.*it holds PositionBased"),
    "objectives": ((OBJECTIVES["click"], "profit"), "option objectives cannot be written"),
    "world": (tiny_world(), "option world cannot be written.*it holds World"),
}


def first_steps(env):
    """What a seed and some actions lead to."""
    batched = isinstance(env, gymnasium.vector.VectorEnv)
    answers = [env.reset(seed=3)[0]]
    env.action_space.seed(0)
    for _ in range(2):
        observation, reward, *ends, _ = env.step(env.action_space.sample())
        answers += [observation, reward, *ends]
        if not batched and any(ends):
            env.reset()
    return [np.asarray(answer).tolist() for answer in answers]


@pytest.mark.parametrize("id_", IDS)
def test_every_id_goes_through_json(id_):
    for make in (gymnasium.make, gymnasium.make_vec):
        env = make(id_)
        again = make(EnvSpec.from_json(env.spec.to_json()))
        assert EnvSpec.from_json(env.spec.to_json()) == env.spec
        assert first_steps(env) == first_steps(again)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec])
def test_options_go_through_json(make, way):
    env = make("slategym/Shop-v0", **WAYS[way])
    again = make(EnvSpec.from_json(env.spec.to_json()))
    assert first_steps(env) == first_steps(again)
    assert again.unwrapped.weights.tolist() == env.unwrapped.weights.tolist()
    assert again.render_mode == env.render_mode


def test_a_vector_keeps_its_rows_and_its_autoreset():
    mode = gymnasium.vector.AutoresetMode.DISABLED
    envs = gymnasium.make_vec("slategym/Shop-v0", num_envs=3, first_row=2, autoreset_mode=mode)
    again = gymnasium.make_vec(EnvSpec.from_json(envs.spec.to_json()))
    assert (again.num_envs, again.rows.tolist(), again.metadata["autoreset_mode"]) == (3, [2, 3, 4], mode)


@pytest.mark.parametrize(
    "wrap",
    [
        QueryAction,
        ScoreAction,
        DiscreteAction,
        lambda env: DiscreteAction(env, np.array([[0, 1, 2, 3, 4], [9, 8, 7, 6, 5]]), seed=1),
    ],
)
def test_wrappers_go_through_json(wrap):
    env = TimeLimit(wrap(gymnasium.make("slategym/Shop-v0", items=30)), 3)
    again = gymnasium.make(EnvSpec.from_json(env.spec.to_json()))
    assert again.action_space == env.action_space
    assert first_steps(env) == first_steps(again)


def test_mo_gymnasiums_wrappers_go_through_json():
    wrappers = pytest.importorskip("mo_gymnasium", reason="needs the extra mo: make peers").wrappers
    env = gymnasium.make("slategym/MOShop-v0")
    env = wrappers.MONormalizeReward(wrappers.MOClipReward(env, 0, 0.0, 0.5), idx=1)
    env = wrappers.LinearReward(wrappers.MORecordEpisodeStatistics(DiscreteAction(env, slates=9)))
    again = gymnasium.make(EnvSpec.from_json(env.spec.to_json()))
    assert first_steps(env) == first_steps(again)
    weighted = wrappers.LinearReward(gymnasium.make("slategym/MOShop-v0"), weight=np.array([0.5, 2.0]))
    with pytest.raises(ValueError, match=r"LinearReward's weight cannot be written.*it holds ndarray.*wrap the environment"):
        weighted.spec.to_json()  # it would not take a list for an array


@pytest.mark.parametrize("option", OBJECTS)
@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec])
def test_objects_are_named(make, option):
    value, message = OBJECTS[option]
    env = make("slategym/Shop-v0", **{option: value})
    with pytest.raises(ValueError, match=message):
        env.spec.to_json()
    assert first_steps(env) == first_steps(make(deepcopy(env.spec))), "as an object the specification serves"
    assert pickle.loads(pickle.dumps(env.spec)).id == "slategym/Shop-v0"


@pytest.mark.parametrize("wrap", [QueryVectorAction, DiscreteVectorAction])
def test_the_action_of_a_batch_is_not_lost_in_silence(wrap):
    envs = wrap(gymnasium.make_vec("slategym/Shop-v0", num_envs=2))
    with pytest.raises(ValueError, match=rf"{wrap.__name__} cannot be written.*Write envs\.unwrapped\.spec"):
        envs.spec.to_json()
    with pytest.raises(gymnasium.error.Error, match="additional_wrappers"):
        gymnasium.make_vec(envs.spec)
    assert wrap(gymnasium.make_vec(EnvSpec.from_json(envs.unwrapped.spec.to_json()))).action_space == envs.action_space


def test_what_was_made_from_its_class_has_none():
    """As in Gymnasium: `make` is what writes it."""
    assert SlateEnv(tiny_world()).spec is None
    assert QueryAction(SlateEnv("Shop-v0")).spec is None
    assert SlateVectorEnv("Shop-v0").spec is None
    assert QueryVectorAction(SlateVectorEnv("Shop-v0")).spec is None
