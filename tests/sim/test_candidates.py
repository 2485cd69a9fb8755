"""The retrieval stage: who is offered what, and that everything about a world holds among the candidates."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from tests.every_world import EVERY

from slategym.sim.click_models import CLICK_MODELS
from slategym.sim.simulation import Simulation
from slategym.sim.user_models.black_box import BlackBox
from slategym.sim.worlds import make_world
from slategym.utils import batching as blocks

SMALL = {"items": 30, "categories": 5, "slate_size": 2, "visits": 6}
FEW = {"Shop-v0": 40, "ShopBandit-v0": 7, "OpenBandit-v0": 5, "Hillstrom-v0": 2}


def of(world, seed=3, rows=200):
    simulation = Simulation(world, seed, rows)
    return simulation, world.candidates_of(simulation.shoppers)


@pytest.mark.parametrize(("items", "count"), [(30, 2), (30, 30), (31, 7), (1000, 999), (2**20, 100)])
def test_candidates_differ_rise_and_lie_in_their_strata(items, count):
    world = make_world("Shop-v0", items=items, slate_size=2, candidates=count)
    _, candidates = of(world)
    assert candidates.shape == (200, count)
    assert candidates.dtype == np.int64
    assert (np.diff(candidates, axis=1) > 0).all()
    position = np.arange(count)
    assert (candidates >= position * items // count).all()
    assert (candidates < (position + 1) * items // count).all()


def test_an_item_is_a_candidate_as_often_as_its_stratum_says():
    n, items, count = 20_000, 31, 7
    _, candidates = of(make_world("Shop-v0", **SMALL | {"items": items}, candidates=count), rows=n)
    met = np.bincount(candidates.ravel(), minlength=items) / n
    edges = np.arange(count + 1) * items // count
    expected = np.repeat(1 / np.diff(edges), np.diff(edges))
    assert (np.abs(met - expected) < 5 * np.sqrt(expected * (1 - expected) / n)).all()


def test_they_are_a_function_of_seed_shopper_and_visit():
    world = make_world("Shop-v0", **SMALL, leave=False, candidates=9)
    simulation, first = of(world)
    other, alone = of(world, rows=np.array([17]))
    np.testing.assert_array_equal(alone[0], first[17])
    np.testing.assert_array_equal(world.candidates_of(simulation.shoppers.take(np.array([5, 3]))), first[[5, 3]])
    assert (of(world, seed=4)[1] != first).any(axis=1).mean() > 0.99
    simulation.show(np.tile([0, 1], (200, 1)))
    other.show([[5, 2]])
    second = world.candidates_of(simulation.shoppers)
    np.testing.assert_array_equal(world.candidates_of(other.shoppers)[0], second[17])
    assert (second != first).any(axis=1).mean() > 0.99
    simulation.restart()
    assert (world.candidates_of(simulation.shoppers) != second).any(axis=1).mean() > 0.99


@pytest.mark.parametrize("name", EVERY)
def test_the_observation_holds_them_and_slates_are_positions(name):
    few = FEW.get(name, 10)
    world = make_world(name, candidates=few)
    assert world.choices == few
    simulation, candidates = of(world)
    everything = Simulation(replace(world, candidates=None), 3, 200)
    observation, plain = simulation.observe(), everything.observe()
    np.testing.assert_array_equal(observation[:, world.layout["candidates"]], candidates)
    np.testing.assert_array_equal(observation[:, : plain.shape[1]], plain)
    random = np.random.Generator(np.random.Philox(1))
    for _ in range(3):
        slate = random.integers(few, size=(200, world.slate_size))
        items = np.take_along_axis(world.candidates_of(simulation.shoppers), slate, axis=1)
        np.testing.assert_array_equal(world.items(simulation.shoppers, slate), items)
        for mine, theirs in zip(
            world.probabilities(simulation.shoppers, slate),
            everything.world.probabilities(everything.shoppers, items),
            strict=True,
        ):
            np.testing.assert_array_equal(mine, theirs)
        feedback, other = simulation.show(slate), everything.show(items)
        for part in ("clicks", "conversions", "revenue", "objectives", "terminated", "truncated"):
            np.testing.assert_array_equal(getattr(feedback, part), getattr(other, part))
        np.testing.assert_array_equal(feedback.delayed.item, other.delayed.item)
        gone = feedback.terminated | feedback.truncated
        simulation.restart(gone)
        everything.restart(gone)


@pytest.mark.parametrize("click_model", CLICK_MODELS)
def test_the_oracle_is_the_best_among_the_candidates(click_model):
    world = make_world("Shop-v0", **SMALL, click_model=click_model, candidates=5)
    simulation, _ = of(world, rows=20)
    weights = np.array([1.0, 10.0])
    best = world.best_slate(simulation.shoppers, weights)
    assert best.shape == (20, 2)
    assert best.max() < 5
    value = world.expected(simulation.shoppers, best) @ weights
    every = [world.expected(simulation.shoppers, np.tile(slate, (20, 1))) @ weights for slate in permutations(range(5), 2)]
    bound = world.bound(simulation.shoppers, weights)
    assert (np.max(every, axis=0) <= bound * (1 + 1e-6)).all()
    if world.oracle_is_exact:
        np.testing.assert_allclose(value, np.max(every, axis=0), rtol=1e-6)
        np.testing.assert_allclose(bound, value, rtol=1e-6)


def test_the_oracle_never_scores_every_item():
    world = make_world("Shop-v0", items=200_000, candidates=100)
    seen = []
    model = type(world.user_model)
    attraction = model.attraction

    class Watched(model):
        def attraction(self, shoppers, catalog, slate):
            seen.append(None if slate is None else slate.shape)
            return attraction(self, shoppers, catalog, slate)

    world = make_world("Shop-v0", items=200_000, candidates=100, user_model=Watched())
    simulation, _ = of(world, rows=10)
    world.best_slate(simulation.shoppers, (1, 10))
    world.bound(simulation.shoppers, (1, 10))
    assert seen == [(10, 100), (10, 100)]


def test_all_items_as_candidates_change_nothing():
    plain, world = make_world("Shop-v0", **SMALL), make_world("Shop-v0", **SMALL, candidates=30)
    simulation, candidates = of(world)
    np.testing.assert_array_equal(candidates, np.tile(np.arange(30), (200, 1)))
    shoppers = Simulation(plain, 3, 200).shoppers
    np.testing.assert_array_equal(world.best_slate(simulation.shoppers, (1, 10)), plain.best_slate(shoppers, (1, 10)))


def test_a_black_box_finds_good_candidates():
    class Box(BlackBox):
        replicates = 4

        def clicks(self, shoppers, catalog, slate, draws):
            return draws.uniform(0, slate) < slate / 30  # the higher its number, the likelier a click

    world = make_world("Shop-v0", **SMALL, user_model=Box(), candidates=6)
    simulation, _ = of(world, rows=2000)
    best = world.best_slate(simulation.shoppers, (1, 0))
    assert best.mean() > 3.5  # 2.5 by chance, 4.5 at best


@pytest.mark.parametrize(
    ("count", "items", "message"),
    [
        (1, 30, "candidates is 1: expected 2..30, at least the slate size and at most all items"),
        (31, 30, "candidates is 31: expected 2..30"),
        (True, 30, "candidates is True: expected a whole number"),
        (5.5, 30, "candidates is 5.5: expected a whole number"),
    ],
)
def test_wrong_numbers_of_candidates_are_refused(count, items, message):
    with pytest.raises(ValueError, match=message):
        make_world("Shop-v0", **SMALL | {"items": items}, candidates=count)


def test_wrong_positions_are_refused():
    world = make_world("Shop-v0", **SMALL, candidates=5)
    simulation, _ = of(world, rows=1)
    with pytest.raises(ValueError, match=r"slate\[0, 1\] = 5 is not a position among the candidates: expected 0..4"):
        simulation.show([[0, 5]])
    with pytest.raises(ValueError, match=r"has no option 'candidate'. Did you mean 'candidates'"):
        make_world("Shop-v0", candidate=5)


def test_shoppers_are_the_same_in_blocks(monkeypatch):
    sizes = []
    model = type(make_world("Shop-v0", **SMALL).user_model)

    class Watched(model):
        def sample(self, draws, catalog):
            sizes.append(len(draws.identity))
            return super().sample(draws, catalog)

    world = make_world("Shop-v0", **SMALL, user_model=Watched(), candidates=5)

    def walk():
        simulation = Simulation(world, 3, 1000)
        seen = [simulation.observe()]
        for _ in range(8):
            feedback = simulation.show(np.tile([0, 1], (1000, 1)))
            simulation.restart(feedback.terminated | feedback.truncated)
            seen.append(simulation.observe())
        return np.stack(seen)

    whole = walk()
    assert max(sizes) == 1000
    sizes.clear()
    monkeypatch.setattr(blocks, "ROWS", 64)
    monkeypatch.setattr("slategym.sim.world.ROWS", 64)
    np.testing.assert_array_equal(walk(), whole)
    assert max(sizes) == 64
