"""The probability of given slates: against the agents' own propensities, frequencies and known answers."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chi2
from tests.agents.tiny import learned, step, two_kinds

from slategym.agents import Agent, by_scores
from slategym.agents.base import Decision
from slategym.agents.choosing.given_slates import conditional
from slategym.agents.registry import make_agent
from slategym.agents.saved.file import Frozen
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

SLATES = np.array(list(permutations(range(8), 2)))  # all of them
EXACT = {
    "random": 0,
    "popularity": 70,
    "epsilon-greedy": 500,
    "lin-ucb": 200,
    "lin-epsilon-greedy": 500,
    "logistic-ucb": 200,
    "policy-gradient": 500,
    "actor-critic:memory=gru": 500,
    "predictor:mlp": 300,
    "recommender:item-knn": 70,
    "fusion:mean:epsilon=0.2": 300,
    "fusion:bandit:agents=epsilon-greedy+lin-ucb": 300,
    "crosses:lin-epsilon-greedy": 300,
    "lookahead:epsilon-greedy": 300,
    "sklearn:SGDRegressor": 300,
    "vowpal-wabbit": 100,
    "bandit:exp3": 300,
    "bandit:boltzmann": 300,
    "square-cb:lin-ts": 300,
}
ESTIMATED = {
    "lin-ts": 200,
    "lin-ts:propensity_draws=5": 200,
    "logistic-ts": 200,
    "predictor:mlp:exploration=last-layer": 40,
    "conditioned-policy-gradient": 100,
    "fusion:mean": 40,
    "bandit:beta-ts": 100,
    "mmr:lin-ts": 200,
    "ranking:ranked-ts": 100,
}


def taught(name, slates):
    agent, simulation = learned(name, two_kinds(), (1.0, 10.0), slates, rows=10)
    return agent, simulation.observe()[:1]


def one_of_each(observation):
    return np.tile(observation, (len(SLATES), 1))


@pytest.mark.parametrize(("name", "slates"), [*EXACT.items(), ("predictor:mlp:exploration=ensemble,members=3", 200)])
def test_they_are_those_of_act_and_add_up_to_one(name, slates):
    agent, observation = taught(name, slates)
    assert agent.propensities_are == "exact"
    found = agent.propensities(one_of_each(observation), SLATES)
    np.testing.assert_allclose(found.prod(axis=1).sum(), 1, rtol=1e-5)
    rows = np.tile(observation, (300, 1))
    for mask in (None, np.arange(8) != 4):
        decision = agent.act(rows, mask)
        given = agent.propensities(rows, decision.slate, mask)
        known = np.isfinite(decision.propensity)
        np.testing.assert_allclose(given[known], decision.propensity[known], rtol=2e-5)
        assert known.all() or "ensemble" in name
    left_out = agent.propensities(one_of_each(observation), SLATES, np.arange(8) != 4)
    assert (left_out[SLATES == 4] == 0).all()
    np.testing.assert_allclose(left_out.prod(axis=1).sum(), 1, rtol=1e-5)


@pytest.mark.quick("logistic*", "conditioned*", "bandit*", "ranking*")
@pytest.mark.parametrize(("name", "slates"), [*ESTIMATED.items(), ("predictor:mlp:exploration=ensemble,members=9", 20)])
def test_each_slate_is_as_frequent_as_they_say(name, slates):
    agent, observation = taught(name, slates)
    draws, shown = 1000, 4000
    found = agent.propensities(one_of_each(observation), SLATES, draws=draws)
    joint = found.prod(axis=1)
    assert joint.sum() == pytest.approx(1, abs=0.1)
    slate = agent.act(np.tile(observation, (shown, 1))).slate
    count = (slate[:, None] == SLATES).all(axis=2).sum(axis=0)
    # Both are counted, so that the variance of their difference is that of both (chi-square, p = 1e-4).
    variance = shown * joint * (1 + shown / draws * (agent.propensities_are == "estimated"))
    often = joint * shown > 8
    statistic = ((count - shown * joint) ** 2 / np.maximum(variance, 1e-9))[often].sum()
    assert statistic < chi2.ppf(1 - 1e-4, often.sum())
    assert often.sum() > 2


@pytest.mark.parametrize("name", ["lin-ts", "logistic-ts:propensity_draws=20", "epsilon-greedy", "policy-gradient"])
def test_asking_changes_nothing(name):
    asked, (other, simulation) = learned(name, two_kinds(), (1.0, 10.0), 100)[0], learned(name, two_kinds(), (1.0, 10.0), 100)
    observation = simulation.observe()
    first = asked.propensities(observation, asked.best(observation), draws=30)
    np.testing.assert_array_equal(first, asked.propensities(observation, asked.best(observation), draws=30))
    np.testing.assert_array_equal(asked.act(observation).slate, other.act(observation).slate)


@pytest.mark.parametrize("name", ["bandit:ucb1", "ranking:ranked-ucb1"])
def test_bandits_that_spread_a_batch_say_how(name):
    agent, observation = taught(name, 200)
    rows = np.tile(observation, (300, 1))
    decision = agent.act(rows)
    assert len(np.unique(decision.slate, axis=0)) > 1
    np.testing.assert_allclose(agent.propensities(rows, decision.slate), decision.propensity, rtol=1e-5)
    never = np.tile(decision.slate[:1, ::-1], (300, 1))
    assert (agent.propensities(rows, never)[:, 0] < 1).all()


def test_rules_are_kept_to():
    world = make_world("Shop-v0", items=12, categories=3, slate_size=3, rules="at_most=1,must=2")
    simulation = Simulation(world, 0, 50)
    for name in ("random", "epsilon-greedy", "policy-gradient", "lin-ts", "lin-ucb"):
        agent = make_agent(name, simulation)
        observation = step(agent, simulation)[0]
        found = agent.propensities(simulation.observe(), agent.act(simulation.observe()).slate, draws=200)
        assert ((found >= 0) & (found <= 1 + 1e-6)).all()
        assert name == "lin-ts" or (found > 0).all()
        against = np.tile([[0, 1, 3]], (50, 1))  # without item 2
        assert (agent.propensities(observation, against).prod(axis=1) == 0).all()


def test_candidates_and_repeated_items():
    simulation = Simulation(make_world("Shop-v0", items=40, slate_size=3, candidates=10), 0, 200)
    for name in ("random", "popularity", "epsilon-greedy", "policy-gradient"):
        agent = make_agent(name, simulation)
        step(agent, simulation)
        simulation.restart(np.ones(200, np.bool_))
        observation = simulation.observe()
        decision = agent.act(observation)
        np.testing.assert_allclose(agent.propensities(observation, decision.slate), decision.propensity, rtol=1e-5)
        repeated = np.tile([[0, 1, 0]], (200, 1))
        assert (agent.propensities(observation, repeated)[:, 2] == 0).all()


def test_agents_of_ones_own():
    class Certain(Agent):
        name = "mine"

        def choose(self, observation, allowed=None):
            slate = self.best_of(np.tile(np.arange(8.0), (len(observation), 1)), observation, allowed)
            return Decision(slate, np.ones(slate.shape, np.float32))

    class Drawn(Certain):
        def choose(self, observation, allowed=None):
            slate = super().choose(observation, allowed).slate
            return Decision(slate, np.full(slate.shape, 0.5, np.float32))

    simulation = Simulation(two_kinds(), 0, 2)
    observation, problem = simulation.observe(), make_agent("random", simulation).problem
    slate = np.array([[7, 6], [6, 7]])
    np.testing.assert_array_equal(Certain(problem).propensities(observation, slate), [[1, 1], [0, 1]])
    np.testing.assert_array_equal(Frozen(Certain(problem)).propensities(observation, slate), [[1, 1], [0, 1]])
    with pytest.raises(NotImplementedError, match=r"mine cannot compute the probability .*: define Drawn\.chances .* or use an"):
        Drawn(problem).propensities(observation, slate)
    scored = by_scores(lambda rows: np.tile(np.arange(8.0), (len(rows), 1)), epsilon=0.4)(problem)
    np.testing.assert_allclose(scored.propensities(observation, slate), [[0.65, 0.6 + 0.4 / 7], [0.05, 0.6 + 0.4 / 7]])
    with pytest.raises(ValueError, match=r"slate\[0, 1\] = 8 is not an item"):
        scored.propensities(observation, [[7, 8], [0, 1]])
    with pytest.raises(ValueError, match="draws is 0: expected a whole number"):
        scored.propensities(observation, slate, draws=0)
    with pytest.raises(NotImplementedError, match="MABWiser gives no probabilities"):
        learned("mabwiser:LinTS", two_kinds(), (1.0, 10.0), 40, rows=10)[0].propensities(observation, slate)


def test_conditional_probabilities_of_joint_ones():
    np.testing.assert_allclose(conditional(np.array([[0.5, 0.1], [0.0, 0.0]])), [[0.5, 0.2], [0, 0]])
