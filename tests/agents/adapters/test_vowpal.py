"""Vowpal Wabbit as an agent."""

import numpy as np
import pytest
from tests.agents.tiny import CLICK, MOST_CONVERTED, learned, step, two_kinds

from slategym.agents.registry import make_agent
from slategym.agents.scalarizers.base import FixedSum
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

vowpalwabbit = pytest.importorskip("vowpalwabbit", reason='vowpalwabbit is not installed: pip install "slategym[peers]"')


def test_each_kind_of_shopper_gets_what_it_clicks():
    agent, simulation = learned("vowpal-wabbit", two_kinds(), (1.0, 0.0), 4000)
    slate = agent.best(simulation.observe())
    # A slate of the best has 1.17 clicks for its kind, the best for all 0.9.
    assert (np.take_along_axis(CLICK[simulation.shoppers.kind], slate, axis=1) @ [1, 0.6]).mean() > 1.05


def test_purchases_that_become_known_late_are_learned():
    agent, simulation = learned("vowpal-wabbit", two_kinds(delay_by=2, visits=1000), (0.0, 1.0), 4000)
    assert (np.sort(agent.best(simulation.observe()), axis=1) == MOST_CONVERTED).all()


def test_it_learns_from_what_it_shows_by_intent_among_many_items():
    """Clicks a slate of the best by its own reckoning, after 1,500 slates among 150 items; any slate has about 0.25.

    With the weight 1 / p of `--cb_type mtr` the impressions that it is sure of would hardly count.
    """
    agent, simulation = learned("vowpal-wabbit", make_world("ShopBandit-v0", items=150), (1.0, 0.0), 1500, rows=50)
    slate = agent.best(simulation.observe())
    expected, _ = simulation.world.probabilities(simulation.shoppers, slate)
    assert expected.sum(axis=1).mean() > 0.75


def test_propensities_are_those_of_the_draws():
    agent, simulation = learned("vowpal-wabbit", two_kinds(), (1.0, 0.0), 500)
    observation = simulation.observe()[:1].repeat(6000, axis=0)
    decision = agent.act(observation)
    for item in range(8):
        rows = decision.slate[:, 0] == item
        (propensity,) = np.unique(decision.propensity[rows, 0]) if rows.any() else (0.0,)
        assert abs(rows.mean() - propensity) < 4.5 * np.sqrt(0.25 / 6000)
        for after in range(8):
            then = decision.slate[rows, 1] == after
            if then.any():
                (propensity,) = np.unique(decision.propensity[rows, 1][then])
                assert abs(then.mean() - propensity) < 4.5 * np.sqrt(0.25 / rows.sum())
    assert (decision.slate[:, 0] != decision.slate[:, 1]).all()


@pytest.mark.parametrize("explore", ["--epsilon 0.2", "--squarecb", "--softmax --lambda 5", "--bag 3"])
def test_it_is_the_vowpal_wabbit_that_one_would_write_by_hand(explore):
    """The examples that the agent holds and reuses teach and predict what whole texts do."""
    world = make_world("ShopBandit-v0", items=9, categories=3, slate_size=3)
    arguments = f"{explore} --quadratic ci"
    simulation = Simulation(world, 0, 20)
    agent = make_agent("vowpal-wabbit", simulation, 4, FixedSum((1.0, 10.0)), arguments=arguments)
    by_hand = vowpalwabbit.Workspace(f"--cb_explore_adf --quiet --random_seed 4 {arguments} --learning_rate 0.5")

    def numbers(values):
        return " ".join(f"{column}:{value:.9g}" for column, value in enumerate(values.tolist()))

    lines = [f"|i {numbers(features)} |n item{item}" for item, features in enumerate(world.catalog.features)]
    weights = np.array([1.0, 10.0])
    for _ in range(6):
        observation, decision, feedback = step(agent, simulation)
        contexts = [numbers(row) for row in observation[:, world.layout["context"]]]
        cost = -(np.stack([feedback.clicks, feedback.conversions], axis=2).astype(np.float32) @ weights)
        for row, context in enumerate(contexts):
            for rank, item in enumerate(decision.slate[row].tolist()):
                by_hand.learn([f"shared |c {context} |r rank{rank}", f"0:{cost[row, rank]:.9g}:1 {lines[item]}"])
    observation = simulation.observe()
    decision = agent.act(observation)
    for row, context in enumerate(numbers(each) for each in observation[:, world.layout["context"]]):
        left = list(range(9))
        for rank in range(3):
            at_rank = 0 if "--softmax" in explore else rank
            probability = by_hand.predict([f"shared |c {context} |r rank{at_rank}", *(lines[each] for each in left)])
            at = left.index(decision.slate[row, rank])
            np.testing.assert_allclose(decision.propensity[row, rank], probability[at], rtol=1e-5)
            del left[at]
    assert len(np.unique(decision.propensity.round(6))) >= 3  # it has learned something


def test_the_ranks_of_a_softmax_need_one_prediction():
    world = make_world("ShopBandit-v0", items=9, categories=3, slate_size=3)
    simulation = Simulation(world, 0, 20)
    for arguments, predictions in (("--quadratic ci", 20), ("--epsilon 0.1 --quadratic ci", 60)):
        agent = make_agent("vowpal-wabbit", simulation, arguments=arguments)
        workspace, asked = agent.workspace, []

        class Counting:
            example = workspace.example

            def predict(self, examples, workspace=workspace, asked=asked):
                asked.append(len(examples))
                return workspace.predict(examples)

        agent.workspace = Counting()
        agent.act(simulation.observe())
        assert len(asked) == predictions


def test_what_no_probability_is_left_for_is_predicted_again():
    """By so high a lambda the first item has all of the probability."""
    agent, simulation = learned("vowpal-wabbit", two_kinds(), (1.0, 0.0), 1000, softmax=1e6)
    decision = agent.act(simulation.observe())
    assert (decision.slate[:, 0] != decision.slate[:, 1]).all()
    assert ((decision.propensity > 0) & (decision.propensity <= 1)).all()


def test_arguments_that_it_does_not_know_are_refused():
    with pytest.raises(ValueError, match=r"Vowpal Wabbit refuses .*--nonsense.*unrecognised option '--nonsense'"):
        make_agent("vowpal-wabbit", Simulation(two_kinds(), 0, 2), arguments="--nonsense")
