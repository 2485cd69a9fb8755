"""Shoppers in motion: who comes, what arrives later, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world
from slategym.sim.worlds.shop.model import ShopModel


@pytest.fixture(scope="module")
def world():
    # Two visits apart and many conversions: most of what is bought arrives later.
    return make_world("Shop-v0", items=20, categories=4, slate_size=3, visits=9)


def best(simulation):
    return simulation.world.best_slate(simulation.shoppers, (0, 1))


def test_a_purchase_arrives_once_whether_at_once_or_late(world):
    """Shoppers who leave or end have nothing outstanding, so over whole episodes all expected conversions arrive."""
    simulation, expected, arrived = Simulation(world, 0, 4000), np.zeros(4000), np.zeros(4000)
    open_rows = np.ones(4000, bool)
    for _ in range(world.visits):
        slate = best(simulation)
        expected += open_rows * world.expected(simulation.shoppers, slate)[:, 1]
        feedback = simulation.show(slate)
        arrived += open_rows * feedback.objectives[:, 1]
        open_rows &= ~(feedback.terminated | feedback.truncated)
        simulation.restart(feedback.terminated | feedback.truncated)
    assert not open_rows.any()
    # A visit's conversions have a variance below their mean plus that of rank pairs; 5 sd of a Poisson sum.
    assert abs(arrived.sum() - expected.sum()) < 5 * np.sqrt(expected.sum())


def test_late_purchases_belong_to_the_impression_they_name(world):
    simulation, shown, clicked, visits = Simulation(world, 1, 3000), [], [], []
    delayed = 0
    for step in range(20):
        visits.append(simulation.shoppers.visit.copy())
        shown.append(best(simulation))
        feedback = simulation.show(shown[-1])
        clicked.append(feedback.clicks)
        for row, age, rank, item in zip(
            feedback.delayed.row, feedback.delayed.age, feedback.delayed.rank, feedback.delayed.item, strict=True
        ):
            assert 1 <= age <= world.user_model.longest_delay
            assert shown[step - age][row, rank] == item
            assert clicked[step - age][row, rank]
            # Of this shopper's stay, not of one before in the same row.
            assert visits[step - age][row] == visits[step][row] - age
            delayed += 1
        np.testing.assert_array_equal(
            feedback.objectives[:, 1], feedback.conversions.sum(axis=1) + np.bincount(feedback.delayed.row, minlength=3000)
        )
        assert (feedback.delayed.revenue > 0).all()
        simulation.restart(feedback.terminated | feedback.truncated)
    assert delayed > 500


class Evolving(ShopModel):
    """A part of one's own: from it on, the visit is not compiled."""

    def evolve(self, shoppers, catalog, slate, feedback, draws):
        shoppers.state["satisfaction"] += 0.1


@pytest.mark.parametrize("how", ["compiled", "specified", "in part"])
def test_the_history_holds_what_the_shop_knows_and_nothing_else(world, how):
    if how == "in part":
        world = replace(world, user_model=Evolving())
    simulation = Simulation(world, 1, 2000, compiled=how != "specified")
    engagement, delayed = np.zeros((2000, 2), np.float32), 0
    for _ in range(2 * world.visits):
        feedback = simulation.show(best(simulation))
        engagement = np.float32(0.8) * engagement + feedback.objectives  # delayed conversions count when they arrive
        seen = feedback.next_observation[:, world.layout["engagement"]]
        np.testing.assert_allclose(seen, engagement, rtol=1e-5, atol=1e-6)
        assert (seen <= world.layout.high[world.layout["engagement"]]).all()
        delayed += len(feedback.delayed)
        gone = feedback.terminated | feedback.truncated
        simulation.restart(gone)
        engagement[gone] = 0
        assert not simulation.shoppers.pending_conversions[gone].any()
    assert delayed > 200


def test_revenue_is_the_price_of_what_was_bought(world):
    simulation = Simulation(world, 0, 3000)
    slate = best(simulation)
    feedback = simulation.show(slate)
    np.testing.assert_array_equal(feedback.revenue, np.where(feedback.conversions, world.catalog.price[slate], 0))
    assert feedback.conversions.any()


def test_a_row_sees_one_shopper_after_another(world):
    simulation = Simulation(world, 0, np.array([7, 2]))
    first = simulation.observe()
    simulation.restart(np.array([True, False]))
    assert simulation.shoppers.identity.tolist() == [(1 << 32) + 7, 2]
    second = simulation.observe()
    assert (second[0] != first[0]).any()
    np.testing.assert_array_equal(second[1], first[1])
    simulation.restart()
    assert simulation.shoppers.identity.tolist() == [(2 << 32) + 7, (1 << 32) + 2]


def test_feedback_does_not_change_afterwards(world):
    simulation = Simulation(world, 0, 10)
    feedback = simulation.show(best(simulation))
    kept = feedback.next_observation.copy()
    simulation.restart()
    simulation.show(best(simulation))
    np.testing.assert_array_equal(feedback.next_observation, kept)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", 2**64, None, True])
def test_a_seed_is_a_whole_number(world, seed):
    with pytest.raises(ValueError, match="expected a whole number from 0"):
        Simulation(world, seed, 2)


@pytest.mark.parametrize("rows", [0, -3, [[1]], [], [-1], [2**32]])
def test_rows_are_row_numbers(world, rows):
    with pytest.raises(ValueError, match="expected a number of rows from 1"):
        Simulation(world, 0, rows)


def test_unknown_worlds_and_options_name_the_nearest():
    with pytest.raises(ValueError, match=r"no world 'Shop-v1'\. Did you mean 'Shop-v0'"):
        make_world("Shop-v1")
    with pytest.raises(ValueError, match=r"no option 'slate'\. Did you mean .*'slate_size'"):
        make_world("Shop-v0", slate=3)
