"""Re-rankers for diversity: by hand, by determinants, and against the best slates for the objective `diversity`."""

import numpy as np
import pytest
from tests.agents.bandits.bernoulli import Arms
from tests.agents.tiny import two_kinds

from slategym.agents.base import Agent, Decision, Problem
from slategym.agents.ranking.diversity import DPP, MMR, UNLIKE
from slategym.agents.registry import agent_options, make_agent
from slategym.sim.catalog import Catalog
from slategym.sim.click_models import PositionBased
from slategym.sim.objectives import make_objectives
from slategym.sim.rules import SlateRules
from slategym.sim.simulation import Simulation
from slategym.sim.world import World
from slategym.sim.worlds import make_world

ITEMS, K = 12, 4


class Knows(Agent):
    """Scores items by given numbers."""

    def __init__(self, problem, seed=0, scalarizer=None, rates=None):
        super().__init__(problem, seed, scalarizer)
        self.rates = np.asarray(rates)

    def scores(self, observation):
        return np.tile(self.rates, (len(observation), 1))

    def choose(self, observation, allowed=None):
        slate = self.best_of(self.scores(observation), observation, allowed)
        return Decision(slate, np.ones(slate.shape, np.float32))


def shop(rates, category, features=None, rules=None):
    zeros = np.zeros(len(rates))
    features = np.eye(len(rates)) if features is None else features
    catalog = Catalog(features, zeros[:, None], np.asarray(category), zeros + 1, zeros, zeros, np.asarray(rates, np.float32))
    model = Arms(PositionBased(0.8 ** np.arange(K)))
    more = {} if rules is None else {"rules": rules}
    return World("Arms-v0", catalog, model, slate_size=K, visits=1, objectives=make_objectives(("click", "diversity")), **more)


def reranked(kind, world, rates, **options):
    """The re-ranker of an agent that scores by some rates, and an observation."""
    simulation = Simulation(world, 0, 1)
    agent = kind(Problem.of(world), 0, None, make=lambda *given: Knows(*given, rates=rates), **options)
    return agent, simulation


def test_maximal_marginal_relevance_by_hand():
    """Relevance 1, .8, .6, .2, 0; the first three are of one category. At .3: .7 * relevance - .3 * [a chosen one is alike]."""
    rates, category = [1.0, 0.8, 0.6, 0.2, 0.0], [0, 0, 0, 1, 2]
    agent, simulation = reranked(MMR, shop(rates, category), rates, share=0.3)
    assert agent.best(simulation.observe())[0].tolist() == [0, 1, 3, 2]
    agent, simulation = reranked(MMR, shop(rates, category), rates, share=0.5)
    assert agent.best(simulation.observe())[0].tolist() == [0, 3, 4, 1]
    agent, simulation = reranked(MMR, shop(rates, category), rates, share=0.0)
    assert agent.best(simulation.observe())[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("likeness", ["category", "features"])
def test_a_determinantal_process_is_followed_greedily(likeness):
    """Each rank adds the item of the highest (1 - share) * relevance + share * log det, here by determinants."""
    random = np.random.Generator(np.random.Philox(4))
    rates, category, features = random.random(ITEMS), random.integers(3, size=ITEMS), random.normal(size=(ITEMS, 3))
    world = shop(rates, category, features)
    agent, simulation = reranked(DPP, world, rates, share=0.4, likeness=likeness)
    found = agent.best(simulation.observe())[0]
    unit = world.catalog.features.astype(float)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    like = unit @ unit.T if likeness == "features" else (category[:, None] == category) * 1.0
    like = (1 - UNLIKE) * like + UNLIKE * np.eye(ITEMS)
    relevance, slate = (rates - rates.min()) / np.ptp(rates), []
    for _ in range(K):
        value = {
            item: 0.6 * relevance[[*slate, item]].sum() + 0.4 * np.linalg.slogdet(like[np.ix_([*slate, item], [*slate, item])])[1]
            for item in range(ITEMS)
            if item not in slate
        }
        slate.append(max(value, key=value.get))
    assert found.tolist() == slate


@pytest.mark.parametrize("kind", [MMR, DPP])
def test_the_best_share_comes_near_the_oracle_of_diversity(kind):
    """Clicks plus w times diversity, exactly, with scores that are the true rates: never above the oracle, and close to it."""
    random = np.random.Generator(np.random.Philox(5))
    for weight in (1.0, 3.0):
        reached, plain, best = 0.0, 0.0, 0.0
        for _ in range(8):
            category = np.sort(random.integers(3, size=ITEMS))
            rates = np.clip(0.3 * (category == 0) + random.uniform(0.05, 0.4, ITEMS), 0, 1)
            world, weights = shop(rates, category), np.array([1.0, weight])
            simulation = Simulation(world, 0, 1)
            values = []
            for share in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7):
                agent, _ = reranked(kind, world, rates, share=share)
                slate = agent.best(simulation.observe())
                values.append(float(world.expected(simulation.shoppers, slate)[0] @ weights))
            top = float(world.expected(simulation.shoppers, world.best_slate(simulation.shoppers, weights))[0] @ weights)
            assert max(values) < top + 1e-6
            reached, plain, best = reached + max(values), plain + values[0], best + top
        assert reached - plain > 0.9 * (best - plain)


@pytest.mark.parametrize("name", ["mmr:popularity", "dpp:popularity"])
def test_slates_are_of_more_categories_and_earn_nearly_as_much(name):
    """In ShopBandit-v0, by the objective that the world counts."""
    world = make_world("ShopBandit-v0", items=100, categories=10, objectives=("click", "conversion", "diversity"))
    value = {}
    for each in ("popularity", f"{name}:share=0.2"):
        simulation = Simulation(world, 1, 500)
        agent = make_agent(each, simulation, 1)
        for _ in range(20):
            observation = simulation.observe()
            decision = agent.act(observation)
            feedback = simulation.show(decision.slate)
            agent.update(observation, decision, feedback)
            simulation.restart(feedback.terminated | feedback.truncated)
        slate = agent.best(simulation.observe())
        value[each] = world.expected(simulation.shoppers, slate).mean(axis=0)
    (clicks, _, diversity), (more_clicks, _, more_diversity) = value.values()
    assert more_diversity > diversity
    assert more_clicks > 0.8 * clicks


def test_rules_and_masks_are_kept():
    rates, category = np.linspace(1, 0.1, ITEMS), np.arange(ITEMS) // 4
    world = shop(rates, category, rules=SlateRules(must=(11,), never=(4,), at_most=2))
    agent, simulation = reranked(MMR, world, rates, share=0.4, top=6)
    allowed = np.ones(ITEMS, np.bool_)
    allowed[[0, 8]] = False
    slate = agent.act(simulation.observe(), allowed).slate[0]
    assert 11 in slate
    assert not {0, 4, 8} & set(slate.tolist())
    assert np.bincount(category[slate]).max() <= 2


def test_the_exploration_of_the_agent_comes_through():
    """The items of its slate have the highest relevance, whatever their scores; so a new item is tried."""
    simulation = Simulation(two_kinds(), 0, 200)
    agent = make_agent("mmr:random", simulation)  # without scores: its own slates in another order
    decision = agent.act(simulation.observe())
    assert np.isnan(decision.propensity).all()
    assert len(np.unique(decision.slate)) == 8
    certain = make_agent("dpp:lin-ucb", simulation)
    assert (certain.act(simulation.observe()).propensity == 1).all()


def test_options_are_those_of_both():
    simulation = Simulation(two_kinds(), 0, 2)
    assert {"share", "top", "likeness", "alpha", "ridge"} <= set(agent_options("mmr:lin-ts"))
    agent = make_agent("dpp:lin-ts:share=0.5,alpha=2", simulation)
    assert (agent.name, agent.share, agent.agent.alpha) == ("dpp:lin-ts", 0.5, 2)
    with pytest.raises(ValueError, match="likeness is 'price': expected"):
        make_agent("mmr:lin-ts", simulation, likeness="price")
