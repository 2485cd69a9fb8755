"""Saved agents: what is refused, what is loaded without running code, and catalogues that have grown."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.known import AGENTS
from slategym.agents.registry import make_agent
from slategym.agents.saving import meaning
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SAFE = [name for name in AGENTS if ":" not in name and name not in ("nsga2", "pso", "vowpal-wabbit")]
GROWING = [name for name in SAFE if name != "oracle"]
FLIPS = 150


class Touching(Agent):
    """A custom agent whose pickle would leave a mark."""

    mark = ""

    def choose(self, observation):
        n, k = len(observation), self.problem.slate_size
        return Decision(np.tile(np.arange(k), (n, 1)), np.ones((n, k), np.float32))

    def __reduce__(self):
        return (Path.touch, (Path(type(self).mark),))


def world(items=30, **options):
    return make_world("Shop-v0", items=items, categories=5, slate_size=3, **options)


def learned(name, in_world, steps=12, rows=40):
    simulation = Simulation(in_world, 0, rows)
    agent = make_agent(name, simulation, 1)
    for _ in range(steps):
        observation = simulation.observe()
        decision = agent.act(observation)
        agent.update(observation, decision, simulation.step(decision.slate)[0])
    return agent, simulation


@pytest.mark.parametrize("name", SAFE)
def test_a_built_in_agent_is_loaded_without_trust(name, tmp_path, monkeypatch):
    agent, simulation = learned(name, world())
    agent.save(tmp_path / "agent")
    monkeypatch.setattr(pickle, "loads", lambda content: pytest.fail("a pickle was loaded"))
    loaded = Agent.load(tmp_path / "agent", simulation.world)
    if name == "oracle":
        loaded.simulation = simulation
    np.testing.assert_array_equal(loaded.act(simulation.observe()).slate, agent.act(simulation.observe()).slate)
    agent.save(tmp_path / "again")
    loaded.save(tmp_path / "loaded")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "loaded").read_bytes() or name == "oracle"


def test_what_runs_code_is_loaded_with_trust_alone(tmp_path):
    Touching.mark = str(tmp_path / "mark")
    agent = Touching(Problem.of(world()))
    agent.save(tmp_path / "agent")
    with pytest.raises(ValueError, match=r"holds a pickle of Touching, which may run any code .*trust=True"):
        Agent.load(tmp_path / "agent", world())
    assert not (tmp_path / "mark").exists()
    with pytest.raises(ValueError, match=r"holds a NoneType: expected an agent"):
        Agent.load(tmp_path / "agent", world(), trust=True)
    assert (tmp_path / "mark").exists()


def test_every_flipped_bit_is_refused(tmp_path):
    learned("lin-ts", world())[0].save(tmp_path / "agent")
    content = bytearray((tmp_path / "agent").read_bytes())
    random = np.random.Generator(np.random.Philox(0))
    for place in random.integers(8 * len(content), size=FLIPS):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << (place % 8)
        (tmp_path / "flipped").write_bytes(flipped)
        with pytest.raises(ValueError, match=r"is damaged|is not an archive"):
            Agent.load(tmp_path / "flipped", world())


def test_every_cut_is_refused(tmp_path):
    learned("popularity", world())[0].save(tmp_path / "agent")
    content = (tmp_path / "agent").read_bytes()
    for length in np.linspace(0, len(content) - 1, 50).astype(int):
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"is damaged|is not an archive"):
            Agent.load(tmp_path / "cut", world())


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"items": 20}, "its items is 30, but here it is 20"),
        ({"catalog_seed": 1}, "another catalogue: its 30 items are not the first 30 here"),
        ({"candidates": 10}, "its candidates is None, but here it is 10"),
        ({"objectives": "click,profit"}, r"its objectives is \['click', 'conversion'\], but here it is \['click', 'profit'\]"),
        ({"delay_conversions": False}, "its longest_delay is 7, but here it is 0"),
        ({"latent": 4}, "its observation is"),
    ],
)
def test_another_problem_is_refused(other, message, tmp_path):
    learned("lin-ts", world())[0].save(tmp_path / "agent")
    here = make_world("Shop-v0", **{"items": 30, "categories": 5, "slate_size": 3, **other})
    with pytest.raises(ValueError, match=message):
        Agent.load(tmp_path / "agent", here)


@pytest.mark.parametrize("candidates", [None, 12])
@pytest.mark.parametrize("name", GROWING)
def test_a_catalogue_may_grow(name, candidates, tmp_path):
    agent, _ = learned(name, world(candidates=candidates))
    agent.save(tmp_path / "agent")
    grown = world(60, candidates=candidates)
    loaded = Agent.load(tmp_path / "agent", grown)
    assert loaded.problem.items == 60
    there = Simulation(grown, 3, 50)
    shown = np.zeros(60, int)
    for _ in range(20):
        observation = there.observe()
        decision = loaded.act(observation)
        loaded.update(observation, decision, there.step(decision.slate)[0])
        np.add.at(shown, loaded.problem.shown(observation, decision.slate), 1)
    assert shown[30:].sum() > 0
    assert loaded.slates == agent.slates + 20 * 50


@pytest.mark.parametrize("name", ["popularity", "lin-ucb", "policy-gradient", "actor-critic"])
def test_a_grown_agent_ranks_the_known_items_as_before(name, tmp_path):
    agent, simulation = learned(name, world(), steps=25)
    agent.save(tmp_path / "agent")
    if name == "lin-ucb":  # it solves anew when it grows
        agent.model.solve()
    loaded = Agent.load(tmp_path / "agent", world(60))
    observation = simulation.observe()

    def scores(which):
        if name == "popularity":
            return which.rates() @ which.item_credit.weights(which.weights)
        if name == "lin-ucb":
            return which.model.mean(which.shopper(observation, choosing=True), which.item_credit.weights(which.weights))
        return which.scores(observation)

    np.testing.assert_allclose(scores(loaded)[..., :30], scores(agent), rtol=1e-4, atol=1e-5)


def test_an_agent_that_cannot_grow_says_so(tmp_path):
    Touching.mark = ""
    agent = make_agent("nsga2", Simulation(world(), 0, 4))
    agent.save(tmp_path / "agent")
    with pytest.raises(ValueError, match="nsga2 cannot add items to its 30: train it in the new world"):
        Agent.load(tmp_path / "agent", world(60), trust=True)


def test_a_problem_is_named_by_its_entries():
    problem = Problem.of(world())
    assert meaning(problem) == meaning(Problem.of(world()))
    assert meaning(replace(problem, price=2 * problem.price)) != meaning(problem)
