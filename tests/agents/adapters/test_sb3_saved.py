"""Trained models of Stable-Baselines3, from their zip files."""

import zipfile

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3

from slategym.agents.adapters.sb3_saved import SavedModel
from slategym.agents.base import Agent
from slategym.agents.registry import check_name, make_agent
from slategym.envs.single import SlateEnv
from slategym.envs.wrappers.discrete import DiscreteAction
from slategym.envs.wrappers.query import QueryAction, query_slate
from slategym.envs.wrappers.score import ScoreAction
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.testing.agents.check import check_agent


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", items=20, categories=4, slate_size=3, visits=6)


@pytest.fixture(scope="module")
def banner():
    """A shop that shows one item."""
    return make_world("ShopBandit-v0", items=6, categories=3, slate_size=1)


def small(algorithm, env, **options):
    """A model that has learned nothing."""
    if algorithm in (DQN, SAC, TD3, DDPG):
        options["buffer_size"] = 50
    return algorithm("MlpPolicy", env, policy_kwargs={"net_arch": [8]}, seed=1, device="cpu", **options)


def saved(model, folder):
    path = folder / "model.zip"
    model.save(path)
    return path


@pytest.mark.parametrize("algorithm", [PPO, A2C, SAC, TD3, DDPG])
def test_a_query(algorithm, shop, tmp_path):
    model = small(algorithm, QueryAction(SlateEnv(shop)))
    agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(shop, 0, 10))
    observation = Simulation(shop, 0, 10).observe()
    query = model.predict(observation, deterministic=True)[0]
    decision = agent.act(observation)
    np.testing.assert_array_equal(decision.slate, query_slate(shop, query))
    assert (decision.propensity == 1).all()
    assert type(agent.model) is (TD3 if algorithm is DDPG else algorithm)  # DDPG is a TD3 with other options
    assert agent.name == f"sb3:{tmp_path / 'model.zip'}"


@pytest.mark.parametrize("algorithm", [PPO, SAC])
def test_scores(algorithm, shop, tmp_path):
    model = small(algorithm, ScoreAction(SlateEnv(shop)))
    agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(shop, 0, 10))
    observation = Simulation(shop, 0, 10).observe()
    score = model.predict(observation, deterministic=True)[0]
    assert score.shape == (10, 20)
    np.testing.assert_array_equal(agent.act(observation).slate, np.argsort(-score, axis=1, kind="stable")[:, :3])


@pytest.mark.parametrize("algorithm", [PPO, A2C])
def test_the_slate_itself(algorithm, shop, tmp_path):
    model = small(algorithm, SlateEnv(shop))
    agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(shop, 0, 10))
    observation = Simulation(shop, 0, 10).observe()
    np.testing.assert_array_equal(agent.act(observation).slate, model.predict(observation, deterministic=True)[0])
    assert type(agent.model) is algorithm


@pytest.mark.parametrize("candidates", [None, 7])
def test_a_model_trained_with_masks_shows_no_item_twice(candidates, tmp_path):
    contrib = pytest.importorskip("sb3_contrib", reason="needs the extra peers: make peers")
    world = make_world("Shop-v0", items=20, categories=4, slate_size=3, candidates=candidates)
    model = small(contrib.MaskablePPO, SlateEnv(world))
    agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(world, 0, 200))
    assert type(agent.model) is contrib.MaskablePPO
    slates = agent.act(Simulation(world, 0, 200).observe()).slate
    assert all(len(set(slate)) == 3 for slate in slates.tolist())
    assert SlateEnv(world).action_masks().reshape(3, -1)[np.arange(3), slates].all()


@pytest.mark.parametrize("algorithm", [DQN, PPO])
def test_the_item_of_a_slate_of_one(algorithm, banner, tmp_path):
    model = small(algorithm, DiscreteAction(SlateEnv(banner)))
    agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(banner, 0, 10))
    observation = Simulation(banner, 0, 10).observe()
    slate = agent.act(observation).slate
    assert slate.shape == (10, 1)
    np.testing.assert_array_equal(slate[:, 0], model.predict(observation, deterministic=True)[0])
    assert isinstance(agent.model, algorithm)


def test_candidates(tmp_path):
    world = make_world("Shop-v0", items=20, categories=4, slate_size=3, candidates=7)
    observation = Simulation(world, 0, 10).observe()
    plain = SlateEnv(world)
    for name, env in (("slate", plain), ("query", QueryAction(plain)), ("score", ScoreAction(plain))):
        model = small(PPO, env)
        agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(world, 0, 10))
        expected = model.predict(observation, deterministic=True)[0]
        if name == "query":
            offered = observation[:, world.layout["candidates"]].astype(int)
            score = np.vecdot(world.catalog.features[offered], expected[:, None, :])
            expected = np.argsort(-score, axis=1)[:, :3]
        if name == "score":
            expected = np.argsort(-expected, axis=1, kind="stable")[:, :3]
        np.testing.assert_array_equal(agent.act(observation).slate, expected)


def test_what_it_learned_in_training_is_what_it_does(banner, tmp_path):
    """The zip holds what was learned: all click weight on one item, and the agent shows it."""

    class OneGoodItem(gymnasium.Wrapper):
        def step(self, action):
            observation, _, *rest = self.env.step(action)
            return observation, float(action == 4), *rest

    model = small(PPO, OneGoodItem(DiscreteAction(SlateEnv(banner))), n_steps=64, learning_rate=0.02)
    model.learn(640)
    agent = make_agent(f"sb3:{saved(model, tmp_path)}", Simulation(banner, 0, 50))
    assert (agent.act(Simulation(banner, 3, 50).observe()).slate == 4).mean() > 0.75  # untrained, a sixth


def test_it_keeps_the_contract_of_agents(shop, tmp_path):
    path = saved(small(PPO, QueryAction(SlateEnv(shop))), tmp_path)
    assert [str(finding) for finding in check_agent(lambda *given: SavedModel(*given, path=path), shop)] == []


def test_saved_as_an_agent_it_needs_its_zip_no_more(shop, tmp_path):
    path = saved(small(PPO, QueryAction(SlateEnv(shop))), tmp_path)
    agent = make_agent(f"sb3:{path}", Simulation(shop, 0, 10))
    agent.save(tmp_path / "agent")
    path.unlink()
    observation = Simulation(shop, 0, 10).observe()
    np.testing.assert_array_equal(
        Agent.load(tmp_path / "agent", shop, trust=True).act(observation).slate, agent.act(observation).slate
    )


def test_files_that_are_none(shop, tmp_path):
    simulation = Simulation(shop, 0, 1)
    with pytest.raises(ValueError, match=r"there is no file .*nowhere.zip to load the trained model from: the current folder is"):
        check_name(f"sb3:{tmp_path / 'nowhere.zip'}")
    (tmp_path / "text.zip").write_text("no zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme", "nothing")
    for name in ("text.zip", "other.zip"):
        with pytest.raises(ValueError, match=rf"{name} holds no model: expected a file written by"):
            make_agent(f"sb3:{tmp_path / name}", simulation)
    with zipfile.ZipFile(tmp_path / "unknown.zip", "w") as archive:
        archive.writestr("data", '{"policy": 1}')
    with pytest.raises(ValueError, match=r"unknown.zip holds a model of an unknown algorithm: expected one of DQN, SAC"):
        make_agent(f"sb3:{tmp_path / 'unknown.zip'}", simulation)
    with zipfile.ZipFile(tmp_path / "broken.zip", "w") as archive:
        archive.writestr("data", '{"clip_range": 1}')
    with pytest.raises(ValueError, match=r"broken.zip cannot be loaded as a model of PPO: "):
        make_agent(f"sb3:{tmp_path / 'broken.zip'}", simulation)


def test_spaces_that_do_not_fit(shop, banner, tmp_path):
    path = saved(small(PPO, SlateEnv(shop)), tmp_path)
    other = make_world("Shop-v0", items=20, categories=5, slate_size=3)
    with pytest.raises(ValueError, match=rf"observes a Box of shape \(\d+,\): expected a Box of shape \({other.layout.size},\)"):
        make_agent(f"sb3:{path}", Simulation(other, 0, 1))
    larger = make_world("Shop-v0", items=21, categories=4, slate_size=3)
    with pytest.raises(
        ValueError,
        match=r"has the action MultiDiscrete\(\[20, 20, 20\]\): expected a query, a Box of shape \(11,\), scores, a Box of shape "
        r"\(21,\), or a slate, MultiDiscrete\(\[21\] \* 3\)$",
    ):
        make_agent(f"sb3:{path}", Simulation(larger, 0, 1))
    path = saved(small(DQN, DiscreteAction(SlateEnv(banner))), tmp_path)
    more = make_world("ShopBandit-v0", items=7, categories=3, slate_size=1)
    with pytest.raises(ValueError, match=r"has the action Discrete\(6\): .*or an item, Discrete\(7\)"):
        make_agent(f"sb3:{path}", Simulation(more, 0, 1))


def test_an_observation_that_is_no_box(shop, tmp_path):
    class Images(gymnasium.Env):
        observation_space = Box(0, 1, (4, 4))
        action_space = Discrete(2)

    path = saved(small(PPO, Images()), tmp_path)
    with pytest.raises(ValueError, match=r"observes a Box of shape \(4, 4\): expected a Box of shape"):
        make_agent(f"sb3:{path}", Simulation(shop, 0, 1))
