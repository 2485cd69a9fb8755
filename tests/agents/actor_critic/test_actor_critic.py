"""The actor-critics: what critics expect, what a memory is worth, learning from others' slates, saving and growing."""

from dataclasses import replace

import numpy as np
import pytest
from tests.agents.from_log.made import CONFOUNDED, single
from tests.agents.predictors.test_sequence import cycle
from tests.agents.tiny import CLICK, CONVERT, FOR_A_VISIT, FOR_WHOLE_STAYS, bait, learned, step, two_kinds

from slategym.agents.base import Agent, Problem
from slategym.agents.from_log.learning import steps_of
from slategym.agents.from_log.problem import problem_of
from slategym.agents.registry import make_agent, make_for
from slategym.agents.scalarizers.base import FixedSum
from slategym.logs.segments import Segments
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

NAMES = ("actor-critic", "ppo")
MEMORIES = ("gru", "attention")


@pytest.mark.slow
def test_each_objective_has_a_critic_of_its_own():
    """Of a logger who shows all items alike they expect, at each rank, what the shopper's kind answers."""
    simulation = Simulation(two_kinds(), 0, 500)
    logger, agent = make_agent("random", simulation), make_agent("actor-critic:critic_rate=0.01", simulation)
    for _ in range(150):
        observation, decision, feedback = step(logger, simulation)
        agent.update(observation, decision, feedback)
    now, later = agent._expect(agent._state(simulation.observe()))
    kind, examination = simulation.shoppers.kind, np.array([1.0, 0.6])
    rates = CLICK[kind].mean(axis=1)[:, None] * examination, (CLICK[kind] * CONVERT).mean(axis=1)[:, None] * examination
    # Over 37,500 slates of each kind the standard error of a rate is 0.0025; the networks follow the last batches.
    np.testing.assert_allclose(now, np.stack(rates, axis=2), atol=0.03)
    assert not later.any()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_critics_tell_what_a_click_costs_later(name):
    options = "entropy=0.05,learning_rate=0.01"
    agent, simulation = learned(f"{name}:discount=1,{options}", bait(), (1.0, 0.0), 40_000, rows=200)
    assert (agent.best(simulation.observe()) == FOR_WHOLE_STAYS).mean() > 0.9
    myopic, simulation = learned(f"{name}:{options}", bait(), (1.0, 0.0), 20_000, rows=200)
    assert (myopic.best(simulation.observe()) == FOR_A_VISIT).mean() > 0.9


def clicked(options, steps=60, learning="entropy_halflife=5000,learning_rate=0.01"):
    """Clicks per slate of the last ten steps where only the last click tells what comes next."""
    simulation = Simulation(cycle(), 0, 200)
    text = f"{options},batch_size=100,entropy=1,{learning},hidden=32,width=8"
    agent = make_agent(text, simulation, 0, FixedSum((1.0, 0.0)))
    clicks = [step(agent, simulation)[2].clicks.mean() for _ in range(steps)]
    return np.mean(clicks[-10:]), agent, simulation


@pytest.mark.slow
@pytest.mark.parametrize("memory", MEMORIES)
def test_a_memory_learns_what_follows_a_click(memory):
    """With faster learning and less entropy attention commits to wrong slates on some seeds, and takes long to leave them."""
    learning = "entropy_halflife=50000,learning_rate=0.003"
    assert clicked(f"actor-critic:history=3,memory={memory}", 100, learning)[0] > 0.55


@pytest.mark.slow
def test_without_a_memory_it_is_not_learned():
    assert clicked("actor-critic:memory=none", 25)[0] < 0.45


@pytest.mark.slow
@pytest.mark.parametrize("memory", MEMORIES)
def test_a_saved_one_remembers_who_clicked_what(memory, tmp_path):
    _, agent, simulation = clicked(f"ppo:memory={memory}", steps=8)
    agent.save(tmp_path / "agent")
    loaded, observation = Agent.load(tmp_path / "agent", simulation.world), simulation.observe()
    assert len(np.unique(agent.scores(observation), axis=0)) > 1
    np.testing.assert_array_equal(agent.scores(observation), loaded.scores(observation))


def test_without_a_memory_all_else_is_the_same():
    simulation = Simulation(make_world("ShopBandit-v0", items=30, categories=3), 0, 10)
    plain, with_one = (make_agent(f"actor-critic:memory={each}", simulation) for each in ("none", "gru"))
    sizes = [{name: tuple(value.shape) for name, value in agent.networks.actor.named_parameters()} for agent in (plain, with_one)]
    added = set(sizes[1]) - set(sizes[0])
    assert added
    assert all(name.startswith("memory.") for name in added)
    wider = [name for name in sizes[0] if sizes[0][name] != sizes[1][name]]
    assert wider == ["towers.direct.weight", "towers.hidden.0.weight"]  # which see the memory's vector too


@pytest.mark.parametrize("name", ["actor-critic", "actor-critic:correction=top-k", "ppo"])
def test_they_learn_from_a_biased_log_by_its_propensities(name):
    log = single(20_000, CONFOUNDED)
    segments = Segments.fit(log)
    text = f"{name}{',' if ':' in name else ':'}entropy=0.01"
    agent = make_for(text, problem_of(log, segments), seed=1)
    assert agent.learn_log(log, segments) == log.slates
    observation = next(iter(steps_of(log, agent.problem, segments)))[0]
    assert (agent.best(observation) == 1).all()
    assert agent.largest_ratio == 2.0


def test_the_top_k_correction_counts_in_what_is_learned():
    simulation = Simulation(two_kinds(), 0, 50)
    agents = [make_agent(f"actor-critic:correction={each}", simulation) for each in ("ratio", "top-k")]
    now, advantage = np.log([[0.5, 0.01]]), np.ones((1, 2))
    plain, corrected = (agent.gains(now, now, now, advantage) for agent in agents)
    np.testing.assert_allclose(plain, [[1, 1]])
    np.testing.assert_allclose(corrected, [[1.0, 2 * 0.99]])


def test_a_device_that_is_not_there_is_refused():
    simulation = Simulation(two_kinds(), 0, 2)
    with pytest.raises(ValueError, match=r"device is 'abacus', which cannot be used here .*: expected cpu, or cuda"):
        make_agent("actor-critic:device=abacus", simulation)


@pytest.mark.parametrize("candidates", [None, 8])
def test_it_takes_on_further_items(candidates, tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6, candidates=candidates)
    few = Problem.of(world)
    cut = {name: getattr(few, name)[:24] for name in ("features", "category", "price", "margin", "bid")}
    agent = make_for("actor-critic:memory=gru,batch_size=20", replace(few, **cut))
    small = make_world("Shop-v0", items=24, categories=5, slate_size=3, visits=6, candidates=candidates)
    simulation = Simulation(small, 0, 40)
    for _ in range(3):
        step(agent, simulation)
    observation = simulation.observe()
    before = agent.scores(observation)
    agent.grow(few)
    after = agent.scores(observation)
    np.testing.assert_allclose(after[:, : before.shape[1]], before, rtol=1e-5, atol=1e-6)
    if candidates is None:
        assert after.shape == (40, 30)
        assert len(np.unique(after[0, 24:])) == 6  # what their features say
    simulation = Simulation(world, 0, 40)
    for _ in range(2):
        step(agent, simulation)
