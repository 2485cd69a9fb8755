"""A custom agent from a file."""

import numpy as np
import pytest

from slategym.agents.registry import check_name, make_agent
from slategym.bench.execution.runner import run
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

MY_AGENT = """
import numpy as np
from slategym.agents.base import Agent, Decision

class Cheapest(Agent):
    def __init__(self, problem, seed=0, scalarizer=None, *, dearest: bool = False):
        super().__init__(problem, seed, scalarizer)
        self.order = np.argsort(-problem.price if dearest else problem.price)

    def choose(self, observation):
        slate = np.tile(self.order[: self.problem.slate_size], (len(observation), 1))
        return Decision(slate, np.ones(slate.shape, np.float32))

class Duck:
    def __init__(self, problem, seed, scalarizer):
        self.problem, self.updates = problem, 0

    def act(self, observation):
        slate = np.tile(np.arange(self.problem.slate_size), (len(observation), 1))
        return Decision(slate, np.ones(slate.shape, np.float32))

    def update(self, observation, decision, feedback):
        self.updates += 1

def make(problem, seed, scalarizer):
    return Cheapest(problem, seed, scalarizer)

def few(problem):
    return problem

def nothing(problem, seed, scalarizer):
    return 3

number = 3
"""
WORLD = make_world("Shop-v0", items=20, categories=4, slate_size=3)


@pytest.fixture
def my_agent(tmp_path):
    path = tmp_path / "my_agent.py"
    path.write_text(MY_AGENT)
    return path


@pytest.mark.parametrize("name", ["Cheapest", "make"])
def test_a_class_and_a_function_serve(my_agent, name):
    agent = make_agent(f"{my_agent}:{name}", Simulation(WORLD, 0, 5), 7)
    slate = agent.act(Simulation(WORLD, 0, 5).observe()).slate
    assert (np.sort(WORLD.catalog.price)[:3] == WORLD.catalog.price[slate]).all()
    assert agent.seed == 7


def test_options_reach_it(my_agent):
    agent = make_agent(f"{my_agent}:Cheapest", Simulation(WORLD, 0, 5), dearest=True)
    assert WORLD.catalog.price[agent.act(Simulation(WORLD, 0, 1).observe()).slate[0, 0]] == WORLD.catalog.price.max()


def test_the_bench_runs_it(my_agent):
    for name in ("Cheapest", "Duck"):
        assert run(WORLD, f"{my_agent}:{name}", 200, shoppers=50).slates.sum() == 200


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere.py:Mine", "no file nowhere.py to load the agent from"),
        ("{file}:Cheapst", "no agent in .*my_agent.py 'Cheapst'. Did you mean 'Cheapest'"),
        ("{file}:number", "is a int: expected a class or function of"),
        ("{file}:few", r"cannot be called with a problem, a seed and a scalarizer \(too many positional"),
    ],
)
def test_mistakes_are_named(my_agent, name, message):
    with pytest.raises(ValueError, match=message):
        check_name(name.format(file=my_agent))


def test_what_is_made_must_be_an_agent(my_agent):
    with pytest.raises(ValueError, match="gives a int: expected an agent with the methods act and update"):
        make_agent(f"{my_agent}:nothing", Simulation(WORLD, 0, 5))
    with pytest.raises(ValueError, match="no option 'dear'"):
        make_agent(f"{my_agent}:Cheapest", Simulation(WORLD, 0, 5), dear=True)
