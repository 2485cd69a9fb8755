"""The commands with custom agents, beside built-in ones."""

import json
import re

import pytest
from stable_baselines3 import PPO
from tests.scripts.test_commands import slategym

from slategym.envs.single import SlateEnv
from slategym.envs.wrappers.query import QueryAction
from slategym.logs.reading import read_log
from slategym.sim.worlds import make_world

SMALL = ["--world", "Shop-v0:items=30,categories=5,slate_size=3,visits=8"]
MY_AGENT = """
import numpy as np
from slategym import Decision

class Cheapest:
    def __init__(self, problem, seed, scalarizer):
        self.slate = np.argsort(problem.price)[: problem.slate_size]
        self.learned = 0

    def act(self, observation):
        slate = np.tile(self.slate, (len(observation), 1))
        return Decision(slate, np.ones(slate.shape, np.float32))

    def update(self, observation, decision, feedback):
        self.learned += len(observation)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "my_agent.py").write_text(MY_AGENT)
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=8)
    PPO("MlpPolicy", QueryAction(SlateEnv(world)), policy_kwargs={"net_arch": [8]}, seed=1, device="cpu").save(
        tmp_path / "trained"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_benchmark_of_built_in_and_own_agents_in_processes(folder):
    agents = ["random", "my_agent.py:Cheapest", "lin-ucb", "sb3:trained.zip"]
    words = [
        *SMALL,
        *(word for agent in agents for word in ("--agent", agent)),
        "--slates",
        "1000",
        "--shoppers",
        "100",
        "--seeds",
        "1",
    ]
    said = slategym("benchmark", *words, "--processes", "2", "--out", "spread").stdout
    spread = json.loads((folder / "spread/results.json").read_text())
    assert list(spread["agents"]) == spread["config"]["agents"] == agents
    for name in agents:
        assert name in said
    page = (folder / "spread/report.html").read_text(encoding="utf-8")
    assert "my_agent.py:Cheapest" in page
    assert "sb3:trained.zip" in page
    assert spread["config"]["trained_before"] == ["sb3:trained.zip"]
    assert "sb3:trained.zip: trained before, on slates that are not counted here." in " ".join(said.split())
    rows = re.findall(r"<tr data-agent=.*?</tr>", page, re.DOTALL)
    assert len(rows) == 8  # of two tables
    for row in rows:
        assert ("trained before" in row) == ('data-agent="sb3:trained.zip"' in row)
    slategym("benchmark", *words, "--processes", "1", "--out", "alone")
    alone = json.loads((folder / "alone/results.json").read_text())
    for name in agents:
        assert alone["agents"][name]["value"] == spread["agents"][name]["value"]


def test_simulate_with_ones_own_agent(folder):
    words = ["simulate", *SMALL, "--slates", "300", "--shoppers", "100"]
    slategym(*words, "--agent", "my_agent.py:Cheapest")
    run = folder / "runs/Shop-v0-my_agent.py-Cheapest-0"
    assert json.loads((run / "run.json").read_text())["config"]["agent"] == "my_agent.py:Cheapest"
    log = read_log(run)
    assert (log["slate"] == log["slate"][0]).all()
    slategym(*words, "--agent", "sb3:./trained.zip")
    assert (folder / "runs/Shop-v0-sb3-.-trained.zip-0/run.json").is_file()


@pytest.mark.parametrize("command", [["simulate", "--agent"], ["benchmark", "--agent"]])
@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("my_agent.py:Cheap", "there is no agent in my_agent.py 'Cheap'. Did you mean 'Cheapest'?"),
        ("my_agent.py", "my_agent.py is a file: expected the name of an agent in it, such as my_agent.py:Mine"),
        ("your_agent.py:Mine", "there is no file your_agent.py to load the agent from"),
        ("sb3:tained.zip", "there is no file tained.zip to load the trained model from"),
        (
            "sb3:trained.zip",
            "trained.zip observes a Box of shape (17,): expected a Box of shape (32,)",
        ),  # it was trained in a smaller shop
        ("sklearn:SGD", "there is no agent 'sklearn:SGD'. Did you mean 'sklearn:SGDRegressor'"),
    ],
)
def test_mistakes_in_a_line(folder, command, agent, words):
    error = slategym(*command, agent, "--slates", "10", code=2).stderr
    assert words in error
    assert error.count("\n") == 1


def test_agents_are_listed_with_those_of_other_libraries():
    said = slategym("agents").stdout
    for name in ("lin-ts", "my_agent.py:Mine", "sb3:my_model.zip", "vowpal-wabbit", "mabwiser:LinUCB", "slategym[peers]"):
        assert name in said
