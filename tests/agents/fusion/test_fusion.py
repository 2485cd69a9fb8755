"""Agents made of agents: they learn, their propensities are exact, and they go on after saving."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from tests.agents.tiny import BEST_OF_KIND, CLICK, learned, step, two_kinds

from slategym.agents.base import Agent, Decision
from slategym.agents.registry import agent_identity, agent_options, check_name, make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

CLICKS = (1.0, 0.0)
BY_ESTIMATES = ("fusion:mean", "fusion:fixed", "fusion:exponential", "fusion:stacking")
ALL = (*BY_ESTIMATES, "fusion:bandit", "fusion:bandit:rule=exp3")


@pytest.fixture(scope="module", autouse=True)
def _sklearn():
    pytest.importorskip("sklearn")


def small(rows=40, **options):
    world = make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6, **options)
    return Simulation(world, 0, rows)


@pytest.mark.quick("fusion:stacking", "fusion:bandit")
@pytest.mark.parametrize("name", ALL)
def test_each_kind_of_shopper_gets_its_best_slate(name):
    agent, simulation = learned(name, two_kinds(), CLICKS, 6000)
    slates, kind = agent.best(simulation.observe()), simulation.shoppers.kind
    assert all((slates[kind == each] == BEST_OF_KIND[each]).all() for each in (0, 1))


def test_the_mean_and_fixed_shares_fuse_what_members_estimate():
    agent, simulation = learned("fusion:fixed:agents=logistic-ts+lin-ts,shares=3,1,conversion=lin-ts", two_kinds(), CLICKS, 1000)
    observation = simulation.observe()
    logistic, linear = (member.estimates(observation) for member in agent.members)
    found = agent.estimates(observation)
    np.testing.assert_allclose(found.click, 0.75 * logistic.click + 0.25 * linear.click, rtol=1e-5)
    np.testing.assert_allclose(found.conversion, linear.conversion, rtol=1e-5)
    np.testing.assert_allclose(agent.scores(observation), found.click, rtol=1e-5)
    mean, _ = learned("fusion:mean:agents=logistic-ts+lin-ts", two_kinds(), CLICKS, 1000)
    one, other = (member.estimates(observation) for member in mean.members)
    np.testing.assert_allclose(mean.estimates(observation).click, (one.click + other.click) / 2, rtol=1e-5)


def test_weight_goes_to_the_member_that_sees_the_shopper():
    """Popularity is the same for everybody, and here shoppers differ."""
    agent, _ = learned("fusion:exponential:agents=popularity+lin-ts,rate=0.1", two_kinds(), CLICKS, 6000)
    assert agent.experts[0].weights[1] > 0.95


def test_stacking_is_calibrated_where_its_members_are_not():
    """Popularity is the same for everybody; the stack finds the rates of each kind of shopper, which the mean does not."""
    agent, simulation = learned("fusion:stacking:agents=popularity+lin-ts,epsilon=0.2", two_kinds(), CLICKS, 10_000)
    error = np.abs(agent.estimates(simulation.observe()).click - CLICK[simulation.shoppers.kind]).mean()
    mean, other = learned("fusion:mean:agents=popularity+lin-ts,epsilon=0.2", two_kinds(), CLICKS, 10_000)
    assert error < 0.7 * np.abs(mean.estimates(other.observe()).click - CLICK[other.shoppers.kind]).mean()


@pytest.mark.parametrize("rule", ["thompson", "exp3"])
def test_the_bandit_finds_the_better_member(rule):
    """Slates of lin-ts earn .75 + .42 clicks, random ones about .6 + .24."""
    agent, _ = learned(f"fusion:bandit:agents=random+lin-ts,rule={rule}", two_kinds(delay_by=2, visits=6), CLICKS, 10_000)
    assert agent.play.probability[1] > 0.95


PROPENSITIES = (
    ("fusion:mean:epsilon=0.5", ""),
    ("fusion:bandit:agents=lin-epsilon-greedy:epsilon=0.4+random+lin-ucb,uniform=0.8", ""),
    (
        "fusion:bandit:agents=epsilon-greedy+lin-ucb+fusion:mean:epsilon=0.3,uniform=0.8",
        "at-most=2;never=1",
    ),
)


@pytest.mark.parametrize(("name", "rules"), PROPENSITIES)
def test_propensities_match_frequencies(name, rules):
    """Many shoppers who look the same: how often each first and second item is shown, against what was said of it."""
    world = make_world("ShopBandit-v0", items=8, categories=4, slate_size=2, rules=rules)
    simulation = Simulation(world, 0, 50)
    agent = make_agent(name, simulation, 0)
    for _ in range(20):
        step(agent, simulation)
    decision = agent.act(np.repeat(simulation.observe()[:1], 20_000, axis=0))
    assert np.isfinite(decision.propensity).all()
    said = {}
    for slate, chance in zip(decision.slate.tolist(), decision.propensity.astype(float).prod(axis=1), strict=True):
        said.setdefault(tuple(slate), [chance, 0])[1] += 1
    chance, count = np.array(list(said.values())).T
    assert chance.sum() == pytest.approx(1, abs=1e-3)
    expected = 20_000 * chance
    often = expected >= 5
    statistic = ((count[often] - expected[often]) ** 2 / expected[often]).sum()
    assert statistic < chi2.ppf(1 - 1e-4, often.sum() - 1)


def test_members_explore_in_a_fusion_as_they_would_alone():
    """A fusion of one member shows what that member shows; where epsilon is given, it shows the best by the estimates."""
    for name, drawn in (("logistic-ts", True), ("logistic-ucb", False)):
        agent, simulation = learned(f"fusion:mean:agents={name}", two_kinds(), CLICKS, 400)
        observation = simulation.observe()
        (member,) = agent.members
        generator = member.random.bit_generator.state
        decision = agent.act(observation)
        member.random.bit_generator.state = generator
        values = member.explored_estimates(observation).click
        np.testing.assert_array_equal(decision.slate, agent.best_of(values, observation))
        assert np.isnan(decision.propensity).all() == drawn
    greedy = make_agent("fusion:mean:epsilon=0", small())
    assert not greedy.explored
    assert make_agent("fusion:mean:agents=popularity", small()).epsilon == 0.02


def test_propensities_are_unknown_where_a_member_draws():
    agent, simulation = learned("fusion:bandit", two_kinds(), CLICKS, 100)
    assert np.isnan(agent.act(simulation.observe()).propensity).any()


def test_slates_of_others_are_nobodys():
    simulation = Simulation(two_kinds(), 0, 50)
    agent = make_agent("fusion:bandit", simulation)
    observation = simulation.observe()
    agent.act(observation)
    slate = np.tile([7, 6], (50, 1))
    agent.update(observation, Decision(slate, np.ones((50, 2), np.float32)), simulation.show(slate))
    assert agent.play.slates.sum() == 0
    assert all(member.slates == 50 for member in agent.members)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_a_saved_one_goes_on_where_it_stopped(name, tmp_path):
    simulation = small(candidates=9)
    agent = make_agent(f"{name}{',' if ':rule' in name else ':'}agents=popularity+lin-ts", simulation)
    for _ in range(5):
        step(agent, simulation)
    observation = simulation.observe()
    decision = agent.act(observation)  # saved between the choice and the answer
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", simulation.world)
    assert loaded.name == agent.name
    feedback = simulation.show(decision.slate)
    for _ in range(3):
        agent.update(observation, decision, feedback)
        loaded.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
        observation = simulation.observe()
        decision, other = agent.act(observation), loaded.act(observation)
        np.testing.assert_array_equal(decision.slate, other.slate)
        np.testing.assert_array_equal(decision.propensity, other.propensity)
        feedback = simulation.show(decision.slate)


@pytest.mark.parametrize("text", ["chebyshev:utopia=1.5,0.2", "nash", "lagrangian:click>=0.8", "schedule:0=nash;90=fixed"])
@pytest.mark.parametrize("name", ["fusion:exponential", "fusion:bandit"])
def test_the_scalarizer_learns_each_step_once(name, text):
    simulation = small()
    goals = [make_scalarizer(text, simulation.world.objective_names) for _ in range(2)]
    agent, alone = (make_agent(each, simulation, 0, goal) for each, goal in zip((name, "random"), goals, strict=True))
    for _ in range(6):
        observation, decision, feedback = step(agent, simulation)
        alone.update(observation, decision, feedback)
        np.testing.assert_allclose(agent.weights, alone.weights)
        np.testing.assert_allclose(agent.members[0].weights, alone.weights)


@pytest.mark.parametrize("name", ["fusion:stacking", "fusion:bandit"])
def test_other_weights_and_more_items(name):
    agent, simulation = learned(name, two_kinds(), CLICKS, 4000)
    observation = simulation.observe()
    before = agent.best(observation)
    assert np.isin(agent.with_weights((0.0, 1.0)).best(observation)[:, 0], [6, 7]).all()
    np.testing.assert_array_equal(agent.best(observation), before)
    world = make_world("Shop-v0", items=12, categories=4, slate_size=3)
    shop = Simulation(world, 0, 20)
    agent = make_agent(name, shop)
    step(agent, shop)
    problem = agent.problem
    more = {field: np.concatenate([getattr(problem, field)] * 2) for field in ("features", "category", "price", "margin", "bid")}
    agent.grow(replace(problem, **more))
    assert agent.best(shop.observe()).shape == (20, 3)
    assert all(member.problem.items == 24 for member in agent.members)


def test_options_and_errors(tmp_path):
    simulation = small()
    assert agent_options("fusion:exponential")["rate"].default == 0.02
    assert "separated by plus signs" in agent_options("fusion:stacking")["agents"].meaning
    agent = make_agent("fusion:mean", simulation, agents=["lin-ts:alpha=0.2,window=1000", "fusion:mean:agents=popularity"])
    assert agent.members[0].alpha == 0.2
    assert agent.members[0].seed != agent.members[1].seed
    for text, message in (
        ("fusion:meen", "'meen'"),
        ("fusion:mean:agents=random+lin-ts", "random does not estimate clicks and conversions"),
        ("fusion:mean:agents=lin-tz", "lin-tz"),
        ("fusion:mean:agents=oracle", "reads the simulation"),
        ("fusion:mean:click=lin-ucb", "click names 'lin-ucb'"),
        ("fusion:mean:rate=1", "rate"),
        ("fusion:fixed:shares=1", "expected a number from 0 for each of logistic-ts"),
        ("fusion:bandit:rule=ucb", "rule"),
    ):
        with pytest.raises(ValueError, match=message):
            make_agent(text, simulation)
    with pytest.raises(ValueError, match="meen"):
        check_name("fusion:meen")
    file = tmp_path / "mine.py"
    file.write_text("from slategym.agents import Popularity\n\n\nclass Mine(Popularity):\n    pass\n")
    assert make_agent(f"fusion:mean:agents={file}:Mine+lin-ts", simulation).members[0].name == "popularity"
    assert agent_identity(f"fusion:mean:agents={file}:Mine")[1][0] == f"{file}:Mine"
