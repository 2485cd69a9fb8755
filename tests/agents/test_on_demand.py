"""Agents under a mask of allowed items and under rules for slates."""

from dataclasses import replace
from functools import cache
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.stats import chi2

from slategym import Simulation, make_world
from slategym.agents import Agent, Decision, make_agent
from slategym.agents.choosing.eligibility import choice_of
from slategym.agents.policy_gradient.plackett_luce import PlackettLuce, gradient, log_propensity

AGENTS = (
    ("random", ""),
    ("popularity", ""),
    ("epsilon-greedy", ""),
    ("lin-ucb", ""),
    ("lin-ts", ""),
    ("lin-epsilon-greedy", ""),
    ("logistic-ts", ""),
    ("logistic-ts:propensity_draws=5", ""),
    ("logistic-ucb", ""),
    ("lookahead:lin-ts", ""),
    ("fusion:exponential", ""),
    ("fusion:bandit:agents=lin-ucb+random", ""),
    ("text-reranker:lin-ts", ""),
    ("recommender:item-knn", ""),
    ("recommender:bpr:min_impressions=0", ""),
    ("policy-gradient:batch_size=20", ""),
    ("policy-gradient:batch_size=20,direction=upgrad,returns=n-step,clip_range=0.2", ""),
    ("conditioned-policy-gradient:batch_size=20", ""),
    ("slateq:network:batch_size=20,hidden=8", ""),
    ("slateq:network:batch_size=20,hidden=8,exploration=slate,click_model=multinomial,optimiser=greedy", ""),
    ("slateq:tabular:click_model=multinomial", ""),
    ("actor-critic:batch_size=20,memory=gru,discount=0.5", ""),
    ("ppo:batch_size=20", ""),
    ("oracle", ""),
    ("sb3:PPO", ""),
    ("nsga2", "pymoo"),
    ("pso:search=slates", "pymoo"),
    ("sklearn:SGDRegressor", "sklearn"),
    ("mabwiser:LinUCB", "mabwiser"),
    ("vowpal-wabbit", "vowpalwabbit"),
)
SCORED = [
    name
    for name, _ in AGENTS
    if name.startswith(("popularity", "epsilon", "lin", "logistic", "look", "policy", "recomm", "sklearn"))
]
WORLDS = (
    ("Shop-v0", None, ""),
    ("ShopBandit-v0", 9, ""),
    ("Shop-v0", None, "at-most=1;must=4;never=0"),
    ("Shop-v0", 9, "at-most=2"),
)


def simulation(name="Shop-v0", candidates=None, rules="", rows=7, items=12):
    world = make_world(name, items=items, slate_size=3, categories=4, candidates=candidates, rules=rules, titles=True)
    return Simulation(world, 1, rows)


def mask_for(agent, observation, random):
    """A random mask that leaves enough for a slate."""
    while True:
        mask = random.random((len(observation), agent.problem.choices)) < 0.8
        try:
            choice_of(agent.problem, observation, mask)
        except ValueError:
            continue
        return mask


@pytest.mark.parametrize(("name", "library"), AGENTS)
@pytest.mark.parametrize(("world", "candidates", "rules"), WORLDS)
def test_agents_keep_to_masks_and_rules_and_learn(name, library, world, candidates, rules):
    if library and not find_spec(library):
        pytest.skip(f"needs {library}")
    shop, random = simulation(world, candidates, rules), np.random.default_rng(0)
    agent = make_agent(name, shop)
    for step in range(6):
        observation = shop.observe()
        mask = mask_for(agent, observation, random) if step % 3 else None
        decision = agent.act(observation, allowed=mask)
        assert choice_of(agent.problem, observation, mask).keeps(decision.slate).all()
        assert (np.isnan(decision.propensity) | ((decision.propensity > 0) & (decision.propensity <= 1.00001))).all()
        best = agent.best(observation) if mask is None else agent.best(observation, mask)
        assert choice_of(agent.problem, observation, mask).keeps(best).all()
        agent.update(observation, decision, shop.show(decision.slate))
    observation = shop.observe()
    mask = mask_for(agent, observation, random)
    for deterministic in (False, True):
        slate, _ = agent.predict(observation, deterministic=deterministic, allowed=mask)
        assert choice_of(agent.problem, observation, mask).keeps(slate).all()


@pytest.mark.parametrize("name", SCORED)
@pytest.mark.parametrize("candidates", [None, 9])
def test_best_is_the_highest_scores(name, candidates):
    shop, random = simulation(candidates=candidates), np.random.default_rng(0)
    agent = make_agent(name, shop)
    for _ in range(5):
        observation = shop.observe()
        decision = agent.act(observation)
        agent.update(observation, decision, shop.show(decision.slate))
    observation = shop.observe()
    scores, mask = agent.scores(observation), mask_for(agent, observation, random)
    assert scores.shape == mask.shape
    np.testing.assert_array_equal(agent.best(observation), np.argsort(-scores, axis=1, kind="stable")[:, :3])
    masked = np.where(mask, scores, -np.inf)
    np.testing.assert_array_equal(agent.best(observation, mask), np.argsort(-masked, axis=1, kind="stable")[:, :3])


@pytest.mark.parametrize("name", ["random", "oracle", "sb3:PPO"])
def test_agents_without_estimates_say_so(name):
    shop = simulation()
    agent = make_agent(name, shop)
    with pytest.raises(NotImplementedError, match="no scores"):
        agent.scores(shop.observe())
    with pytest.raises(NotImplementedError, match="cannot explain"):
        agent.explain(shop.observe(), agent.best(shop.observe()))


@cache
def trained(name, rules):
    """An agent that has learned a little, and one observation many times over."""
    shop = simulation(rules=rules, rows=50, items=6)
    agent = make_agent(name, shop)
    for _ in range(20):
        observation = shop.observe()
        decision = agent.act(observation)
        agent.update(observation, decision, shop.show(decision.slate))
    return agent, np.tile(shop.observe()[:1], (20_000, 1))


EXACT = (
    "random",
    "epsilon-greedy:epsilon=0.4",
    "lin-epsilon-greedy:epsilon=0.4",
    "policy-gradient:batch_size=100",
    "actor-critic:batch_size=100",
    "popularity",
)


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("rules", ["", "must=4;at-most=2", "must-category=1;never=0"])
def test_propensities_are_the_frequencies_of_slates(name, rules):
    """The slates of one observation: each one's share is the product of its propensities (chi-squared, at 1 in 10^6)."""
    agent, observation = trained(name, rules)
    if name == "popularity":
        agent.shown[:, ::2] = 0  # some items are on trial again
    mask = np.ones(6, np.bool_)
    mask[2] = False
    decision = agent.act(observation, allowed=mask)
    _, first, counts = np.unique(decision.slate @ [36, 6, 1], return_index=True, return_counts=True)
    expected = decision.propensity[first].astype(np.float64).prod(axis=1) * len(observation)
    assert expected.sum() <= len(observation) * 1.0001
    common = expected >= 10
    rest = len(observation) - expected[common].sum()
    statistic = ((counts[common] - expected[common]) ** 2 / expected[common]).sum()
    if rest > 10:
        statistic += (counts[~common].sum() - rest) ** 2 / rest
    assert statistic < chi2.isf(1e-6, max(common.sum() + (rest > 10) - 1, 1)), (counts, expected)


@pytest.mark.parametrize("name", ["random", "policy-gradient:batch_size=100"])
def test_a_mask_that_allows_everything_changes_no_propensity(name):
    agent, observation = trained(name, "")
    free, masked = agent.act(observation), agent.act(observation, allowed=np.ones(6, np.bool_))
    by_slate = dict(zip(map(tuple, free.slate.tolist()), free.propensity, strict=True))
    pairs = zip(map(tuple, masked.slate.tolist()), masked.propensity, strict=True)
    shared = [(by_slate[slate], row) for slate, row in pairs if slate in by_slate]
    assert len(shared) > 10_000
    np.testing.assert_allclose(*map(np.array, zip(*shared, strict=True)), rtol=1e-4)


def test_the_gradient_under_sets_is_that_without_and_numerical():
    random = np.random.default_rng(0)
    score, slate = random.normal(size=(4, 6)).astype(np.float32), np.array([[0, 3, 1], [2, 1, 5], [4, 0, 3], [5, 2, 0]])
    advantage = random.normal(size=(4, 3)).astype(np.float32)
    free = []
    for rank in range(3):
        among = np.ones((4, 6), np.bool_)
        np.put_along_axis(among, slate[:, :rank], False, axis=1)
        free.append(among)
    model, propensity = PlackettLuce(None, free), random.uniform(0.1, 1, (4, 3)).astype(np.float32)
    propensity[0, 0] = np.nan
    made = {"propensity": propensity, "largest_ratio": 1.5}
    np.testing.assert_allclose(model.log_propensity(score, slate), log_propensity(score, slate), rtol=1e-4)
    np.testing.assert_allclose(
        model.gradient(score, slate, advantage, 0.3, propensity, 1.5), gradient(score, slate, advantage, 0.3, **made), atol=1e-6
    )
    # Some items left out: the derivative of the loss, by differences.
    sets = [among & (np.arange(6) != 4) for among in free]
    model = PlackettLuce(None, sets)

    def loss(changed):
        return -(advantage * model.log_propensity(changed, slate)).sum() / 4

    found = model.gradient(score, slate, advantage, 0.0)
    for row, column in ((0, 0), (1, 3), (2, 4), (3, 1)):
        step = np.zeros_like(score)
        step[row, column] = 0.01
        assert abs((loss(score + step) - loss(score - step)) / 0.02 - found[row, column]) < 1e-3
    # A mask alone is such sets too.
    mask = np.arange(6) != 4
    keeping = [slate[:, rank] != 4 for rank in range(3)]
    assert not all(each.all() for each in keeping)
    rows = np.array([0, 1, 3])
    by_mask = PlackettLuce(np.tile(mask, (3, 1))).gradient(score[rows], slate[rows], advantage[rows], 0.3)
    by_sets = PlackettLuce(None, [among[rows] for among in sets]).gradient(score[rows], slate[rows], advantage[rows], 0.3)
    np.testing.assert_allclose(by_mask, by_sets, atol=1e-6)
    assert np.abs(by_mask[:, 4]).max() < 1e-30


def test_too_little_is_allowed_and_nothing_changes():
    shop = simulation()
    agent = make_agent("lin-ts", shop)
    mask = np.ones((7, 12), np.bool_)
    mask[3, 2:] = False
    state = agent.random.bit_generator.state
    with pytest.raises(ValueError, match=r"row 3: fewer items are allowed than the 3 of a slate \(2 of 12"):
        agent.act(shop.observe(), allowed=mask)
    assert str(agent.random.bit_generator.state) == str(state)
    with pytest.raises(ValueError, match="True for each item"):
        agent.act(shop.observe(), allowed=np.ones(12))
    with pytest.raises(ValueError, match="has shape"):
        agent.act(shop.observe(), allowed=np.ones(11, np.bool_))


class Alone(Agent):
    """An agent as they were written before masks."""

    def choose(self, observation):
        n, k = len(observation), self.problem.slate_size
        return Decision(np.tile(np.arange(k), (n, 1)), np.ones((n, k), np.float32))


class Careless(Alone):
    """An agent that takes a mask and does not look at it."""

    def choose(self, observation, allowed=None):
        return super().choose(observation)


def test_custom_agents_are_told_how_to_take_a_mask():
    shop = simulation()
    agent, mask = make_agent(Alone, shop), np.arange(12) > 0
    assert agent.act(shop.observe()).slate.tolist() == [[0, 1, 2]] * 7
    with pytest.raises(ValueError, match=r"define choose\(observation, allowed=None\)"):
        agent.act(shop.observe(), allowed=mask)
    with pytest.raises(ValueError, match="violates"):
        make_agent(Careless, shop).act(shop.observe(), allowed=mask)


def test_a_loaded_agent_keeps_to_the_rules_of_the_world_it_comes_to(tmp_path):
    shop = simulation()
    agent = make_agent("lookahead:lin-ts", shop)
    agent.save(tmp_path / "agent")
    world = replace(shop.world, rules=make_world("Shop-v0", rules="never=0+1;at-most=1").rules)
    loaded = Agent.load(tmp_path / "agent", world)
    observation = shop.observe()
    slate = loaded.act(observation).slate
    assert choice_of(loaded.problem, observation, None).keeps(slate).all()
    assert (slate > 1).all()


@pytest.mark.parametrize("name", ["lin-ts", "lin-ucb:fields=context,clock", "lin-epsilon-greedy", "logistic-ts", "logistic-ucb"])
@pytest.mark.parametrize("candidates", [None, 9])
def test_explanations_add_up(name, candidates):
    world = make_world(
        "Shop-v0", items=12, slate_size=3, categories=4, candidates=candidates, objectives=["click", "conversion", "revenue"]
    )
    shop = Simulation(world, 0, 50)
    agent = make_agent(name, shop)
    for _ in range(10):
        observation = shop.observe()
        decision = agent.act(observation)
        agent.update(observation, decision, shop.show(decision.slate))
    observation = shop.observe()
    slate = agent.act(observation).slate
    found = agent.explain(observation, slate)
    np.testing.assert_array_equal(found.total, np.take_along_axis(agent.scores(observation), slate, axis=1))
    np.testing.assert_array_equal(found.items, agent.problem.shown(observation, slate))
    for explanation in (found, *found.details):
        size = np.abs(explanation.contributions).sum(axis=2).max()
        np.testing.assert_allclose(explanation.contributions.sum(axis=2), explanation.total, rtol=0, atol=2e-6 * size)
        assert all(name in str(found) for name in explanation.names)
    assert len(found.details) == (2 if name.startswith("logistic") else 0)


@pytest.mark.parametrize("candidates", [None, 9])
def test_why_not_compares_with_the_best_slate_that_holds_the_item(candidates):
    shop = simulation(candidates=candidates)
    oracle, row, weights = make_agent("oracle", shop), 2, np.array(shop.world.weights)
    one = shop.shoppers.take(slice(row, row + 1))
    every = shop.world.candidates_of(one)[0]
    slates = [(a, b, c) for a in range(len(every)) for b in range(len(every)) for c in range(len(every)) if len({a, b, c}) == 3]
    values = np.array([shop.world.expected(one, np.array([slate]))[0] @ weights for slate in slates])
    for position, item in enumerate(every.tolist()):
        found = oracle.why_not(row, item)
        assert item in found.best_with
        holding = [position in slate for slate in slates]
        assert abs(found.expected_with @ weights - values[holding].max()) < 1e-6
        assert abs(found.cost - (values.max() - values[holding].max())) < 1e-6
        assert found.cost >= -1e-9
        assert str(item) in str(found)
    missing = np.setdiff1d(np.arange(12), every)
    with pytest.raises(ValueError, match="not available" if len(missing) else "not an item"):
        oracle.why_not(row, int(missing[0]) if len(missing) else 12)
