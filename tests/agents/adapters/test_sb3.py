"""A custom SB3 algorithm as an agent: by file and name, and as a class."""

import copy
import sys
from functools import partial
from typing import ClassVar

import numpy as np
import pytest
from stable_baselines3 import DQN, PPO, SAC
from tests.agents.tiny import step

from slategym.agents.adapters.sb3 import SB3
from slategym.agents.adapters.sb3_actions import DirectionActions
from slategym.agents.base import Agent, Problem
from slategym.agents.registry import check_name, make_agent
from slategym.bench.execution.runner import run
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.testing.agents.check import examine_agent
from slategym.testing.discovery import examine

MY_FILE = """
from stable_baselines3 import DQN, PPO, SAC

class MyPPO(PPO):
    def __init__(self, *args, width: int = 8, **kwargs):
        super().__init__(*args, policy_kwargs={"net_arch": [width]}, **kwargs)

class MySAC(SAC):
    pass

class MyDQN(DQN):
    pass

class Closed(PPO):
    def __init__(self, policy, env):
        super().__init__(policy, env)

class Failing(PPO):
    def train(self):
        raise ArithmeticError("no training today")
"""
WORLD = make_world("Shop-v0", items=20, categories=4, slate_size=3, visits=5)
SMALL = {"n_steps": 8, "batch_size": 40, "n_epochs": 1}


class Same(PPO):
    """PPO under another name."""


class Mine(PPO):
    """Rollouts of its own, and an option of its own."""

    seen: ClassVar[list[str]] = []

    def __init__(self, *args, extra: float = 1.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.extra = extra

    def collect_rollouts(self, env, callback, rollout_buffer, n_rollout_steps):
        step = env.step

        def watched(actions):
            answer = step(actions)
            Mine.seen += [key for info in answer[3] for key in info]
            return answer

        env.step = watched
        try:
            return super().collect_rollouts(env, callback, rollout_buffer, n_rollout_steps)
        finally:
            del env.step


@pytest.fixture
def my_file(tmp_path):
    path = tmp_path / "my_file.py"
    path.write_text(MY_FILE)
    return path


@pytest.mark.slow
def test_a_subclass_that_changes_nothing_learns_as_its_parent_does():
    options = {"learning_rate": 0.01, **SMALL}
    parent, child = (run(WORLD, partial(SB3, algorithm=algorithm, **options), 1200, shoppers=40) for algorithm in ("PPO", Same))
    np.testing.assert_array_equal(parent.objectives, child.objectives)
    assert SB3(Problem.of(WORLD), algorithm=Same).name == "sb3:Same"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MyPPO", "MySAC"])
def test_the_bench_runs_it_by_file_and_name(my_file, name):
    trace = run(WORLD, f"{my_file}:{name}", 160, shoppers=20)
    assert trace.slates.sum() == 160
    agent = make_agent(f"{my_file}:{name}", Simulation(WORLD, 0, 5))
    assert agent.name == f"sb3:{name}"
    assert agent.algorithm.__name__ == name


def test_options_are_those_of_the_class_and_of_what_it_extends(my_file):
    simulation = Simulation(WORLD, 0, 5)
    agent = make_agent(f"{my_file}:MyPPO", simulation, width=16, n_steps=16, batch_size=80)
    agent.act(simulation.observe())
    assert agent.model.policy.mlp_extractor.policy_net[0].out_features == 16
    assert agent.model.n_steps == 16
    for make in (
        lambda **options: make_agent(f"{my_file}:MyPPO", simulation, **options),
        lambda **options: SB3(Problem.of(WORLD), algorithm=Mine, **options),
    ):
        with pytest.raises(ValueError, match=r"has no option 'n_step'\. Did you mean 'n_steps'"):
            make(n_step=16)


def test_rollouts_of_ones_own_are_told_how_episodes_ended():
    """Only of SB3's own rollouts is it known what they make of a truncated episode."""
    Mine.seen.clear()
    run(WORLD, partial(SB3, algorithm=Mine, **SMALL), 400, shoppers=40)
    assert "terminal_observation" in Mine.seen
    assert "TimeLimit.truncated" in Mine.seen


def test_it_is_saved_and_goes_on(tmp_path):
    simulation = Simulation(WORLD, 0, 10)
    agent = SB3(Problem.of(WORLD), algorithm=Same, **SMALL)
    for _ in range(11):
        observation = simulation.observe()
        decision = agent.act(observation)
        feedback = simulation.show(decision.slate)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    agent.save(tmp_path / "agent")
    again = Agent.load(tmp_path / "agent", simulation.world, trust=True)
    observation = simulation.observe()
    np.testing.assert_array_equal(again.act(observation).slate, agent.act(observation).slate)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Closed", r"Closed cannot be made with the policy 'MlpPolicy', .*n_steps.*unexpected keyword argument"),
    ],
)
def test_what_cannot_be_made_is_refused_before_a_run(my_file, name, words):
    check_name(f"{my_file}:{name}")
    with pytest.raises(ValueError, match=words):
        make_agent(f"{my_file}:{name}", Simulation(WORLD, 0, 5))


def test_what_it_raises_while_it_learns_reaches_the_caller(my_file):
    with pytest.raises(ArithmeticError, match="no training today"):
        run(WORLD, f"{my_file}:Failing", 20_000, shoppers=1000)


@pytest.mark.parametrize(
    ("algorithm", "words"), [("PPPO", "Did you mean 'PPO'"), (3, "expected a text"), (Agent, "expected the")]
)
def test_what_is_no_algorithm(algorithm, words):
    with pytest.raises(ValueError, match=words):
        SB3(Problem.of(WORLD), algorithm=algorithm)


@pytest.mark.slow
def test_the_checks_know_what_it_is(my_file):
    subject = examine(f"{my_file}:MyPPO")
    assert (subject.name, subject.kind) == ("MyPPO", "agent")
    findings = [check.findings for check in subject.checks]
    assert {str(finding.severity) for found in findings for finding in found} <= {"hint"}
    assert examine(Same).kind == "agent"
    assert not next(examine_agent(Same)).findings


def test_built_in_classes_serve_as_their_names_do():
    for algorithm in (PPO, SAC, DQN):
        assert SB3(Problem.of(WORLD), algorithm=algorithm).algorithm is algorithm


FEW_STEPS = {
    "sb3:DQN": {"learning_starts": 10, "batch_size": 8, "slates": 6},
    "sb3:QRDQN": {"learning_starts": 10, "batch_size": 8, "slates": 6},
    "sb3:TQC": {"learning_starts": 10, "batch_size": 8, "gradient_steps": 1},
    "sb3:RecurrentPPO": {"n_steps": 4, "n_epochs": 1},
}


@pytest.mark.quick("sb3:DQN")
@pytest.mark.parametrize("name", FEW_STEPS)
def test_others_by_name_learn_and_go_on_from_a_file(name, tmp_path):
    if name != "sb3:DQN":
        pytest.importorskip("sb3_contrib", reason="needs the extra peers: make peers")
    check_name(name)
    simulation = Simulation(WORLD, 0, 10)
    agent = make_agent(name, simulation, **FEW_STEPS[name])
    assert agent.name == name
    for _ in range(11):
        step(agent, simulation)
    first, last = agent._make(10).policy.state_dict(), agent.model.policy.state_dict()
    assert any((first[key] != last[key]).any() for key in first)
    agent.save(tmp_path / "agent")
    again, other = Agent.load(tmp_path / "agent", simulation.world, trust=True), copy.deepcopy(simulation)
    for _ in range(6):
        np.testing.assert_array_equal(step(again, other)[1].slate, step(agent, simulation)[1].slate)


def test_few_actions_are_directions_among_the_items():
    problem = Problem.of(WORLD)
    actions = DirectionActions(problem, seed=3, slates=6)
    observation = Simulation(WORLD, 0, 6).observe()
    slates = actions.slates(np.arange(6), observation)
    expected = np.argsort(-(problem.features @ actions.directions.T), axis=0)[:3].T
    np.testing.assert_array_equal(slates, expected)
    of_one = DirectionActions(Problem.of(make_world("ShopBandit-v0", items=7, slate_size=1)))
    np.testing.assert_array_equal(of_one.slates(np.array([4, 0]), observation[:2])[:, 0], [4, 0])
    with pytest.raises(ValueError, match=r"slates is 0: expected a whole number from 1"):
        SB3(problem, algorithm="DQN", slates=0)


def test_a_memory_is_passed_on_by_predict():
    pytest.importorskip("sb3_contrib", reason="needs the extra peers: make peers")
    simulation = Simulation(WORLD, 0, 10)
    agent = make_agent("sb3:RecurrentPPO", simulation, **FEW_STEPS["sb3:RecurrentPPO"])
    for _ in range(10):
        step(agent, simulation)
    observation = simulation.observe()
    slate, state = agent.predict(observation, deterministic=True)
    np.testing.assert_array_equal(slate, agent.best(observation))
    _, later = agent.predict(observation, state, np.zeros(10, bool), deterministic=True)
    assert (later[0] != state[0]).any()
    _, anew = agent.predict(observation, state, np.ones(10, bool), deterministic=True)
    np.testing.assert_allclose(anew[0], state[0], rtol=1e-5)
    single, _ = agent.predict(observation[0], deterministic=True)
    assert single.shape == (3,)


def test_what_it_sees_and_how_widely_it_tries():
    problem = Problem.of(WORLD)
    assert len(SB3(problem).columns) == WORLD.layout["context"].stop - WORLD.layout["context"].start
    agent = SB3(problem, fields=("context", "clock"), log_std_init=-1.25)
    assert len(agent.columns) == len(SB3(problem).columns) + 1
    assert (agent._policy().policy.log_std == -1.25).all()
    with pytest.raises(ValueError, match=r"sb3:SAC has no log_std_init"):
        SB3(problem, algorithm="SAC", log_std_init=-1.0)


def test_a_library_that_is_missing_is_named_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    with pytest.raises(ImportError, match=r'pip install "slategym\[peers\]"'):
        check_name("sb3:TQC")
