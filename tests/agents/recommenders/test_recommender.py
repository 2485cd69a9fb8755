"""Recommenders as agents: what they learn where shoppers are alike, fallbacks, saving, growing and bad options."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from tests.agents.recommenders.groups import ITEMS, groups_world
from tests.agents.tiny import CONVERT, MOST_CONVERTED, learned, step, two_kinds

from slategym.agents.base import Agent, Problem
from slategym.agents.recommenders.named import RECOMMENDERS
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

PERSONAL = [name for name in RECOMMENDERS if name != "recommender:popularity"]
CLICKS, CONVERSIONS = (1.0, 0.0), (0.0, 1.0)


@pytest.fixture(scope="module")
def groups():
    return groups_world()


def clicks_at_the_end(agent, simulation, steps=12):
    return np.mean([step(agent, simulation)[2].clicks.sum(axis=1).mean() for _ in range(steps)])


@pytest.fixture(scope="module")
def of_popularity(groups):
    return clicks_at_the_end(*learned("recommender:popularity", groups, CLICKS, 9000, rows=250))


@pytest.mark.parametrize("name", PERSONAL)
def test_what_similar_shoppers_like_is_found_and_popularity_fails(name, groups, of_popularity):
    agent, simulation = learned(name, groups, CLICKS, 9000, rows=250)
    # Popularity can have 1.7 * (0.5 / 4 + 0.03 * 3 / 4) = 0.25 clicks of a slate, and who knows the group 0.85.
    assert of_popularity < 0.3
    assert clicks_at_the_end(agent, simulation) > 0.45
    for _ in range(4):  # all shoppers came at the same time: now they are at their fifth visit
        step(agent, simulation)
    known = agent.log.of_present(250, ITEMS, agent.position_bias.relative, 1.0)
    scores = agent.model.scores(known)
    scores -= scores.mean(axis=0)  # what is popular aside
    own = groups.catalog.category[None] == simulation.shoppers.kind[:, None]
    liked = known.liked.toarray() > 0
    told = (liked & own).sum(axis=1) > (liked & ~own).sum(axis=1)
    unseen = np.ones_like(own)
    unseen[known.examined.nonzero()] = False  # items that the shopper has not seen: the model alone tells of them
    mean = [np.where(each & unseen, scores, 0).sum(axis=1) / np.maximum((each & unseen).sum(axis=1), 1) for each in (own, ~own)]
    told &= (own & unseen).any(axis=1)
    assert told.sum() > 40
    assert (mean[0] > mean[1])[told].mean() > 0.75  # half by chance, with a deviation of 0.07


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_new_shoppers_get_what_is_popular(name, groups):
    agent, _ = learned(name, groups, CLICKS, 2500, rows=250)
    new = Simulation(groups, 9, 3).observe()  # other rows: nothing is known of them
    rates = np.log(agent.rates.click(agent.position_bias.relative))
    estimates = agent.estimates(new)
    expected = np.exp(agent.mixture.coefficients[:2] @ [np.ones(ITEMS), rates])
    np.testing.assert_allclose(estimates.click, np.tile(expected, (3, 1)), rtol=1e-5)
    assert estimates.conversion.mean() == pytest.approx(0.2, abs=0.08)
    assert (agent.best(new) == agent.best(new)[0]).all()


@pytest.mark.parametrize("name", ["recommender:item-knn", "recommender:popularity"])
def test_late_conversions_are_counted_and_new_weights_followed_at_once(name):
    world = two_kinds(delay_by=2, visits=1000)
    agent, simulation = learned(name, world, CONVERSIONS, 0, rows=200)
    arrived = sum(len(step(agent, simulation)[2].delayed) for _ in range(40))
    assert arrived > 100
    assert agent.log.replay.conversions.sum() == arrived
    assert agent.rates.conversions.sum() == pytest.approx(arrived, rel=0.2)  # which popularity lets decay
    new = Simulation(world, 3, 5).observe()
    assert (agent.best(new)[:, 0] == MOST_CONVERTED[0]).all()
    assert agent.estimates(new).conversion[0, 6] == pytest.approx(CONVERT[6], abs=0.2)
    agent.scalarizer = FixedSum(CLICKS)
    assert (agent.best(new)[:, 0] != MOST_CONVERTED[0]).all()


def test_examination_is_learned(groups):
    agent, _ = learned("recommender:item-knn", groups, CLICKS, 9000, rows=250)
    assert agent.position_bias.relative == pytest.approx([1, 0.7], abs=0.1)


@pytest.mark.parametrize("candidates", [None, 8])
@pytest.mark.parametrize("name", RECOMMENDERS)
def test_saved_and_loaded_it_goes_on_the_same(name, candidates, tmp_path):
    world = make_world("Shop-v0", items=20, categories=4, slate_size=2, visits=5, candidates=candidates)
    agent, simulation = learned(f"{name}:min_impressions=5", world, (1.0, 10.0), 480, rows=40)
    agent.save(tmp_path / "agent")
    loaded, other = Agent.load(tmp_path / "agent", world), copy.deepcopy(simulation)
    for _ in range(4):
        mine, theirs = step(agent, simulation)[1], step(loaded, other)[1]
        np.testing.assert_array_equal(mine.slate, theirs.slate)
        np.testing.assert_array_equal(mine.propensity, theirs.propensity)
    agent.save(tmp_path / "mine")
    loaded.save(tmp_path / "theirs")
    assert (tmp_path / "mine").read_bytes() == (tmp_path / "theirs").read_bytes()


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_a_catalogue_may_grow(name, tmp_path):
    options = {"categories": 5, "slate_size": 3}
    agent, _ = learned(name, make_world("Shop-v0", items=30, **options), (1.0, 10.0), 1200, rows=40)
    agent.save(tmp_path / "agent")
    grown = make_world("Shop-v0", items=60, **options)
    loaded, there = Agent.load(tmp_path / "agent", grown), Simulation(grown, 3, 50)
    shown = np.zeros(60, int)
    for _ in range(15):
        np.add.at(shown, step(loaded, there)[1].slate, 1)
    assert (shown[30:] >= 20).all()  # tried first


@pytest.mark.parametrize("name", RECOMMENDERS)
def test_one_shopper_and_many(name, groups):
    learned(name, groups, CLICKS, 40, rows=1)
    agent, simulation = learned(name, groups, CLICKS, 2 * 4096, rows=4096)
    assert agent.act(simulation.observe()).slate.shape == (4096, 2)


def test_shoppers_are_scored_the_same_in_blocks(groups, monkeypatch):
    agent, simulation = learned("recommender:item-knn", groups, CLICKS, 2500, rows=250)
    observation = simulation.observe()
    whole = agent.scores(observation)
    monkeypatch.setattr("slategym.agents.recommenders.agent.PAIRS", 7 * ITEMS)
    np.testing.assert_array_equal(agent.scores(observation), whole)


def test_popularity_with_decay_follows_a_change(groups):
    changed = replace(groups, catalog=replace(groups.catalog, category=np.where(np.arange(ITEMS) < 12, 0, 9)))
    other = replace(groups, catalog=replace(groups.catalog, category=np.where(np.arange(ITEMS) < 12, 9, 0)))
    found = {}
    for halflife in ("1e9", "500"):
        agent, _ = learned(f"recommender:popularity:halflife={halflife}", changed, CLICKS, 10_000, rows=250)
        simulation = Simulation(other, 1, 250)
        for _ in range(8):
            step(agent, simulation)
        found[halflife] = (agent.best(simulation.observe()) >= 12).mean()
    assert found["500"] == 1
    assert found["1e9"] < 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recommender:item-nn", r"there is no agent 'recommender:item-nn'. Did you mean 'recommender:item-knn'"),
        ("recommender:als:factors=0", "factors is 0: expected a whole number"),
        ("recommender:ease:neighbours=3", "agent 'recommender:ease' has no option 'neighbours'"),
        ("recommender:item-knn:halflife=0", "halflife is 0.0: expected a number above 0"),
    ],
)
def test_bad_names_and_options_are_refused(text, message, groups):
    with pytest.raises(ValueError, match=message):
        make_agent(text, Simulation(groups, 0, 2))


def test_ease_refuses_a_large_catalogue():
    problem = Problem.of(make_world("ShopBandit-v0", items=5001))
    with pytest.raises(ValueError, match=r"5,001 items: expected at most 5,000"):
        RECOMMENDERS["recommender:ease"](problem)
