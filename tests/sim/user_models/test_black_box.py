"""A user model that only answers with clicks: its estimates come near the truth of a model that knows it."""

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.user_models.black_box import BlackBox
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel


class Sealed(BlackBox):
    """Shop-v0's shoppers, of whom only the clicks are told."""

    replicates = 200

    def __init__(self):
        self.inside = ShopModel()

    def sample(self, draws, catalog):
        return self.inside.sample(draws, catalog)

    def conversion(self, shoppers, catalog, slate):
        return self.inside.conversion(shoppers, catalog, slate)

    def clicks(self, shoppers, catalog, slate, draws):
        return self.inside.clicks(shoppers, catalog, slate, draws)


@pytest.fixture(scope="module")
def worlds():
    options = {"items": 40, "slate_size": 4, "categories": 4}
    return make_world("Shop-v0", **options), make_world("Shop-v0", user_model=Sealed(), **options)


def test_estimates_come_near_the_truth(worlds):
    truth, sealed = worlds
    assert (truth.estimated, sealed.estimated, sealed.oracle_is_exact) == (False, True, False)
    shoppers = Simulation(truth, 0, 500).shoppers
    slate = truth.best_slate(shoppers, (1, 10))
    for exact, estimate in zip(truth.probabilities(shoppers, slate), sealed.probabilities(shoppers, slate), strict=True):
        # The mean over shoppers: 500 x 200 independent answers at each rank.
        assert (np.abs(estimate - exact).mean(axis=0) < 0.05).all()
        assert (np.abs(estimate.mean(axis=0) - exact.mean(axis=0)) < 4.5 * 0.5 / np.sqrt(500 * 200)).all()


def test_the_estimated_oracle_is_far_better_than_chance_and_not_above_the_truth(worlds):
    truth, sealed = worlds
    shoppers = Simulation(truth, 0, 500).shoppers
    weights = np.array([1, 10])
    best = (truth.expected(shoppers, truth.best_slate(shoppers, weights)) @ weights).mean()
    found = (truth.expected(shoppers, sealed.best_slate(shoppers, weights)) @ weights).mean()
    chance = (truth.expected(shoppers, np.random.default_rng(0).integers(0, 40, (500, 4))) @ weights).mean()
    assert chance + 0.5 * (best - chance) < found < best
    assert np.isinf(sealed.bound(shoppers, weights)).all()


def test_asking_twice_gives_the_same(worlds):
    _, sealed = worlds
    simulation = Simulation(sealed, 0, 20)
    slate = sealed.best_slate(simulation.shoppers, (1, 10))
    np.testing.assert_array_equal(sealed.expected(simulation.shoppers, slate), sealed.expected(simulation.shoppers, slate))
    np.testing.assert_array_equal(simulation.show(slate).clicks, Simulation(sealed, 0, 20).show(slate).clicks)
