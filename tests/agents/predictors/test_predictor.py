"""Predictors as agents: what they learn, how they explore, saving, growing and bad options."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from tests.agents.tiny import BEST_OF_KIND, CLICK, MOST_CONVERTED, learned, step, two_kinds

from slategym.agents.base import Agent, Problem
from slategym.agents.predictors.networks.names import NETWORKS
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

CLICKS, CONVERSIONS = (1.0, 0.0), (0.0, 1.0)
OPTIONS = (
    *("exploration=ensemble,members=3", "exploration=last-layer", "loss=entire-space"),
    *("delay=fake-negative", "delay=delayed-feedback", "adversarial=0.1"),
    "inputs=context,item,examination=1,0.6",
)


def reached(agent, simulation):
    """The clicks of the slates held best, as a share of the most, for the kind of shoppers that gets less; .77 if all get one."""
    observation, kind = simulation.observe(), simulation.shoppers.kind
    slates = [agent.best(observation)[kind == each][0] for each in (0, 1)]
    clicks = [(CLICK[each, slate] * [1, 0.6]).sum() for each, slate in enumerate(slates)]
    return min(clicks) / (CLICK[0, BEST_OF_KIND[0]] * [1, 0.6]).sum()


@pytest.mark.quick("predictor:mlp")
@pytest.mark.parametrize("name", [f"predictor:{name}" for name, kind in NETWORKS.items() if not kind.sequential])
def test_each_network_finds_the_best_slate_of_each_kind_of_shopper(name):
    assert reached(*learned(name, two_kinds(), CLICKS, 8000, rows=200)) > 0.95


@pytest.mark.quick("exploration=last-layer", "delay=*")
@pytest.mark.parametrize("options", OPTIONS)
def test_each_option_finds_it(options):
    assert reached(*learned(f"predictor:mlp:{options}", two_kinds(), CLICKS, 8000, rows=400)) > 0.9


@pytest.mark.quick(":loss=entire-space")
@pytest.mark.parametrize("options", ["", ":loss=entire-space", ":delay=fake-negative", ":delay=delayed-feedback"])
def test_conversions_that_come_late_are_learned_and_new_weights_count_at_once(options):
    world = two_kinds(delay_by=2, visits=1000)
    agent, simulation = learned(f"predictor:mlp{options}", world, CONVERSIONS, 10_000, rows=200)
    assert (agent.best(simulation.observe())[:, 0] == MOST_CONVERTED[0]).mean() > 0.9
    found = agent.estimates(simulation.observe())
    assert found.conversion[:, 6].mean() == pytest.approx(0.9, abs=0.07)
    agent.scalarizer = FixedSum(CLICKS)
    assert (agent.best(simulation.observe())[:, 0] == MOST_CONVERTED[0]).mean() < 0.1


@pytest.mark.slow
def test_examination_is_learned_or_given():
    agent, _ = learned("predictor:mlp", two_kinds(), CLICKS, 10_000, rows=200)
    assert agent.position_bias.relative == pytest.approx([1, 0.6], abs=0.08)
    given, _ = learned("predictor:mlp:examination=2,1", two_kinds(), CLICKS, 500)
    assert given.position_bias.relative.tolist() == [1, 0.5]


def test_propensities_of_random_items_are_exact_and_those_of_an_ensemble_unknown():
    agent, simulation = learned("predictor:mlp:epsilon=0.4", two_kinds(), CLICKS, 2000)
    observation = np.repeat(simulation.observe()[:1], 20_000, axis=0)
    decision = agent.act(observation)
    first = np.bincount(decision.slate[:, 0], minlength=8)
    expected = np.zeros(8)
    expected[decision.slate[:, 0]] = decision.propensity[:, 0]
    assert expected.sum() == pytest.approx(1, abs=1e-6)
    assert ((first - 20_000 * expected) ** 2 / (20_000 * expected)).sum() < 24.3  # chi-squared of 7 at .999
    ensemble, simulation = learned("predictor:mlp:exploration=ensemble", two_kinds(), CLICKS, 500)
    decision = ensemble.act(np.repeat(simulation.observe()[:1], 500, axis=0))
    assert np.isnan(decision.propensity).all()
    assert len(np.unique(decision.slate, axis=0)) > 1  # the members differ


@pytest.mark.quick(":exploration=last-layer*")
@pytest.mark.parametrize("options", ["", ":exploration=ensemble,delay=delayed-feedback", ":exploration=last-layer,negatives=2"])
def test_a_saved_one_continues_with_the_same_numbers(options, tmp_path):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3)
    simulation = Simulation(world, 0, 20)
    agent = make_agent(f"predictor:esmm{options}", simulation)
    for _ in range(5):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded, other = Agent.load(tmp_path / "agent", world), copy.deepcopy(simulation)  # without trust
    for _ in range(5):
        np.testing.assert_array_equal(step(agent, simulation)[1].slate, step(loaded, other)[1].slate)
    np.testing.assert_array_equal(agent.scores(simulation.observe()), loaded.scores(simulation.observe()))


@pytest.mark.parametrize("name", ["predictor:two-tower", "predictor:embedding-dot"])
def test_more_items_leave_the_scores_of_the_others_as_they_were(name):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3)
    simulation = Simulation(world, 0, 20)
    agent = make_agent(name, simulation)
    for _ in range(5):
        step(agent, simulation)
    problem = Problem.of(world)
    further = {
        field: np.concatenate([getattr(problem, field), getattr(problem, field)[:4]])
        for field in ("features", "category", "price", "margin", "bid")
    }
    before = agent.scores(simulation.observe())
    agent.grow(replace(problem, **further))
    after = agent.scores(simulation.observe())
    np.testing.assert_allclose(after[:, :30], before, rtol=1e-5)
    assert after.shape == (20, 34)
    assert agent.act(simulation.observe()).slate.shape == (20, 3)


def test_bad_options_are_refused_with_what_there_is():
    simulation = Simulation(make_world("Shop-v0", items=30, slate_size=3), 0, 4)
    for options, words in (
        ("examination=1,2", r"examination is .*expected 3 numbers above 0, one for each rank"),
        ("inputs=contxt", r"there is no group of inputs 'contxt'. Did you mean 'context'"),
        ("device=abacus", "device is 'abacus', which cannot be used here .*expected cpu, or cuda"),
        ("epsilon=2", "epsilon"),
        ("network=ple", "no option 'network'"),
        ("negatives=-1", "negatives"),
    ):
        with pytest.raises(ValueError, match=words):
            make_agent(f"predictor:mlp:{options}", simulation)
    with pytest.raises(ValueError, match="but two-tower does not end with a hidden layer: expected mlp, wide-and-deep"):
        make_agent("predictor:two-tower:exploration=last-layer", simulation)
    with pytest.raises(ValueError, match="expected another name, such as predictor:ple"):
        make_agent("predictor:mlp", simulation, network="ple")
    with pytest.raises(ValueError, match=r"there is no agent 'predictor:mpl'. Did you mean 'predictor:ple' or 'predictor:mlp'"):
        make_agent("predictor:mpl", simulation)
