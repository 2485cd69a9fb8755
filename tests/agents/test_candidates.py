"""The agents where a retrieval stage offers candidates: the same rules, and the same learning."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2
from tests.agents.adapters.peers import BUILT_IN, PEERS, SEARCHERS
from tests.agents.test_contract import CERTAIN, ROWS, UNKNOWN, frozen, start
from tests.agents.tiny import CLICK, learned, step, two_kinds

from slategym.agents.base import Agent
from slategym.agents.linear.hybrid import HybridModel
from slategym.agents.linear.statistics import Shopper
from slategym.agents.registry import make_agent
from slategym.sim.selection import top_k
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SHOPPERS = 40_000
OWN = (*BUILT_IN, "sb3:A2C", "sb3:SAC", *SEARCHERS, *PEERS)
LEARNERS = (
    *("popularity", "epsilon-greedy", "lin-ucb", "lin-ts", "lin-epsilon-greedy"),
    *("logistic-ts", "logistic-ucb", "policy-gradient", "ppo"),
)


@pytest.fixture(scope="module")
def shop():
    return make_world("Shop-v0", items=30, categories=5, slate_size=3, visits=6, candidates=8)


@pytest.mark.quick("[!lnp]*", "lin-ts", "policy*", "popularity")
@pytest.mark.parametrize("name", OWN)
def test_slates_are_positions_and_the_rules_hold(name, shop, tmp_path):
    agent, simulation = start(name, shop)
    for each in range(12):
        observation = simulation.observe()
        observation.flags.writeable = False
        decision = frozen(agent.act(observation))
        assert decision.slate.shape == decision.propensity.shape == (ROWS, 3)
        assert decision.slate.dtype == np.int64
        assert decision.propensity.dtype == np.float32
        assert ((decision.slate >= 0) & (decision.slate < 8)).all()
        assert all(len(set(slate)) == 3 for slate in decision.slate.tolist())
        if name in UNKNOWN:
            assert np.isnan(decision.propensity).all()
        elif name != "mabwiser:LinUCB" or each == 0:
            assert ((decision.propensity > 0) & (decision.propensity <= 1)).all()
        if name in CERTAIN:
            assert (decision.propensity == 1).all()
        feedback = simulation.show(decision.slate)
        frozen(feedback)
        frozen(feedback.delayed)
        agent.update(observation, decision, feedback)
        simulation.restart(feedback.terminated | feedback.truncated)
        if each == 6:
            agent.save(tmp_path / "agent")
            loaded, other = Agent.load(tmp_path / "agent", simulation.world, trust=True), copy.deepcopy(simulation)
            if name == "oracle":
                loaded.simulation = other
    for _ in range(5):
        step(loaded, other)
    np.testing.assert_array_equal(loaded.value, agent.value)


@pytest.mark.parametrize(
    ("name", "slates"), [("random", 0), ("popularity", 0), ("popularity", 70), ("epsilon-greedy", 500), ("policy-gradient", 1000)]
)
def test_each_slate_is_as_frequent_as_its_propensities_say(name, slates):
    world = replace(two_kinds(), candidates=4)
    agent = learned(name, world, (1.0, 10.0), slates, rows=10)[0]
    observation = np.tile(Simulation(world, 5, 1).observe(), (SHOPPERS, 1))
    decision = agent.act(observation)
    joint = decision.propensity.astype(float).prod(axis=1)
    _, index, count = np.unique(decision.slate, axis=0, return_inverse=True, return_counts=True)
    expected = np.bincount(index.ravel(), joint) / count
    assert 1 - expected.sum() < 20 / SHOPPERS + 1e-4
    often = expected * SHOPPERS > 5
    statistic = ((count - SHOPPERS * expected) ** 2 / (SHOPPERS * expected))[often].sum()
    assert statistic < chi2.ppf(1 - 1e-4, max(often.sum(), 1))


@pytest.mark.quick("popularity", "logistic-ts")
@pytest.mark.parametrize("name", LEARNERS)
def test_it_learns_which_candidates_are_clicked(name):
    world = replace(two_kinds(), candidates=4)
    agents = [learned(name, world, (1.0, 0.0), 12_000, seed=seed)[0] for seed in (2, 3)]
    simulation = Simulation(world, 7, 2000)

    def value(slate):
        return world.expected(simulation.shoppers, slate)[:, 0].mean()

    if name in ("popularity", "epsilon-greedy"):  # which do not look at the shopper
        best = top_k(CLICK.mean(axis=0)[world.candidates_of(simulation.shoppers)], 2)
    else:
        best = world.best_slate(simulation.shoppers, (1, 0))
    chance = value(make_agent("random", simulation).act(simulation.observe()).slate)
    # Two items of a kind are hard to tell apart: one run in ten ends with the wrong one of them, at .895.
    reached = np.mean([value(agent.best(simulation.observe())) for agent in agents])
    assert reached > chance + 0.9 * (value(best) - chance)


def test_scores_of_candidates_are_those_of_all_items():
    random = np.random.Generator(np.random.Philox(1))
    features, kind = random.normal(size=(40, 3)).astype(np.float32), np.arange(40) % 5
    model = HybridModel(features, 3, 2, True, 2, 0, 1.0, 10.0)

    def shopper(n, candidates=None):
        context = np.concatenate([np.ones((n, 1)), random.normal(2, 3, (n, 2))], axis=1).astype(np.float32)
        return Shopper(context, random.random((n, 5), np.float32), kind, candidates)

    for _ in range(3):
        slate = random.integers(40, size=(300, 3))
        model.add(shopper(300), slate, (random.random((300, 3, 2)) < [0.3, 0.1]).astype(np.float32))
    model.solve()
    some = shopper(20)
    candidates = np.sort(random.permuted(np.tile(np.arange(40), (20, 1)), axis=1)[:, :7], axis=1)
    few = replace(some, candidates=candidates)
    for every, among in (
        (model.mean(some, np.array([1.0, 10.0])), model.mean(few, np.array([1.0, 10.0]))),
        (model.width(some), model.width(few)),
    ):
        np.testing.assert_allclose(among, np.take_along_axis(every, candidates, axis=1), rtol=1e-4, atol=1e-5)
    # A draw from the posterior has the width as its standard deviation.
    one = replace(some.take(slice(0, 1)), candidates=candidates[:1])
    many = Shopper(
        np.tile(one.context, (20_000, 1)), np.tile(one.pressure, (20_000, 1)), kind, np.tile(candidates[:1], (20_000, 1))
    )
    noise = model.noise(many, random)
    np.testing.assert_allclose(noise.std(axis=0), model.width(one)[0], rtol=5 / np.sqrt(2 * 20_000))
    np.testing.assert_allclose(
        np.corrcoef(noise.T),
        np.corrcoef(model.noise(replace(many, candidates=None), random).T)[np.ix_(candidates[0], candidates[0])],
        atol=6 / np.sqrt(20_000),
    )


def test_large_tables_are_summed_alike(monkeypatch):
    random = np.random.Generator(np.random.Philox(2))
    features = random.normal(size=(60, 3)).astype(np.float32)
    context = random.normal(2, 3, (500, 3)).astype(np.float32)
    context[:, 0] = 1
    slate = random.integers(60, size=(500, 4))
    outcomes = (random.random((500, 4, 2)) < [0.3, 0.1]).astype(np.float32)

    def fitted():
        model = HybridModel(features, 4, 2, True, 2, 0, 1.0, 10.0)
        model.add(Shopper(context, context[:, 1:], np.arange(60) % 2), slate, outcomes)
        model.solve()
        return model

    whole = fitted()
    monkeypatch.setattr("slategym.agents.linear.hybrid.MANY", 16)
    parts = fitted()
    np.testing.assert_array_equal(parts.memory.latest.item_sum, whole.memory.latest.item_sum)
    np.testing.assert_allclose(parts._theta, whole._theta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts._intercept, whole._intercept, rtol=1e-9, atol=1e-12)
