"""Action masks: no slate that they let through repeats an item, for every head that chooses alone."""

import gymnasium
import numpy as np
import pytest
from gymnasium.wrappers.vector import RecordEpisodeStatistics
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecMonitor
from tests.envs.tiny import tiny_world
from tests.every_world import EVERY

from slategym.envs.mo import MOSlateEnv, MOSlateVectorEnv
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.single import SlateEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.envs.wrappers.discrete import DiscreteAction, DiscreteVectorAction
from slategym.sim.worlds import make_world

SLATES = [[0, 1, 2], [3, 3, 4], [5, 4, 5], [2, 1, 0]]


def maskable_ppo():
    return pytest.importorskip("sb3_contrib", reason="needs the extra peers: make peers").MaskablePPO


@pytest.mark.parametrize("options", [{}, {"candidates": 12}], ids=["items", "candidates"])
@pytest.mark.parametrize("name", EVERY)
def test_every_item_has_one_rank(name, options):
    if options:
        options = {"candidates": min(12, make_world(name).catalog.size - 1)}
    world = make_world(name, **options)
    mask = SlateEnv(world).action_masks()
    by_rank = mask.reshape(world.slate_size, world.choices)
    assert (by_rank.sum(axis=0) == 1).all(), "no item at two ranks, and none left out"
    assert np.ptp(by_rank.sum(axis=1)) <= 1, "ranks have equal shares"
    assert SlateVectorEnv(world, 3).action_masks().tolist() == [mask.tolist()] * 3


def test_a_rank_has_items_of_every_category():
    world = make_world("Shop-v0")
    for rank in SlateEnv(world).action_masks().reshape(5, 500):
        assert np.bincount(world.catalog.category[rank], minlength=20).tolist() == [5] * 20


@pytest.mark.parametrize(("single", "vector"), [(SlateEnv, SlateVectorEnv), (MOSlateEnv, MOSlateVectorEnv)])
def test_given_slates_that_repeat_an_item_are_barred(single, vector):
    assert DiscreteAction(single(tiny_world()), slates=SLATES).action_masks().tolist() == [True, False, False, True]
    batch = DiscreteVectorAction(vector(tiny_world(), 2), slates=SLATES)
    assert batch.action_masks().tolist() == [[True, False, False, True]] * 2
    assert DiscreteAction(single(tiny_world())).action_masks().tolist() == [True] * 64
    assert DiscreteAction(single(tiny_world(items=13, candidates=5)), slates=3).action_masks().tolist() == [True] * 3
    with pytest.raises(ValueError, match="every one of the slates repeats an item"):
        DiscreteAction(single(tiny_world()), slates=SLATES[1:3]).action_masks()


def test_masks_are_the_callers_to_keep():
    for env in (SlateEnv(tiny_world()), SlateVectorEnv(tiny_world(), 2), DiscreteAction(SlateEnv(tiny_world()), slates=SLATES)):
        before = env.action_masks().tolist()
        env.action_masks()[:] = False
        assert env.action_masks().tolist() == before


def test_stable_baselines3s_vectors_ask_row_by_row():
    """As sb3-contrib does: `np.stack(env.env_method("action_masks"))`."""
    adapter = VecMonitor(SB3VecEnv(SlateVectorEnv(tiny_world(), 3)))
    assert adapter.has_attr("action_masks")
    assert np.stack(adapter.env_method("action_masks")).shape == (3, 18)
    assert np.stack(adapter.env_method("action_masks", indices=[2])).shape == (1, 18)
    wrapped = SB3VecEnv(RecordEpisodeStatistics(DiscreteVectorAction(SlateVectorEnv(tiny_world(), 3), slates=SLATES)))
    assert np.stack(wrapped.env_method("action_masks")).tolist() == [[True, False, False, True]] * 3
    by_id = make_vec_env("slategym/Shop-v0", 2, env_kwargs={"items": 20}, wrapper_class=DiscreteAction)
    assert np.stack(by_id.env_method("action_masks")).shape == (2, 64)


# ---- sb3-contrib


def shown_by(model, envs, shown, steps=6):
    """The slates that a model draws."""
    observation, slates = envs.reset(), []
    for _ in range(steps):
        masks = np.stack(envs.env_method("action_masks"))
        action, _ = model.predict(observation, action_masks=masks)
        slates.append(shown(action))
        observation = envs.step(action)[0]
    return np.concatenate(slates)


def repeats(slates):
    return np.array([len(set(slate)) < len(slate) for slate in slates.tolist()])


@pytest.mark.parametrize("make", ["by id", "batch"])
def test_maskable_ppo_shows_no_item_twice(make):
    if make == "by id":
        envs = make_vec_env("slategym/Shop-v0", 4, seed=0, env_kwargs={"items": 12, "categories": 4})
    else:
        envs = VecMonitor(SB3VecEnv(SlateVectorEnv(make_world("Shop-v0", items=12, categories=4), 16)))
    model = maskable_ppo()("MlpPolicy", envs, n_steps=16, batch_size=64, n_epochs=1, seed=0, device="cpu")
    model.learn(16 * envs.num_envs)
    assert not repeats(shown_by(model, envs, np.asarray)).any()
    heads = np.random.default_rng(0).integers(12, size=(64, 5))
    assert repeats(heads).mean() > 0.5, "heads without a mask do"


def test_maskable_ppo_on_given_slates():
    env = DiscreteVectorAction(SlateVectorEnv(tiny_world(), 8), slates=SLATES)
    model = maskable_ppo()("MlpPolicy", SB3VecEnv(env), n_steps=8, batch_size=32, n_epochs=1, seed=0, device="cpu").learn(64)
    assert not repeats(shown_by(model, SB3VecEnv(env), env.actions)).any()


def test_maskable_ppo_takes_an_id():
    model = maskable_ppo()("MlpPolicy", "slategym/ShopBandit-v0", n_steps=16, batch_size=16, n_epochs=1, seed=0, device="cpu")
    model.learn(16)
    env = gymnasium.make("slategym/ShopBandit-v0")
    observation, _ = env.reset(seed=0)
    slate, _ = model.predict(observation, action_masks=env.get_wrapper_attr("action_masks")())
    assert len(set(slate.tolist())) == 5
