"""Propensities by repeated draws are those of the slates that are drawn."""

import numpy as np
import pytest

from slategym import Simulation, make_world
from slategym.agents.choosing.repeated_draws import draw_by_rank
from slategym.agents.registry import make_agent
from slategym.bench import read_log, run
from slategym.bench.execution.log_writer import LogWriter
from slategym.sim.choice import Choice
from slategym.sim.rules import SlateRules


def test_propensities_match_what_is_drawn():
    """Scores with Gumbel noise: the propensities of a Plackett-Luce model, which has them in closed form."""
    random, logits = np.random.default_rng(0), np.array([1.0, 0.5, 0.0, -1.0])
    n, draws = 20_000, 400

    def draw():
        return (logits + random.gumbel(size=(n, 4))).astype(np.float32)

    choice = Choice(np.ones((n, 4), np.bool_), 3, np.zeros(4, np.int64), SlateRules())
    slate, propensity = draw_by_rank(draw, choice, draws)
    assert all(len(set(row)) == 3 for row in slate[:100].tolist())
    weight = np.exp(logits)[slate]
    above = np.cumsum(weight, axis=1) - weight
    exact = weight / (np.exp(logits).sum() - above)
    # Each estimate counts the choice itself: (1 + a binomial) / (1 + draws).
    expected = (1 + draws * exact) / (1 + draws)
    error = (propensity - expected) / np.sqrt(exact * (1 - exact) / draws)
    assert abs(error.mean()) < 0.02
    assert 0.97 < error.std() < 1.03
    first = np.bincount(slate[:, 0], minlength=4) / n
    np.testing.assert_allclose(first, np.exp(logits) / np.exp(logits).sum(), atol=4 * 0.5 / np.sqrt(n))


@pytest.mark.quick("logistic-ts")
@pytest.mark.parametrize("name", ["lin-ts", "logistic-ts"])
def test_thompson_agents_estimate_their_propensities_and_logs_say_so(name, tmp_path):
    world = make_world("ShopBandit-v0", items=12, categories=3, slate_size=2)
    simulation = Simulation(world, 0, 50)
    agent = make_agent(f"{name}:propensity_draws=20", simulation)
    decision = agent.act(simulation.observe())
    assert decision.estimated
    assert (decision.propensity * 21 % 1 < 1e-5).all() or np.allclose(
        decision.propensity * 21, np.round(decision.propensity * 21)
    )
    assert decision.propensity.min() >= 1 / 21 - 1e-7
    for text, estimated in ((f"{name}:propensity_draws=5", True), (name, False), ("random", False)):
        folder = tmp_path / text.replace(":", "-")
        with LogWriter(folder, world, {}) as log:
            run(world, text, 200, 0, shoppers=50, log=log)
        assert read_log(folder).about["estimated_propensities"] is estimated


def test_masks_and_rules_are_kept_to():
    world = make_world("ShopBandit-v0", items=12, categories=3, slate_size=3, rules=SlateRules(at_most=1))
    simulation = Simulation(world, 0, 200)
    agent = make_agent("lin-ts:propensity_draws=10", simulation)
    allowed = np.arange(12) != 4
    decision = agent.act(simulation.observe(), allowed=allowed)
    assert not (decision.slate == 4).any()
    assert all(len(set(row)) == 3 for row in world.catalog.category[decision.slate].tolist())
    assert (decision.propensity[:, 2] < 1).any()
