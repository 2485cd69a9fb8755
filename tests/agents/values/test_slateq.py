"""SlateQ: it learns known answers over whole stays, knows its propensities, is saved in mid-run and grows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from tests.agents.tiny import BEST_OF_KIND, FOR_A_VISIT, FOR_WHOLE_STAYS, MOST_CONVERTED, bait, learned, step, two_kinds

from slategym.agents.base import Agent, Problem
from slategym.agents.choosing.exploration import draw_slates
from slategym.agents.registry import agent_options, make_agent, make_for
from slategym.agents.scalarizers.base import FixedSum
from slategym.agents.values.click_rule import ClickChances
from slategym.agents.values.tabular import States
from slategym.agents.values.transitions import Transitions
from slategym.sim.click_models import Multinomial
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

CLICKS, CONVERSIONS = (1.0, 0.0), (0.0, 1.0)
SMALL = "slateq:network:hidden=8,width=4,batch_size=16,horizon=3,anneal=100"
BOTH = (SMALL, "slateq:tabular:horizon=3,anneal=100")
EVOLUTION = "RecSimInterestEvolution-v0"
SATISFACTION = "RecSimLongTermSatisfaction-v0"


def share_shown(agent, simulation, items):
    return np.isin(agent.best(simulation.observe())[:, 0], items).mean()


@pytest.mark.parametrize("name", ["slateq:tabular", "slateq:network"])
def test_bait_is_shown_by_the_myopic_form_alone(name):
    """After a click on items 0 and 1, which are clicked most, shoppers leave; `popularity` shows them too."""
    later = [FOR_WHOLE_STAYS, FOR_WHOLE_STAYS + 1]
    assert share_shown(*learned(name, bait(), CLICKS, 6000), later) > 0.8
    assert share_shown(*learned(f"{name}:discount=0", bait(), CLICKS, 4000), [FOR_A_VISIT, FOR_A_VISIT + 1]) > 0.9
    assert share_shown(*learned("popularity", bait(), CLICKS, 6000), FOR_A_VISIT) > 0.9


@pytest.mark.parametrize("optimiser", ["lp", "top-k", "greedy"])
def test_tables_find_what_each_kind_of_shopper_clicks(optimiser):
    agent, simulation = learned(f"slateq:tabular:optimiser={optimiser}", two_kinds(), CLICKS, 12_000)
    kind = simulation.shoppers.kind
    np.testing.assert_array_equal(agent.best(simulation.observe()), BEST_OF_KIND[kind])
    other = agent.with_weights(CONVERSIONS)
    np.testing.assert_array_equal(other.best(simulation.observe()), np.tile(MOST_CONVERTED, (100, 1)))


def test_the_network_finds_what_each_kind_of_shopper_clicks():
    agent, simulation = learned("slateq:network", two_kinds(), CLICKS, 12_000)
    kind = simulation.shoppers.kind
    assert (np.sort(agent.best(simulation.observe()), axis=1) == BEST_OF_KIND[kind]).mean() > 0.9
    assert set(agent.losses) == {"click", "now", "later"}


def test_conversions_that_come_late_are_learned():
    agent, simulation = learned("slateq:tabular", two_kinds(delay_by=2, visits=1000), CONVERSIONS, 16_000, rows=100, discount=0)
    assert (agent.best(simulation.observe())[:, 0] == MOST_CONVERTED[0]).mean() > 0.9


def test_several_clicks_end_the_multinomial_rule():
    rule = ClickChances("auto", 2)
    odds = np.array([[1.0, 3.0]])
    np.testing.assert_allclose(rule(odds), [[0.2, 0.6]])
    rule.learn(np.array([[True, False]]), odds)
    assert rule.single
    rule.learn(np.array([[True, True]]), odds)
    assert not rule.single
    np.testing.assert_allclose(rule(odds), rule.examination * [[0.5, 0.75]])
    assert ClickChances("multinomial", 2).single
    assert not ClickChances("position-based", 2).single


def test_tables_learn_the_weights_of_the_multinomial_logit():
    """By counts, whatever else is on the slate."""
    agent, n = make_for("slateq:tabular", Problem.of(two_kinds())), 40_000
    random = np.random.Generator(np.random.Philox(2))
    weight = np.array([0.2, 0.5, 1.0, 2.0, 0.3, 0.7, 1.5, 0.1])
    items = draw_slates(random, n, 2, 8)
    clicks = Multinomial(1.0).sample_clicks(weight[items], random.random((n, 2)), random.random(n))
    seen = np.zeros((n, agent.problem.layout.size), np.float32)
    own, nothing = np.zeros((n, 2, 2), np.float32), np.zeros(n, np.float32)
    agent.learn_transitions(Transitions(seen, items, clicks, own, own[:, 0], nothing, seen))
    # About 4,000 slates of an item get no click, and the rarest is clicked 600 times: a standard error of 5 %.
    np.testing.assert_allclose(agent.values(seen[:1], None).odds[0], weight, rtol=0.15)


def test_states_are_combinations_of_parts_and_are_hashed_where_there_are_many():
    random = np.random.Generator(np.random.Philox(1))
    seen = random.normal(size=(4000, 3)).astype(np.float32)
    few = States(np.array([0, 2]), 3, 9)
    few.learn(seen)
    assert not few.hashed
    assert few.count == 9
    counts = np.bincount(few(seen), minlength=9)
    assert ((counts > 4000 / 9 * 0.8) & (counts < 4000 / 9 * 1.2)).all()
    assert len(np.unique(few(seen[:, :2].repeat(2, axis=1)[:, :3] * [1, 0, 1]))) <= 9
    many = States(np.arange(3), 8, 64)
    many.learn(seen)
    assert many.hashed
    state = many(seen)
    assert set(np.unique(state)) == set(range(64))
    np.testing.assert_array_equal(many(seen[:100]), state[:100])
    assert States(np.arange(0), 2, 16)(seen).tolist() == [0] * 4000


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("exploration", ["item", "slate"])
@pytest.mark.parametrize("rules", ["", "never=2"])
def test_slates_are_as_frequent_as_propensities_say(name, exploration, rules):
    world = replace(two_kinds(), candidates=None if rules else 4)
    simulation = Simulation(world, 0, 20)
    agent = make_agent(f"{name},exploration={exploration},epsilon=0.4", simulation, 0, FixedSum(CLICKS))
    for _ in range(10):
        step(agent, simulation)
    draws = 20_000
    observation = np.tile(Simulation(world, 5, 1).observe(), (draws, 1))
    allowed = np.arange(8) != 2 if rules else None
    decision = agent.act(observation, allowed)
    np.testing.assert_allclose(agent.propensities(observation, decision.slate, allowed), decision.propensity, rtol=1e-6)
    joint = decision.propensity.astype(float).prod(axis=1)
    _, index, count = np.unique(decision.slate, axis=0, return_inverse=True, return_counts=True)
    expected = np.bincount(index.ravel(), joint) / count
    assert expected.sum() == pytest.approx(1, abs=0.01)
    often = expected * draws > 5
    statistic = ((count - draws * expected) ** 2 / (draws * expected))[often].sum()
    assert statistic < chi2.ppf(1 - 1e-4, often.sum())


def test_exploration_falls_to_its_end():
    agent, simulation = learned("slateq:tabular:anneal=400,epsilon=0.1", two_kinds(), CLICKS, 100)
    assert agent.epsilon == pytest.approx(0.1 + 0.9 * 0.75)
    for _ in range(4):
        step(agent, simulation)
    assert agent.epsilon == 0.1


@pytest.mark.parametrize("name", BOTH)
def test_saved_in_mid_run_it_goes_on_alike(name, tmp_path):
    world = make_world(EVOLUTION, items=50)
    agent, simulation = learned(name, world, (1.0,), 400, rows=20)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", world)
    assert loaded.name == name.rpartition(":")[0]
    for _ in range(5):
        observation = simulation.observe()
        mine, theirs = agent.act(observation), loaded.act(observation)
        np.testing.assert_array_equal(mine.slate, theirs.slate)
        feedback = simulation.show(mine.slate)
        agent.update(observation, mine, feedback)
        loaded.update(observation, theirs, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("candidates", [None, 6])
def test_it_takes_on_further_items(name, candidates):
    small, large = (make_world("Shop-v0", items=items, categories=4, candidates=candidates, slate_size=3) for items in (12, 20))
    agent, simulation = learned(name, small, (1.0, 10.0), 400, rows=20)
    observation = simulation.observe()
    before = agent.scores(observation)
    problem = Problem.of(large)
    agent.grow(replace(problem, features=np.concatenate([agent.problem.features, problem.features[12:]])))
    after = agent.scores(observation)
    np.testing.assert_allclose(after[:, : before.shape[1]], before, rtol=1e-4, atol=1e-6)
    simulation = Simulation(large, 1, 20)
    for _ in range(12):
        step(agent, simulation)
    assert np.isfinite(agent.scores(simulation.observe())).all()


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("rows", [1, 4096])
def test_batches_of_one_and_of_many(name, rows):
    world = make_world("Shop-v0", items=20, categories=4, slate_size=2, visits=4)
    size = {"batch_size": rows} if "network" in name else {}
    agent, simulation = learned(name.replace("batch_size=16,", ""), world, (1.0, 10.0), 12 * rows, rows=rows, **size)
    assert agent.act(simulation.observe()).slate.shape == (rows, 2)


def test_options():
    assert {"discount", "optimiser", "horizon", "epsilon", "target_steps"} <= set(agent_options("slateq:network"))
    assert {"discount", "optimiser", "horizon", "epsilon", "fields"} <= set(agent_options("slateq:tabular"))
    problem = Problem.of(two_kinds())
    with pytest.raises(ValueError, match=r"there is no agent 'slateq:netwrk'. Did you mean 'slateq:network'"):
        make_for("slateq:netwrk", problem)
    with pytest.raises(ValueError, match="optimiser is 'best': expected 'lp' or 'top-k' or 'greedy'"):
        make_for("slateq:tabular:optimiser=best", problem)


def clickbait_shown(name, sensitivity, slates, **options):
    """The mean clickbait score of what an agent shows in the end, where 1 is chocolate, 0 is kale and chance is a half."""
    world = make_world(SATISFACTION, sensitivity=sensitivity, items=200)
    agent, simulation = learned(name, world, (1.0,), slates, rows=100, **options)
    observation = simulation.observe()
    items = agent.problem.shown(observation, agent.best(observation))
    return world.catalog.appeal[items].mean()


def test_kale_wins_at_that_sensitivity():
    """What an episode earns if the item is always the least, or always the most, clickbait of the candidates."""
    world = make_world(SATISFACTION, sensitivity=0.3, items=200)
    earned = {}
    for name, sign in (("kale", -1), ("chocolate", 1)):
        simulation, earned[name] = Simulation(world, 3, 200), 0.0
        for _ in range(world.visits):
            appeal = world.catalog.appeal[world.candidates_of(simulation.shoppers)]
            earned[name] += simulation.show((sign * appeal).argmax(axis=1)[:, None]).objectives.mean()
    assert earned["kale"] > 2 * earned["chocolate"]


@pytest.mark.slow
def test_tables_learn_kale_where_it_wins():
    """The myopic form and `popularity` show chocolate."""
    options = "fields=exposure,parts=3,by=category,horizon=20"
    assert clickbait_shown(f"slateq:tabular:{options}", 0.3, 30_000) < 0.35
    assert clickbait_shown(f"slateq:tabular:{options},discount=0", 0.3, 30_000) > 0.65
    assert clickbait_shown("popularity", 0.3, 30_000) > 0.65


@pytest.mark.slow
def test_the_network_learns_kale_where_it_wins():
    assert clickbait_shown("slateq:network", 0.3, 40_000) < 0.2
    assert clickbait_shown("slateq:network:discount=0", 0.3, 80_000) > 0.8  # its estimates of clicks take longer
