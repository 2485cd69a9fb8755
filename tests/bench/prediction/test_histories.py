"""What models know of a shopper when they are judged: what came before the slate, and nothing later."""

from dataclasses import replace

import numpy as np
import pytest
from tests.agents.from_log.made import slates_of
from tests.agents.recommenders.groups import groups_world
from tests.agents.tiny import learned, two_kinds
from tests.bench.prediction.logged import logged

from slategym.agents.base import Problem
from slategym.agents.common.shopper_memory import kept_of
from slategym.agents.from_log.following import followed
from slategym.agents.registry import make_for
from slategym.bench.prediction.exact import Truth, errors, shown, shown_in
from slategym.bench.prediction.models import train
from slategym.bench.prediction.parts import split
from slategym.bench.prediction.predict import predict
from slategym.logs.impression_writing import write_impressions

GROUPS, ITEMS = 4, 20
SHOP = {"items": 12, "categories": 3, "slate_size": 2, "visits": 6}
GRU = "predictor:gru:batch_size=200,width=8,hidden=16"
PERSONAL = ("recommender:item-knn", "recommender:user-knn", "recommender:als", "fusion:mean:agents=recommender:item-knn", GRU)


def only_history_tells(shoppers, seed=0):
    """Shoppers of four groups click what belongs to their group; a group shows in nothing else, and visits vary in number."""
    random = np.random.default_rng(seed)
    visits = random.integers(4, 16, shoppers)
    shopper = np.repeat(np.arange(shoppers), visits)
    shopper = shopper[np.argsort(random.random(shoppers)[shopper] + random.random(len(shopper)) / 10, kind="stable")]
    items = np.argsort(random.random((len(shopper), ITEMS)), axis=1)[:, :2]
    own = items % GROUPS == random.integers(GROUPS, size=shoppers)[shopper, None]
    return slates_of(items, random.random(items.shape) < np.where(own, 0.6, 0.05), shopper)


@pytest.mark.parametrize("name", PERSONAL[:-1])
def test_models_that_know_the_shopper_beat_popularity_where_only_the_history_tells(name, tmp_path):
    write_impressions(only_history_tells(400), tmp_path / "log.csv")
    found = predict(tmp_path / "log.csv", ["recommender:popularity", name])
    assert 0.12 < found["config"]["parts"]["test"] / 3918 < 0.18
    popular, personal = (model["test"]["click"]["auc_interval"] for model in found["models"].values())
    # Who knows the group has an AUC of 0.84, and who knows nothing of the shopper 0.5.
    assert popular["low"] < 0.5 < popular["high"] < 0.6
    assert personal["low"] > 0.6


@pytest.mark.slow
def test_networks_for_sequences_do_so_too(tmp_path):
    write_impressions(only_history_tells(400), tmp_path / "log.csv")
    names = ["predictor:mlp:batch_size=100", "predictor:gru:batch_size=100", "predictor:attention:batch_size=100"]
    found = predict(tmp_path / "log.csv", names, epochs=20, patience=20)["models"]
    nothing, *known = (found[name]["test"]["click"]["auc_interval"] for name in names)
    assert nothing["low"] < 0.5 < nothing["high"] < 0.6
    assert min(each["low"] for each in known) > 0.65


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    log, world, seen = logged(tmp_path_factory.mktemp("log"), "Shop-v0", 2500, 50, **SHOP)
    return split(log, Problem.of(world), world.visits), world, seen


@pytest.mark.parametrize("name", PERSONAL)
def test_answers_to_later_slates_change_no_earlier_prediction(name, made):
    parts, world, _ = made
    agent = make_for(name, Problem.of(world), 0)
    kept = kept_of(agent)
    train(agent, parts, 1, 1)
    first, at = parts.ends[1], parts.ends[1] + 2
    estimated = [shown_in(agent, path, kept, first) for path in (parts.path, _shuffled_from(parts.path, at))]
    rows = sum(len(step[0]) for step in parts.path[first : at + 1])  # the step itself is estimated before its answer
    for target in ("click", "conversion"):
        one, two = (getattr(each, target) for each in estimated)
        assert len(one) > rows
        assert (one[:rows] == two[:rows]).all()
    assert not (estimated[0].click == estimated[1].click).all()
    again = shown_in(agent, parts.path, kept, first)
    assert (again.click == estimated[0].click).all()  # nothing was learned


def _shuffled_from(path, at):
    """Steps of which the answers from one on are those of other shoppers."""
    random, changed = np.random.default_rng(1), list(path[:at])
    for observation, decision, feedback in path[at:]:
        order = random.permutation(len(observation))
        answers = {name: getattr(feedback, name)[order] for name in ("clicks", "conversions", "terminated", "truncated")}
        delayed = replace(feedback.delayed, row=order[feedback.delayed.row])
        changed.append((observation, decision, replace(feedback, delayed=delayed, **answers)))
    return tuple(changed)


@pytest.fixture(scope="module")
def delayed(tmp_path_factory):
    """A log in which each conversion arrives two steps late."""
    log, world, seen = logged(tmp_path_factory.mktemp("log"), two_kinds(delay_by=2, visits=6), 2500, 50)
    return split(log, Problem.of(world), world.visits), world, seen


@pytest.mark.parametrize("name", ["recommender:item-knn", GRU])
def test_a_model_remembers_what_one_remembers_that_was_there(name, delayed):
    """Late conversions are known when they arrived, and not before, even those that the end of a part tells early."""
    parts, world, seen = delayed
    agent, online = (make_for(name, Problem.of(world), 0) for _ in range(2))
    kept = kept_of(agent)
    train(agent, parts, 1, 1)
    before, told = _remembered(agent, world), 0
    for step, live in zip(followed(agent, parts.path, kept), seen, strict=False):
        assert (step[1].slate == live[1].slate).all()
        for one, two in zip(_remembered(agent, world), _remembered(online, world), strict=True):
            assert (one == two).all()
        told += len(live[2].delayed)
        getattr(online, "remember", online.update)(*live)
    assert told > 100
    assert all((one == two).all() for one, two in zip(_remembered(agent, world), before, strict=True))


def _remembered(agent, world):
    """What is known of the shopper of each row."""
    if hasattr(agent, "clicked_last"):
        return (agent.clicked_last.of(50),)
    known = agent.log.of_present(50, world.catalog.size, np.ones(2), 2.0)
    return known.who, known.liked.toarray(), known.examined.toarray()


def test_random_slates_are_estimated_from_what_is_known_of_their_shoppers():
    world = groups_world()
    truth, area = Truth.of(world, 0, 1500), {}
    for name in ("recommender:popularity", "recommender:item-knn"):
        agent, _ = learned(name, world, (1.0, 0.0), 8000, rows=250)
        found = shown(agent, truth)
        area[name] = errors(truth, found.at_ranks(np.array([1.0, 0.7])))["click"]["auc"]
        assert (shown(agent, truth).click == found.click).all()
        assert len(agent.log.present) == 250
    assert area["recommender:item-knn"] > area["recommender:popularity"] + 0.04
    network = make_for(GRU, Problem.of(world), 0)
    clicks = [(network.clicked_last.of(len(seen))[..., 0] >= 0).sum(axis=1) for seen, _ in truth.recalled(network)]
    shopper = np.concatenate(clicks)
    assert len(shopper) == 1500
    # 250 of a thousand shoppers at each of their first six visits, and a random slate has 0.25 clicks, with a deviation of 0.5.
    assert shopper.mean() == pytest.approx(2.5 * 0.25, abs=0.1)
    assert len(network.clicked_last.events) == 0


def test_rows_that_end_take_no_other_shopper_with_them():
    """A log of impressions has fewer rows in each step where nobody else comes: the others go on."""
    from slategym.agents.from_log.impressions import steps_of_impressions
    from slategym.agents.from_log.problem import problem_of

    log = only_history_tells(30)
    problem = problem_of(log)
    steps = list(steps_of_impressions(log, problem, rows=20))
    assert len(steps[-1][0]) < 10
    agent = make_for("recommender:item-knn", problem, 0)
    agent.learn_log(log)
    assert len(np.unique(agent.log.who[: len(agent.log.replay)])) == 30
    shoppers, start = [], kept_of(make_for("recommender:item-knn", problem, 0))
    for step in followed(agent, steps, start):
        known = agent.log.of_present(len(step[0]), ITEMS, np.ones(2), 0.0)
        shoppers.append(known.examined.sum(axis=1) / 2)
    # Each shopper's visits are counted from 0 on: 0 as often as there are shoppers.
    counted = np.bincount(np.concatenate(shoppers).astype(int))
    visits = np.bincount(log.of_slate(log.shopper))
    assert counted.tolist() == [(visits > number).sum() for number in range(visits.max())]
