"""Directions in the agent: what improves, who has a say, and what a sum would be."""

import numpy as np
import pytest
from tests.agents.tiny import step

from slategym.agents.policy_gradient.directions.names import DIRECTIONS
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers import make_scalarizer
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world


def learned(name, steps=12, weights=(1.0, 10.0), rows=250, items=60, objectives=("click", "conversion"), **options):
    """The expected objectives of the agent's best slates for fresh shoppers, before and after some steps."""
    world = make_world("ShopBandit-v0", items=items, categories=6, slate_size=3, objectives=objectives, **options)
    shop, shoppers = Simulation(world, 0, rows), world.shoppers(9, np.arange(1000))
    agent = make_agent("policy-gradient", shop, 0, FixedSum(weights), direction=name)
    start = world.expected(shoppers, agent.best(world.observe(shoppers))).mean(axis=0)
    for _ in range(steps):
        step(agent, shop)
    return start, world.expected(shoppers, agent.best(world.observe(shoppers))).mean(axis=0)


LEAST = pytest.mark.xfail(reason="aligned-mtl among candidates raises clicks by a quarter and conversions threefold")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        pytest.param(name, candidates, marks=[LEAST] * ((name, candidates) == ("aligned-mtl", 20)))
        for name in DIRECTIONS
        for candidates in (None, 20)
    ],
)
def test_every_objective_improves(name, candidates):
    start, end = learned(name, 60, rows=500, candidates=candidates)
    assert (end > 1.3 * start).all(), (start, end)
    start, end = learned(
        name, 60, (1.0, 10.0, 0.1), rows=500, candidates=candidates, objectives=("click", "conversion", "profit")
    )
    assert (end > 1.2 * start).all(), (start, end)


@pytest.mark.parametrize("name", DIRECTIONS)
def test_weights_have_a_say_where_that_is_said(name):
    """Other weights, other slates; but never of the directions without weights."""
    ends = [learned(name, 8, weights)[1] for weights in ((1.0, 10.0), (1e3, 1e-3))]
    assert np.allclose(*ends, rtol=1e-9) == (not DIRECTIONS[name].weighted)


@pytest.mark.parametrize("name", ["upgrad", "dual-projection", "pcgrad", "cagrad"])
def test_what_has_no_weight_has_no_say(name):
    """With all weight on clicks each of these is the gradient of clicks, up to rounding."""
    ends = [learned(direction, 8, (1.0, 0.0))[1] for direction in (name, "sum")]
    np.testing.assert_allclose(*ends, rtol=1e-4)


@pytest.mark.parametrize("name", DIRECTIONS)
def test_objectives_that_are_to_fall_and_that_nothing_changes(name):
    """A negative weight turns an objective round; one that no slate changes is left out."""
    world = make_world("ShopBandit-v0", items=30, categories=5, slate_size=3, objectives=("click", "conversion", "diversity"))
    shop = Simulation(world, 0, 100)
    goal = make_scalarizer("lagrangian:click<=0.1,diversity>=0.9,maximize=conversion", world.objective_names)
    agent = make_agent("policy-gradient", shop, 0, goal, direction=name, batch_size=50)
    before = agent.scores(shop.observe())
    for _ in range(6):
        step(agent, shop)
    assert (agent.weights < 0).any()
    after = agent.scores(shop.observe())
    assert np.isfinite(after).all()
    assert not np.allclose(before, after)


def test_unknown_directions_are_refused():
    shop = Simulation(make_world("ShopBandit-v0", items=30, categories=5, slate_size=3), 0, 10)
    with pytest.raises(ValueError, match="direction is 'up': expected 'sum' or 'nash' or 'mgda'"):
        make_agent("policy-gradient", shop, direction="up")
