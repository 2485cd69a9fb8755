"""Shoppers who read titles, and the certificate of how near they come to others."""

from dataclasses import replace

import numpy as np
import pytest

from slategym.bench.audits.fidelity import fidelity
from slategym.sim.click_models import PositionBased
from slategym.sim.simulation import Simulation
from slategym.sim.text.scorer import Question
from slategym.sim.user_models.base import UserModel
from slategym.sim.user_models.text_shopper import CLICKED, TextShopper
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel
from slategym.sim.worlds.shop.title_words import ENGLISH
from slategym.sim.worlds.shop.titles import shop_persona
from slategym.testing import check_user_model
from slategym.utils.storage.fingerprint import fingerprint


class Reads:
    """Reads the score in the title; does not answer about those with a certain word in the history."""

    def __init__(self, silent="nobody"):
        self.silent, self.asked = silent, []

    def score(self, questions):
        self.asked += questions
        return [None if self.silent in q.history else [float(text) for text in q.candidates] for q in questions]


class Plain(UserModel):
    """Everybody clicks what has quality, with the same examination of ranks as elsewhere."""

    click_model = PositionBased((1.0, 0.5))


def numbered(shoppers, catalog):
    return [f"number {identity}" for identity in shoppers.identity]


def plain(items=12):
    world = make_world("ShopBandit-v0", items=items, categories=3, slate_size=2)
    titles = tuple(f"{quality:.6f}" for quality in world.catalog.quality)
    return replace(world, catalog=replace(world.catalog, titles=titles), user_model=Plain())


def with_model(world, model):
    return replace(world, user_model=model)


def test_clicks_follow_the_scores():
    world = with_model(plain(), TextShopper(Plain(), Reads(), slope=2.0, intercept=-1.0))
    shoppers = Simulation(world, 0, 3).shoppers
    slate = np.array([[0, 1], [2, 2], [5, 4]])
    logit = -1 + 2 * world.catalog.quality[slate].astype(np.float64)
    expected = np.array([1.0, 0.5]) / (1 + np.exp(-logit))
    expected[1, 1] = 0  # shown before
    np.testing.assert_allclose(world.probabilities(shoppers, slate)[0], expected, atol=1e-6)
    simulation = Simulation(world, 0, 4000)
    rate = simulation.show(np.tile([3, 7], (4000, 1))).clicks.mean(axis=0)
    truth = world.probabilities(shoppers, np.tile([3, 7], (3, 1)))[0][0]
    assert (np.abs(rate - truth) < 4.5 * 0.5 / np.sqrt(4000)).all()


def test_the_scorer_is_told_the_persona_and_what_was_clicked():
    scorer = Reads()
    model = TextShopper(
        Plain(), scorer, lambda shoppers, catalog: [f"number {row}" for row in shoppers.identity], intercept=9.0, history=3
    )
    simulation = Simulation(with_model(plain(), model), 0, 2)
    titles = simulation.world.catalog.titles
    clicks = simulation.show(np.array([[0, 1], [2, 3]])).clicks
    scorer.asked.clear()
    simulation.world.probabilities(simulation.shoppers, np.array([[4, 5], [6, 7]]))
    past = [
        tuple(title for title, click in zip(pair, row, strict=True) if click)
        for pair, row in zip((titles[:2], titles[2:4]), clicks, strict=True)
    ]
    assert scorer.asked == [Question(("number 0", *past[0]), titles[4:6]), Question(("number 1", *past[1]), titles[6:8])]
    assert simulation.shoppers.state[CLICKED].shape == (2, 3)
    assert clicks.any()


def test_the_other_model_answers_where_the_scorer_does_not():
    truth = plain()
    model = TextShopper(Plain(), Reads("number 1"), numbered, intercept=5.0)
    world = with_model(truth, model)
    shoppers, slate = Simulation(world, 0, 2).shoppers, np.array([[0, 1], [0, 1]])
    there, exact = world.probabilities(shoppers, slate)[0], truth.probabilities(Simulation(truth, 0, 2).shoppers, slate)[0]
    np.testing.assert_array_equal(there[1], exact[1])
    assert (there[0] > exact[0]).all()


def test_all_else_is_the_other_models():
    plain, reading = (
        make_world("Shop-v0", items=40, titles=True, user_model=model) for model in (ShopModel(), TextShopper(ShopModel()))
    )
    one, other = Simulation(plain, 2, 50), Simulation(reading, 2, 50)
    np.testing.assert_allclose(one.observe(), other.observe(), atol=1e-5)  # compiled, and not
    assert plain.layout.describe() == reading.layout.describe()
    slate = np.tile(np.arange(5), (50, 1))
    conversions = [each.world.user_model.conversion(each.shoppers, each.world.catalog, slate) for each in (one, other)]
    np.testing.assert_allclose(*conversions, rtol=1e-5)  # compiled, and not
    for _ in range(3):
        left = other.show(slate).terminated
        other.restart(left)
    assert (reading.user_model.anyone_leaves, reading.user_model.anyone_changes) == (True, True)


def test_its_oracle_is_the_best_by_its_own_words():
    world = with_model(plain(), TextShopper(Plain(), Reads(), slope=2.0))
    shoppers = Simulation(world, 0, 3).shoppers
    best = world.best_slate(shoppers, (1, 0))
    assert best.tolist() == [np.argsort(-world.catalog.quality)[:2].tolist()] * 3
    assert np.isinf(world.bound(shoppers, (1, 0))).all()
    assert world.estimated


def test_it_passes_the_checks_of_user_models():
    found = check_user_model(TextShopper(ShopModel(), "hashing"), make_world("Shop-v0", items=30, titles=True))
    assert [str(each) for each in found if each.severity != "hint"] == []


def test_asking_does_not_change_the_world():
    world = make_world("ShopBandit-v0", items=30, titles=True, user_model=TextShopper(ShopModel()))
    before = fingerprint(world)
    Simulation(world, 0, 5).show(np.tile(np.arange(5), (5, 1)))
    assert fingerprint(world) == before


def test_items_need_titles():
    world = make_world("ShopBandit-v0", items=30, user_model=TextShopper(ShopModel()))
    with pytest.raises(ValueError, match="these shoppers read titles, and the items have none"):
        Simulation(world, 0, 5).show(np.tile(np.arange(5), (5, 1)))


def test_personas_say_the_strongest_tastes():
    world = make_world("ShopBandit-v0", items=30)
    shoppers = Simulation(world, 0, 20).shoppers
    for taste, persona in zip(shoppers.state["taste"], shop_persona(shoppers, world.catalog), strict=True):
        words = persona.split(" ")
        strongest = np.argsort(-np.abs(taste))[:3]
        assert words == [ENGLISH.tastes[number][int(taste[number] < 0)][0] for number in strongest]


# The certificate


def test_the_truth_is_certified_as_such():
    world = with_model(plain(), TextShopper(Plain(), Reads(), slope=1.0, intercept=0.0))
    found = fidelity(world, Plain(), shoppers=50, visits=3)
    assert found.impressions == 50 * 3 * 2
    assert found.difference.mean == pytest.approx(0, abs=1e-6)
    assert found.explained.mean == pytest.approx(1, abs=1e-4)
    assert found.correlation == pytest.approx(1)


def test_what_is_off_is_told():
    world = with_model(plain(), TextShopper(Plain(), Reads(), slope=0.0, intercept=2.0))
    found = fidelity(world, Plain(), shoppers=100, visits=2)
    true = 1 / (1 + np.exp(-world.catalog.quality.astype(np.float64)))
    high = 1 / (1 + np.exp(-2))
    assert found.rate.mean == pytest.approx(0.75 * high)
    assert found.true_rate.low < 0.75 * true.mean() < found.true_rate.high
    assert found.difference.low > 0
    assert [each.mean for each in found.by_rank] == pytest.approx([2 * found.by_rank[1].mean, found.by_rank[1].mean], rel=0.2)
    assert found.explained.high < 0
    assert found.correlation == pytest.approx(0, abs=1e-9)


def test_calibration_finds_slope_and_intercept():
    world = with_model(plain(40), TextShopper(Plain(), Reads(), slope=0.1, intercept=-4.0))
    shoppers = Simulation(world, 0, 200).shoppers
    slate = np.random.default_rng(0).integers(0, 40, (200, 2))
    found = world.user_model.calibrated(shoppers, world.catalog, slate)
    assert (found.slope, found.intercept) == (pytest.approx(1, abs=1e-4), pytest.approx(0, abs=1e-4))
    assert world.user_model.slope == 0.1
    with pytest.raises(ValueError, match="400 scores, all equal"):
        world.user_model.calibrated(shoppers, world.catalog, np.zeros_like(slate))


def test_words_tell_something_of_the_shop():
    model = TextShopper(ShopModel(), "hashing", shop_persona)
    world = make_world("ShopBandit-v0", titles=True, user_model=model)
    simulation = Simulation(world, 9, 500)
    slate = np.random.default_rng(1).integers(0, 500, (500, 5))
    world = with_model(world, model.calibrated(simulation.shoppers, world.catalog, slate))
    found = fidelity(world, ShopModel(), shoppers=300, visits=2)
    assert 0 < found.explained.low < found.explained.high < 0.2
    assert found.correlation > 0.08
