"""What every agent promises."""

import copy
import json
import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
import torch
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor
from tests.agents.adapters.peers import BUILT_IN, PEERS, SEARCHERS
from tests.agents.tiny import step, two_kinds
from tests.every_world import EVERY

from slategym.agents.base import Agent, Decision
from slategym.agents.known import AGENTS
from slategym.agents.registry import agent_options, check_name, make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.envs.sb3 import SB3VecEnv
from slategym.envs.vector import SlateVectorEnv
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

NAMES = (*BUILT_IN, "sb3:A2C", "sb3:SAC", "sb3:DQN", *SEARCHERS, *PEERS)
# So small that they learn many times in a short run.
OPTIONS = {
    "policy-gradient": {"batch_size": 16, "hidden": 8, "width": 4},
    "actor-critic": {"batch_size": 16, "hidden": 8, "width": 4, "memory": "gru", "discount": 0.5, "horizon": 3},
    "ppo": {"batch_size": 16, "hidden": 8, "width": 4, "memory": "attention"},
    "predictor:mlp": {"batch_size": 16, "hidden": 8, "width": 4},
    "slateq:network": {"batch_size": 16, "hidden": 8, "width": 4, "horizon": 3, "anneal": 50},
    "sb3:PPO": {"n_steps": 3, "n_epochs": 2},
    "sb3:A2C": {"n_steps": 3},
    "sb3:SAC": {"learning_starts": 20, "batch_size": 16, "buffer_size": 400, "gradient_steps": 1},
    "sb3:DQN": {"learning_starts": 20, "batch_size": 16, "buffer_size": 400, "gradient_steps": 1},
    "nsga2": {"population": 4, "slates_per_individual": 5, "generations": 4},
    "pso": {"population": 4, "slates_per_individual": 5, "generations": 4},
}
CERTAIN = ("lin-ucb", "lookahead:lin-ucb", "oracle")
UNKNOWN = (
    "bandit:beta-ts",
    "fusion:mean",
    "lin-ts",
    "logistic-ts",
    "crosses:lin-ts",
    "mmr:lin-ts",
    "dpp:lin-ts",
    "text-reranker:logistic-ts",
    "sb3:PPO",
    "sb3:A2C",
    "sb3:SAC",
    "sb3:DQN",
    "nsga2",
    "pso",
)  # where they draw
ROWS = 24


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6)


def make(name, simulation, seed=0, **options):
    return make_agent(name, simulation, seed, **OPTIONS.get(name, {}) | options)


def start(name, world, rows=ROWS, seed=0):
    simulation = Simulation(world, 1, rows)
    fitting = {"batch_size": 3 * rows} if name == "sb3:PPO" else {}
    return make(name, simulation, seed, **fitting), simulation


def frozen(thing):
    for array in vars(thing).values():
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return thing


@pytest.mark.parametrize("name", NAMES)
def test_decisions_are_well_formed_and_nothing_is_written_to(name, shop):
    agent, simulation = start(name, shop)
    assert agent.name == name
    delayed = 0
    for _ in range(15):
        observation = simulation.observe()
        observation.flags.writeable = False
        decision = frozen(agent.act(observation))
        assert decision.slate.shape == decision.propensity.shape == (ROWS, 3)
        assert decision.slate.dtype == np.int64
        assert decision.propensity.dtype == np.float32
        assert ((decision.slate >= 0) & (decision.slate < 30)).all()
        assert all(len(set(slate)) == 3 for slate in decision.slate.tolist())
        known = (decision.propensity > 0) & (decision.propensity <= 1)
        if name in UNKNOWN:
            assert np.isnan(decision.propensity).all()
        else:
            assert (known | (name == "mabwiser:LinUCB") & np.isnan(decision.propensity)).all()
        if name in CERTAIN:
            assert (decision.propensity == 1).all()
        feedback = simulation.show(decision.slate)
        frozen(feedback)
        frozen(feedback.delayed)
        agent.update(observation, decision, feedback)
        delayed += len(feedback.delayed)
        simulation.restart(feedback.terminated | feedback.truncated)
    assert agent.slates == 15 * ROWS


@pytest.mark.parametrize("name", NAMES)
def test_value_is_the_mean_of_the_objectives(name, shop):
    agent, simulation = start(name, shop)
    objectives = np.concatenate([step(agent, simulation)[2].objectives for _ in range(5)])
    np.testing.assert_allclose(agent.value, objectives.mean(axis=0, dtype=np.float64), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_and_the_global_generators_are_left_alone(name, shop):
    def slates(seed):
        agent, simulation = start(name, shop, seed=seed)
        return np.stack([step(agent, simulation)[1].slate for _ in range(8)])

    before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), random.getstate()  # noqa: NPY002
    first = slates(3)
    after = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist(), random.getstate()  # noqa: NPY002
    assert before == after
    np.random.random(5), torch.rand(5), random.random()  # noqa: NPY002
    np.testing.assert_array_equal(slates(3), first)
    if name not in CERTAIN:
        assert (slates(4) != first).any()


@pytest.mark.parametrize("name", NAMES)
def test_saved_and_loaded_it_goes_on_alike(name, shop, tmp_path):
    agent, simulation = start(name, shop)
    for _ in range(7):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded, other = Agent.load(tmp_path / "agent", simulation.world, trust=True), copy.deepcopy(simulation)
    assert type(loaded) is type(agent)
    if name == "oracle":
        with pytest.raises(ValueError, match=r"call oracle.attach\(simulation\)"):
            loaded.act(other.observe())
        loaded.simulation = other
    held = simulation.observe()
    for deterministic in (True, False):
        np.testing.assert_array_equal(
            agent.predict(held, deterministic=deterministic)[0], loaded.predict(held, deterministic=deterministic)[0]
        )
    for _ in range(7):
        mine, theirs = step(agent, simulation)[1], step(loaded, other)[1]
        np.testing.assert_array_equal(mine.slate, theirs.slate)
        np.testing.assert_array_equal(mine.propensity, theirs.propensity)
    assert loaded.value.tolist() == agent.value.tolist()


@pytest.mark.parametrize("name", NAMES)
def test_saved_before_its_first_step(name, shop, tmp_path):
    agent, simulation = start(name, shop)
    agent.save(tmp_path / "agent")
    loaded, other = Agent.load(tmp_path / "agent", simulation.world, trust=True), copy.deepcopy(simulation)
    if name == "oracle":
        loaded.simulation = other
    for _ in range(3):
        np.testing.assert_array_equal(step(agent, simulation)[1].slate, step(loaded, other)[1].slate)


@pytest.mark.parametrize("name", NAMES)
def test_saved_between_act_and_update(name, shop, tmp_path):
    agent, simulation = start(name, shop)
    for _ in range(4):
        step(agent, simulation)
    observation = simulation.observe()
    decision = agent.act(observation)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", simulation.world, trust=True)
    feedback = simulation.show(decision.slate)
    simulation.restart(feedback.terminated | feedback.truncated)
    for each in (agent, loaded):
        each.update(observation, decision, feedback)
    other = copy.deepcopy(simulation)
    if name == "oracle":
        loaded.simulation = other
    for _ in range(3):
        np.testing.assert_array_equal(step(agent, simulation)[1].slate, step(loaded, other)[1].slate)


@pytest.mark.quick("*-v[01]-[!c]*", "*-conditioned*", "Shop-v0-crosses:*")  # crosses of RecSim's many interests take a minute
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("world", EVERY)
def test_every_world(name, world):
    fewer = {"items": 200} if world.startswith("RecSim") else {}  # thousands of them, each with an arm of its own
    if world == "Fitted-v0" and name.startswith("sb3:"):
        with pytest.raises(ValueError, match="chooses items by their features, and they have none"):
            start(name, make_world(world), rows=8)
        return
    agent, simulation = start(name, make_world(world, **fewer), rows=8)
    for _ in range(4):
        step(agent, simulation)


@pytest.mark.parametrize("name", NAMES)
def test_one_shopper_at_a_time(name, shop):
    agent, simulation = start(name, shop, rows=1)
    for _ in range(30):
        _, decision, _ = step(agent, simulation)
        assert decision.slate.shape == (1, 3)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "oracle"])
@pytest.mark.parametrize("deterministic", [True, False])
def test_sb3_evaluates_it(name, deterministic, shop):
    agent, simulation = start(name, shop)
    for _ in range(3):
        step(agent, simulation)
    env = VecMonitor(SB3VecEnv(SlateVectorEnv(shop, num_envs=4)))
    env.seed(1)
    mean, spread = evaluate_policy(agent, env, n_eval_episodes=8, deterministic=deterministic)
    assert 0 <= mean < 6 * (3 + 30)
    assert spread > 0


@pytest.mark.parametrize("name", NAMES)
def test_predict_learns_nothing_and_takes_one_observation_too(name, shop):
    agent, simulation = start(name, shop, rows=1)
    step(agent, simulation)
    observation = simulation.observe()
    one, state = agent.predict(observation[0], state=None, deterministic=True)
    many, _ = agent.predict(observation, deterministic=True)
    assert one.shape == (3,)
    assert state is None
    if name != "random":  # for which any slate is as good as another
        np.testing.assert_array_equal(many[0], one)
    assert agent.predict(observation[0])[0].shape == (3,)
    assert agent.slates == 1


@pytest.mark.parametrize("name", NAMES)
def test_wrong_input_is_refused(name, shop):
    agent, simulation = start(name, shop)
    observation = simulation.observe()
    width = observation.shape[1]
    with pytest.raises(ValueError, match=rf"observation has shape \({ROWS}, {width - 1}\): expected \(n, {width}\)"):
        agent.act(observation[:, 1:])
    with pytest.raises(ValueError, match=r"expected \(n, "):
        agent.act(observation[0])
    wrong = observation.copy()
    wrong[2, shop.layout["clock"]] = np.nan
    with pytest.raises(ValueError, match=r"observation\[2, \d+\] \(clock\) is nan: expected a finite number"):
        agent.act(wrong)
    with pytest.raises(ValueError, match=r"observation\[2, \d+\] \(clock\) is nan"):
        agent.predict(wrong)

    decision = agent.act(observation)
    feedback = simulation.show(decision.slate)
    with pytest.raises(ValueError, match=r"decision.slate has shape \(24, 2\): expected \(24, 3\)"):
        agent.update(observation, Decision(decision.slate[:, 1:], decision.propensity[:, 1:]), feedback)
    with pytest.raises(ValueError, match=r"observation\[2, \d+\] \(clock\) is nan"):
        agent.update(wrong, decision, feedback)
    broken = copy.deepcopy(feedback)
    broken.objectives[3, 1] = np.inf
    with pytest.raises(ValueError, match=r"feedback.objectives\[3, 1\] \(conversion\) is inf"):
        agent.update(observation, decision, broken)
    assert agent.slates == 0
    agent.update(observation, decision, feedback)


@pytest.mark.parametrize("name", NAMES)
def test_options_and_weights_are_checked(name, shop):
    simulation = Simulation(shop, 0, 2)
    with pytest.raises(ValueError, match=rf"agent '{name}' has no option 'wrong'"):
        make(name, simulation, wrong=1)
    with pytest.raises(ValueError, match=r"gives 3 weights: expected one for each objective \(click, conversion\)"):
        make_agent(name, simulation, 0, FixedSum((1, 2, 3)))
    with pytest.raises(ValueError, match="seed is -1: expected a whole number"):
        make_agent(name, simulation, -1)


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("popularity", "prior", 0),
        ("epsilon-greedy", "epsilon", 1.5),
        ("lin-ucb", "alpha", -1),
        ("lin-ts", "ridge", 0),
        ("policy-gradient", "batch_size", 0),
    ],
)
def test_option_values_are_checked(name, option, value, shop):
    with pytest.raises(ValueError, match=f"{option}(=| is ){value}.*expected"):
        make_agent(name, Simulation(shop, 0, 2), **{option: value})


def test_names():
    simulation = Simulation(two_kinds(), 0, 2)
    for name in (name for name, spec in AGENTS.items() if not spec.extra):
        assert make_agent(name, simulation).name == name
    with pytest.raises(ValueError, match=r"there is no agent 'lin-tx'. Did you mean 'lin-ts'"):
        make_agent("lin-tx", simulation)
    with pytest.raises(ValueError, match=r"there is no agent 'sb3:PPP'. Did you mean 'sb3:PPO'"):
        check_name("sb3:PPP")
    with pytest.raises(ValueError, match=r"there is no agent 'sb3:HER'.*algorithms are: sb3:PPO, sb3:A2C, sb3:SAC"):
        check_name("sb3:HER")
    with pytest.raises(ValueError, match=r"'alhpa'. Did you mean 'alpha'"):
        make_agent("lin-ts", simulation, alhpa=2)
    with pytest.raises(ValueError, match=r"agent 'random' has no option 'alpha'. It has no options"):
        make_agent("random", simulation, alpha=2)


@pytest.mark.parametrize(
    "text",
    [name if isinstance(name, str) else pytest.param(*name.values, marks=name.marks) for name in (*BUILT_IN, *PEERS, *SEARCHERS)],
)
def test_options_are_listed_and_taken_from_a_text(text, shop):
    """Every option that is listed can be given behind the name, and is what the agent is made with."""
    options = agent_options(text)
    assert set(options) == set(agent_options(text))
    assert not {"problem", "simulation", "seed", "scalarizer"} & set(options)
    for option in options.values():
        assert option.type_name, option
        if isinstance(option.default, bool | int | float) and not text.startswith("sb3"):
            value = json.dumps(option.default)
            assert (
                make_agent(f"{text}:{option.name}={value}", Simulation(shop, 0, 2)).name
                == make_agent(text, Simulation(shop, 0, 2)).name
            )


def test_a_text_and_keywords_give_the_same_agent(shop):
    simulation = Simulation(shop, 0, 50)
    observation = simulation.observe()
    by_text = make_agent("lin-ts:alpha=0.1,ridge=2", simulation, 3).act(observation)
    np.testing.assert_array_equal(by_text.slate, make_agent("lin-ts", simulation, 3, alpha=0.1, ridge=2).act(observation).slate)
    assert make_agent("lin-ts:fields=context", simulation).columns.tolist() == make_agent("lin-ts", simulation).columns.tolist()
    with pytest.raises(ValueError, match="the option 'alpha' is given twice"):
        make_agent("lin-ts:alpha=0.1", simulation, alpha=0.1)
    with pytest.raises(ValueError, match="agent 'lin-ts': alpha=much: expected a finite number"):
        make_agent("lin-ts:alpha=much", simulation)
    with pytest.raises(ValueError, match="agent 'random:alpha': expected options as name=value"):
        make_agent("random:alpha", simulation)


def test_a_file_that_is_no_agent(tmp_path):
    for content in (b"nothing of the kind", pickle.dumps({"a": 1}), b""):
        (tmp_path / "file").write_bytes(content)
        with pytest.raises(ValueError, match=r"is not an archive of slategym|is damaged"):
            Agent.load(tmp_path / "file", make_world("Shop-v0"))


def test_listing_and_making_light_agents_does_without_torch():
    script = (
        "import sys; from slategym.agents.registry import make_agent; from slategym.sim.simulation import Simulation\n"
        "from slategym.sim.worlds import make_world\n"
        "make_agent('lin-ts', Simulation(make_world('Shop-v0'), 0, 1))\n"
        "print([name for name in ('torch', 'stable_baselines3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_agent_in_ten_lines(shop):
    class Newest(Agent):
        """Shows what nobody was shown yet."""

        def __init__(self, problem):
            super().__init__(problem)
            self.shown = np.zeros(problem.items)

        def choose(self, observation):
            slate = np.tile(np.argsort(self.shown, kind="stable")[: self.problem.slate_size], (len(observation), 1))
            return Decision(slate, np.ones(slate.shape, np.float32))

        def learn(self, observation, decision, feedback):
            np.add.at(self.shown, decision.slate, 1)

    simulation = Simulation(shop, 0, 2)
    agent = Newest(make_agent("random", simulation).problem)
    assert step(agent, simulation)[1].slate[0].tolist() == [0, 1, 2]
    assert step(agent, simulation)[1].slate[0].tolist() == [3, 4, 5]
    with pytest.raises(NotImplementedError, match="Agent must define choose"):
        Agent(agent.problem).act(simulation.observe())
