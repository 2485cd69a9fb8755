"""The worlds by their Gymnasium ids."""

import subprocess
import sys

import gymnasium
import pytest
from gymnasium.error import NameNotFound
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import TimeLimit
from tests.every_world import EVERY

import slategym
from slategym.envs.registration import register_worlds
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.worlds import make_world

# Warnings are errors in these tests: making an environment gives none.


@pytest.mark.parametrize("name", EVERY)
def test_single(name):
    weights = [1 + number for number in range(len(make_world(name).objectives))]
    env = gymnasium.make(f"slategym:slategym/{name}", weights=weights)
    assert isinstance(env.unwrapped, SlateEnv)
    assert env.unwrapped.world.name == name
    assert env.unwrapped.weights.tolist() == weights
    while env is not env.unwrapped:
        assert not isinstance(env, TimeLimit), "a world truncates by itself"
        env = env.env


@pytest.mark.parametrize("name", EVERY)
def test_vector(name):
    envs = gymnasium.make_vec(f"slategym/{name}", num_envs=3, first_row=2)
    assert isinstance(envs, SlateVectorEnv)
    assert (envs.world.name, envs.num_envs, envs.rows.tolist()) == (name, 3, [2, 3, 4])
    assert envs.spec.id == f"slategym/{name}"
    assert gymnasium.make_vec(envs.spec).rows.tolist() == [2, 3, 4]


def test_gymnasiums_own_vectors_take_the_single_environment():
    kwargs = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": AutoresetMode.SAME_STEP}}
    envs = gymnasium.make_vec("slategym/Shop-v0", num_envs=2, items=30, **kwargs)
    envs.reset(seed=0)
    assert envs.step(envs.action_space.sample())[1].shape == (2,)


def test_world_options_pass_through():
    for made in (
        gymnasium.make("slategym/Shop-v0", items=40, visits=2),
        gymnasium.make_vec("slategym/Shop-v0", items=40, visits=2),
    ):
        assert (made.unwrapped.world.catalog.size, made.unwrapped.world.visits) == (40, 2)


def test_unknown_names_and_options_say_what_there_is():
    with pytest.raises(NameNotFound, match=r"Did you mean.*Shop"):
        gymnasium.make("slategym/Shp-v0")
    for make in (gymnasium.make, gymnasium.make_vec):
        with pytest.raises(ValueError, match=r"no option 'itms'\. Did you mean 'items'"):
            make("slategym/Shop-v0", itms=3)


def test_registering_twice_is_quiet():
    before = dict(gymnasium.registry)
    register_worlds()
    gymnasium.register_envs(slategym)
    assert dict(gymnasium.registry) == before


def test_public_names():
    assert sorted(slategym.__all__) == sorted(set(slategym.__all__))
    assert all(getattr(slategym, name) is not None for name in slategym.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'Shopp'"):
        _ = slategym.Shopp


def test_import_alone_registers_and_leaves_torch_out():
    script = (
        "import sys, gymnasium, slategym; gymnasium.make_vec('slategym/Shop-v0', num_envs=2).reset(seed=0);"
        "print({'torch', 'stable_baselines3'} & set(sys.modules)); slategym.SB3VecEnv; print('torch' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["set()", "True"]
