"""The wrapper: it learns what is best for whole stays, around any agent, and follows weights."""

import numpy as np
import pytest
from tests.agents.tiny import FOR_A_VISIT, FOR_WHOLE_STAYS, bait, learned, step, two_kinds

from slategym.agents.base import Agent, Problem
from slategym.agents.lookahead.agent import Lookahead
from slategym.agents.registry import agent_identity, agent_options, check_name, make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

CLICKS = (1.0, 0.0)
AROUND = ("popularity", "lin-ucb", "lin-ts", "logistic-ts", "policy-gradient")


def share_shown(agent, simulation, items):
    return np.isin(agent.best(simulation.observe())[:, 0], items).mean()


@pytest.mark.quick("popularity", "lin-ucb", "logistic-ts")
@pytest.mark.parametrize("name", AROUND)
def test_agents_stop_showing_bait(name):
    """Without the wrapper they show what is clicked most, with it what is clicked well for long."""
    slates = 20_000 if name == "policy-gradient" else 6000
    assert share_shown(*learned(name, bait(), CLICKS, slates), FOR_A_VISIT) > 0.9
    assert share_shown(*learned(f"lookahead:{name}", bait(), CLICKS, slates), [FOR_WHOLE_STAYS, FOR_WHOLE_STAYS + 1]) > 0.9


def test_a_share_of_nothing_shows_bait():
    assert share_shown(*learned("lookahead:lin-ucb:share=0", bait(), CLICKS, 6000), FOR_A_VISIT) > 0.9


def test_where_there_are_no_later_visits_nothing_changes():
    """Of a single visit, after which everybody leaves whatever they clicked, lin-ucb's choices are its own."""
    alone, simulation = learned("lin-ucb", two_kinds(), CLICKS, 3000)
    wrapped, other = learned("lookahead:lin-ucb", two_kinds(), CLICKS, 3000)
    np.testing.assert_allclose(wrapped.staying.effects(), 0, atol=1e-6)
    np.testing.assert_array_equal(wrapped.act(other.observe()).slate, alone.act(simulation.observe()).slate)


def test_the_weight_of_staying_is_what_a_stay_earns():
    agent, simulation = learned("lookahead:lin-ucb:share=0.7", bait(), CLICKS, 3000)
    expected = np.append(CLICKS, 0.7 * agent.staying.stay[0])
    np.testing.assert_allclose(agent.agent.weights, expected)
    np.testing.assert_allclose(agent.agent.value[:-1], agent.value)
    other = agent.with_weights((0.0, 2.0))
    np.testing.assert_allclose(other.agent.weights, [0, 2, 0.7 * 2 * agent.staying.stay[1]])
    np.testing.assert_allclose(agent.agent.weights, expected)
    assert other.best(simulation.observe()).shape == (100, 1)


@pytest.mark.parametrize(
    "text", ["chebyshev:utopia=1.5,0.2", "nash", "lagrangian:click>=0.8", "hypervolume", "schedule:0=nash;900=fixed"]
)
def test_any_scalarizer(text):
    """The wrapped agent's weights are the wrapper's; the scalarizer learns each step once."""
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6)
    simulation = Simulation(world, 0, 100)
    goals = [make_scalarizer(text, world.objective_names) for _ in range(2)]
    wrapped, alone = (
        make_agent(name, simulation, 0, goal) for name, goal in zip(("lookahead:lin-ts", "random"), goals, strict=True)
    )
    for _ in range(15):
        observation, decision, feedback = step(wrapped, simulation)
        alone.update(observation, decision, feedback)
        np.testing.assert_allclose(wrapped.weights, alone.weights)
        np.testing.assert_allclose(wrapped.agent.weights[:-1], wrapped.weights)


def test_saving_in_mid_run(tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6)
    simulation = Simulation(world, 0, 60)
    agent = make_agent("lookahead:logistic-ts:share=0.3,alpha=0.2", simulation)
    for _ in range(12):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", world)
    assert loaded.name == "lookahead:logistic-ts"
    assert loaded.agent.alpha == 0.2
    assert loaded.extended is loaded.agent.scalarizer
    assert loaded.staying is loaded.extended.staying
    for _ in range(12):
        observation = simulation.observe()
        decision = agent.act(observation)
        np.testing.assert_array_equal(loaded.act(observation).slate, decision.slate)
        feedback = simulation.show(decision.slate)
        for one in (agent, loaded):
            one.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
    np.testing.assert_array_equal(loaded.agent.weights, agent.agent.weights)


def test_a_catalogue_that_grows(tmp_path):
    small, large = (make_world("Shop-v0", items=items, categories=5, slate_size=3) for items in (30, 50))
    simulation = Simulation(small, 0, 60)
    agent = make_agent("lookahead:lin-ucb", simulation)
    for _ in range(12):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", large)
    other = Simulation(large, 0, 60)
    for _ in range(12):
        step(loaded, other)
    np.testing.assert_allclose(loaded.staying.features[:30], agent.staying.features)
    assert loaded.staying.effects().shape == (50,)


@pytest.mark.parametrize("name", ["lin-ts", "logistic-ts", "policy-gradient"])
def test_candidates_and_other_objectives(name):
    world = make_world(
        "Shop-v0", items=40, categories=5, slate_size=3, candidates=10, objectives="click,profit,diversity,retention"
    )
    simulation = Simulation(world, 0, 100)
    agent = make_agent(f"lookahead:{name}", simulation)
    for _ in range(8):
        step(agent, simulation)
    assert agent.staying.effects().any()
    assert agent.best(simulation.observe()).max() < 10


def test_options_go_to_whom_they_belong():
    known = agent_options("lookahead:lin-ucb")
    assert {"share", "alpha", "ridge"} <= set(known)
    simulation = Simulation(bait(), 0, 10)
    agent = make_agent("lookahead:lin-ucb:share=0.25,alpha=0.75", simulation)
    assert (agent.extended.share, agent.agent.alpha) == (0.25, 0.75)
    with pytest.raises(ValueError, match="no option 'alhpa'"):
        make_agent("lookahead:lin-ucb:alhpa=1", simulation)
    with pytest.raises(ValueError, match="share"):
        make_agent("lookahead:lin-ucb:share=-1", simulation)


def test_what_cannot_be_wrapped_is_told():
    simulation = Simulation(bait(), 0, 10)
    with pytest.raises(ValueError, match="lin-ucb"):
        check_name("lookahead:lin-ucv")
    with pytest.raises(ValueError, match="reads the simulation"):
        make_agent("lookahead:oracle", simulation)
    with pytest.raises(ValueError, match="subclass of slategym"):
        Lookahead(Problem.of(simulation.world), make=lambda problem, seed, scalarizer: object())


def test_an_agent_from_a_file_can_be_wrapped(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("from slategym.agents.baselines import Popularity\n\n\nclass Mine(Popularity):\n    pass\n")
    agent = make_agent(f"lookahead:{file}:Mine:share=0.1", Simulation(bait(), 0, 10), 0, FixedSum(CLICKS))
    assert type(agent.agent).__name__ == "Mine"
    before = agent_identity(f"lookahead:{file}:Mine")
    assert before[1][1].__name__ == "Mine"  # the code tells runs apart, not the name alone


@pytest.mark.slow
def test_looking_ahead_earns_more_over_whole_stays():
    """In a shop where bait drives shoppers away; paired by seed, over the second half of a run."""
    world = make_world("Shop-v0")

    def stays(name):
        simulation = Simulation(world, 1, 1000)
        agent = make_agent(name, simulation)
        earned, episodes = 0.0, 0
        for number in range(100):
            observation = simulation.observe()
            decision = agent.act(observation)
            feedback = simulation.show(decision.slate)
            agent.update(observation, decision, feedback)
            over = feedback.terminated | feedback.truncated
            if number >= 50:
                earned, episodes = earned + float(feedback.objectives.sum(axis=0) @ (1, 10)), episodes + int(over.sum())
            simulation.restart(over)
        return earned / episodes

    assert stays("lookahead:logistic-ts") > 1.1 * stays("logistic-ts")
