"""The bandits as agents: they follow their rules, know their propensities, spread over a batch, and forget what has changed."""

from functools import lru_cache, partial

import numpy as np
import pytest
from scipy.stats import t
from tests.agents.bandits.bernoulli import arms
from tests.agents.tiny import learned, step, two_kinds

from slategym.agents.bandits.indices import shares
from slategym.agents.bandits.named import BANDITS
from slategym.agents.bandits.rules import kl_ucb, ucb1
from slategym.agents.base import Problem
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.testing.agents.check import check_agent

CLICKS = FixedSum((1.0, 0.0))
RATES, CHANGED = [0.5, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1], [0.1, 0.4, 0.3, 0.2, 0.2, 0.1, 0.1, 0.6]
DRAWS = ("bandit:beta-ts", "bandit:gaussian-ts")


@pytest.mark.parametrize(
    "name",
    [
        "bandit:ucb1",
        "bandit:exp3",
        *(pytest.param(name, marks=pytest.mark.slow) for name in BANDITS if name not in ("bandit:ucb1", "bandit:exp3")),
    ],
)
@pytest.mark.parametrize("candidates", [None, pytest.param(10, marks=pytest.mark.slow)])
def test_each_of_them_is_sound(name, candidates):
    """Propensities among the rest, which are held to frequencies."""
    found = check_agent(name, make_world("Shop-v0", items=40, categories=4, slate_size=3, candidates=candidates))
    unknown = [finding for finding in found if "propensities (NaN)" in finding.what]
    assert bool(unknown) == (name in DRAWS)
    wrong = [finding for finding in found if finding not in unknown]
    # Hints of slowness depend on the machine, and on how often a check of shapes runs for blocks of shoppers.
    assert [str(finding) for finding in wrong if candidates is None or finding.severity == "failure"] == []


def test_options_are_those_of_the_bandit_and_of_the_base():
    simulation = Simulation(two_kinds(), 0, 2)
    agent = make_agent("bandit:ucb1:alpha=0.5,window=100,prior=2", simulation)
    assert (agent.alpha, agent.memory.window, agent.prior) == (0.5, 100, 2)
    with pytest.raises(ValueError, match=r"there is no agent 'bandit:ucb2'. Did you mean 'bandit:ucb1'"):
        make_agent("bandit:ucb2", simulation)
    with pytest.raises(ValueError, match=r"'alpah'. Did you mean 'alpha'"):
        make_agent("bandit:ucb1", simulation, alpah=1)
    with pytest.raises(ValueError, match=r"examination is 'nowhere': expected"):
        make_agent("bandit:kl-ucb", simulation, examination="nowhere")


@pytest.mark.parametrize(("name", "rule"), [("bandit:ucb1", ucb1), ("bandit:kl-ucb", kl_ucb)])
def test_one_shopper_at_a_time_gets_what_the_rule_says(name, rule):
    simulation = Simulation(arms(RATES), 0, 1)
    agent = make_agent(name, simulation, 0, CLICKS)
    clicks, shown = np.zeros((2, len(RATES)))
    for pull in range(1, 300):
        _, decision, feedback = step(agent, simulation)
        item = decision.slate[0, 0]
        assert item == rule(clicks, shown, pull).argmax()
        assert decision.propensity[0, 0] == 1
        shown[item] += 1
        clicks[item] += feedback.clicks[0, 0]


def test_shoppers_who_are_served_at_once_get_different_items():
    simulation = Simulation(arms([0.1] * 50), 0, 100)
    agent = make_agent("bandit:kl-ucb", simulation, 0, CLICKS)
    decision = agent.act(simulation.observe())
    items, count = np.unique(decision.slate, return_counts=True)
    assert len(items) == 32
    np.testing.assert_allclose(count, 100 / 32, atol=1)
    np.testing.assert_allclose(
        decision.propensity[:, 0], np.bincount(decision.slate[:, 0], minlength=50)[decision.slate[:, 0]] / 100
    )
    assert len(np.unique(agent.act(simulation.observe()[:1]).slate)) == 1


def test_a_batch_learns_nearly_as_fast_as_one_at_a_time():
    """Without the spread, a batch would show one slate, and 200 steps would be 200 trials."""
    reached = [
        learned("bandit:ucb1:alpha=0.5", arms(RATES), (1.0, 0.0), 2000, rows=rows, seed=3)[0].value[0] for rows in (10, 100)
    ]
    assert reached[1] > 0.9 * reached[0]


def test_shares_count_those_who_see_the_same_above():
    slate, size = np.array([[0, 1], [0, 2], [0, 1], [3, 1]]), np.array([2, 1, 3, 4])
    np.testing.assert_allclose(shares(slate, size), [[0.6, 5 / 6], [0.6, 1 / 6], [0.6, 5 / 6], [0.4, 1]], rtol=1e-6)


@lru_cache
def earned(name, seed, changed=True, rows=500, steps=90):
    """(steps,) the clicks per slate of each step; after the 55th the best and one of the worst items change places."""
    simulation = Simulation(arms(RATES, changed=CHANGED, at=AT) if changed else arms(RATES), seed, rows)
    agent = make_agent(name, simulation, seed, CLICKS)
    return np.array([step(agent, simulation)[2].clicks.mean() for _ in range(steps)])


def low(gains):
    """The lower end of the 95 % interval of the mean."""
    return np.mean(gains) - t.ppf(0.975, len(gains) - 1) * np.std(gains, ddof=1) / np.sqrt(len(gains))


AT = 55
FORGETTING = ("halflife=5000", "window=15000", "restarts=true")
QUICK = [("bandit:gaussian-ts", option) for option in FORGETTING]
SLOW = [(name, option) for name in ("bandit:beta-ts", "bandit:kl-ucb", "bandit:ucb1:alpha=0.2") for option in FORGETTING]


@pytest.mark.quick("*-window=15000")
@pytest.mark.parametrize(("name", "option"), [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)])
def test_what_forgets_earns_more_after_a_shock(name, option):
    """Paired by seed, with an interval."""
    seeds = range(4) if (name, option) in QUICK else range(12)
    joint = ("," if name.count(":") > 1 else ":") + option
    after = {
        each: np.array([earned(each, seed)[AT + 1 :].mean() for seed in seeds]) for each in (name, name + joint, "popularity")
    }
    assert low(after[name + joint] - after[name]) > 0
    assert low(after[name + joint] - after["popularity"]) > 0


def test_restarts_change_nothing_where_nothing_changes():
    one, other = (earned(f"bandit:gaussian-ts{more}", 5, changed=False, steps=60) for more in ("", ":restarts=true"))
    np.testing.assert_array_equal(one, other)


def test_a_window_holds_the_last_slates_alone():
    agent, _ = learned("bandit:ucb1:window=1000", arms(RATES), (1.0, 0.0), 5000)
    assert 800 <= agent.memory.total().shown.sum() <= 1000
    assert agent.memory.slates == agent.memory.total().shown.sum()


@pytest.mark.parametrize("name", BANDITS)
def test_further_items_are_tried(name):
    small, large = arms([0.3, 0.2, 0.1]), arms([0.3, 0.2, 0.1, 0.9])
    agent, _ = learned(name, small, (1.0, 0.0), 1000)
    agent.grow(Problem.of(large))
    simulation = Simulation(large, 1, 100)
    for _ in range(40):
        step(agent, simulation)
    assert agent.best(simulation.observe())[0, 0] == 3


def test_exp3_counts_each_slate_once_in_expectation():
    """So its gains over time are the rates, also for slates and with examination that falls."""
    rates = [0.5, 0.4, 0.3, 0.2]
    agent, _ = learned("bandit:exp3:rate=0.05", arms(rates, 2, examination=(1.0, 0.5)), (1.0, 0.0), 20_000, rows=200)
    sums = agent.memory.total()
    np.testing.assert_allclose(sums.weight / agent.slates, 1, atol=0.1)
    np.testing.assert_allclose(sums.gains[:, 0] / agent.slates, rates, atol=0.08)


def test_examination_by_the_first_and_the_last_click_is_counted():
    agent, simulation = learned("bandit:kl-ucb:examination=cascade", two_kinds(), (1.0, 0.0), 0)
    feedback = step(agent, simulation)[2]
    clicks = feedback.clicks
    expected = (np.cumsum(clicks, axis=1) - clicks == 0) | clicks
    assert agent.memory.latest.shown.sum() == expected.sum()
    np.testing.assert_array_equal(agent.memory.latest.clicks.sum(), clicks.sum())


def test_epsilon_falls_as_one_over_slates():
    simulation = Simulation(arms(RATES), 0, 50)
    agent = make_agent("epsilon-greedy:epsilon=0.4,decay=100", simulation)
    assert agent.exploration == 0.4
    for _ in range(4):
        step(agent, simulation)
    assert agent.exploration == pytest.approx(0.4 / 3)
    decision = agent.act(simulation.observe())
    assert decision.propensity.min() in (pytest.approx(0.4 / 3 / 8), pytest.approx(0.4 / 3 / 8 + 1 - 0.4 / 3))
    lasting, falling = (
        learned(f"epsilon-greedy:{options}", arms(RATES), (1.0, 0.0), 20_000)[0].value[0]
        for options in ("epsilon=0.4", "epsilon=0.4,decay=1000")
    )
    assert falling > lasting + 0.05


def test_a_boltzmann_agent_cools():
    agent, simulation = learned("bandit:boltzmann:temperature=2,decay=1000", arms(RATES), (1.0, 0.0), 100)
    early = agent.act(simulation.observe()).propensity.max()
    for _ in range(200):
        step(agent, simulation)
    assert agent.act(simulation.observe()).propensity.max() > early + 0.2


@pytest.mark.parametrize("name", ["bandit:kl-ucb", "ranking:pbm-ts", "ranking:ranked-ucb1"])
def test_what_was_counted_of_many_candidates_is_that_of_each(name):
    """Many are taken from the counts of all items, few are counted alone."""
    agent, _ = learned(name, two_kinds(), (1.0, 10.0), 500)
    items = np.random.Generator(np.random.Philox(1)).integers(8, size=(30, 4))
    for tally in (agent.tally, *((partial(agent.tally_at, 1),) if "ranked" in name else ())):
        many, few = tally(items), tally(items[:1])
        for array in ("shown", "examined", "clicks", "conversions"):
            np.testing.assert_allclose(getattr(many, array)[:1], getattr(few, array))
