"""The forms of the linear agents: the disjoint one by hand, the shared one, and all of them as agents."""

import numpy as np
import pytest
from tests.agents.tiny import step

from slategym.agents.base import Agent
from slategym.agents.linear.disjoint import DisjointModel
from slategym.agents.linear.forms import FORMS
from slategym.agents.linear.hybrid import HybridModel
from slategym.agents.linear.shared import SharedModel
from slategym.agents.linear.statistics import Shopper
from slategym.agents.registry import make_agent
from slategym.agents.scalarizers import Reference, make_scalarizer
from slategym.sim.simulation import Simulation
from slategym.sim.worlds import make_world

N, M, K, CONTEXT, RIDGE = 400, 6, 3, 2, 0.5
SCALARIZERS = ("fixed", "nash", "chebyshev", "augmented-chebyshev", "lagrangian:click>=0.5,maximize=conversion", "gini")


def data(pressure, seed=0, shoppers=N):
    random = np.random.default_rng(seed)
    context = random.normal(3, 2, (shoppers, CONTEXT + 1)).astype(np.float32)
    context[:, 0] = 1
    load = random.random((shoppers, M), np.float32) if pressure else None
    slate = random.permuted(np.tile(np.arange(M), (shoppers, 1)), axis=1)[:, :K]
    outcomes = (random.random((shoppers, K, 2)) < [0.4, 0.1]).astype(np.float32)
    return Shopper(context, load), slate, outcomes


def model(kind, pressure, **options):
    features = np.random.default_rng(1).normal(size=(M, 2)).astype(np.float32)
    return kind(features, K, CONTEXT, pressure, 2, 0, RIDGE, 2.0, **options)


@pytest.mark.parametrize("pressure", [False, True])
def test_disjoint_is_a_ridge_regression_for_each_item(pressure):
    fitted = model(DisjointModel, pressure)
    (shopper, slate, outcomes), examination = data(pressure), fitted.position_bias.relative.copy()
    fitted.add(shopper, slate, outcomes)
    late = np.array([[0, 1], [0, 1]], np.float32)
    fitted.add_delayed(shopper.take(slice(0, 2)), slate[:2, 0], late)
    outcomes[:2, 0] += late
    fitted.solve()
    # By hand: the context is standardised over the impressions as they were examined, so each shopper counts alike.
    mean, spread = shopper.context[:, 1:].mean(axis=0, dtype=float), shopper.context[:, 1:].std(axis=0, dtype=float)

    def x(who, items):
        context = np.concatenate([np.ones((len(who.context), 1)), (who.context[:, 1:] - mean) / spread], axis=1)
        return context if who.pressure is None else np.concatenate([context, who.pressure[:, items, None][:, 0]], axis=1)

    for_a_click = (N * examination.sum() + 100) / (outcomes[:, :, 0].sum() + 1)
    some = data(pressure, 2, 30)[0]
    means, widths = fitted.mean(some, np.array([1.0, 10.0])), fitted.width(some)
    for item in range(M):
        rows, ranks = np.nonzero(slate == item)
        own, fresh = x(shopper, [item])[rows], x(some, [item])
        precision = (own * examination[ranks, None]).T @ own + RIDGE * for_a_click * (CONTEXT + 1) * np.eye(own.shape[1])
        theta = np.linalg.solve(precision, own.T @ outcomes[rows, ranks])
        np.testing.assert_allclose(means[:, item], fresh @ theta @ [1, 10], rtol=1e-3, atol=1e-4)
        expected = np.sqrt(np.einsum("np,pq,nq->n", fresh, np.linalg.inv(precision), fresh))
        np.testing.assert_allclose(widths[:, item], expected, rtol=1e-3)
    one = Shopper(np.tile(some.context[:1], (20_000, 1)), None if not pressure else np.tile(some.pressure[:1], (20_000, 1)))
    noise = fitted.noise(one, np.random.Generator(np.random.Philox(3)))
    np.testing.assert_allclose(noise.std(axis=0), widths[0], rtol=5 / np.sqrt(2 * 20_000))
    assert abs(np.corrcoef(noise.T) - np.eye(M)).max() < 5 / np.sqrt(20_000)


@pytest.mark.parametrize("kind", FORMS.values())
@pytest.mark.parametrize("pressure", [False, True])
def test_candidates_have_the_scores_of_all_items(kind, pressure):
    fitted = model(kind, pressure)
    for seed in range(3):
        fitted.add(*data(pressure, seed))
        fitted.solve()
    some = data(pressure, 9, 20)[0]
    candidates = np.random.default_rng(0).permuted(np.tile(np.arange(M), (20, 1)), axis=1)[:, :4]
    among, weights = Shopper(some.context, some.pressure, None, candidates), np.array([1.0, 10.0])
    for every, few in ((fitted.mean(some, weights), fitted.mean(among, weights)), (fitted.width(some), fitted.width(among))):
        np.testing.assert_allclose(few, np.take_along_axis(every, candidates, axis=1), rtol=1e-3, atol=1e-5)


def test_shared_knows_no_item_by_itself():
    """It is what the hybrid becomes where intercepts are held to be 0, and items of the same features have the same scores."""
    shared, held = model(SharedModel, True), model(HybridModel, True)
    held.item_ridge = 1e9
    for each in (shared, held):
        each.add(*data(True))
        each.solve()
    some, weights = data(True, 2, 30)[0], np.array([1.0, 10.0])
    np.testing.assert_allclose(shared.mean(some, weights), held.mean(some, weights), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(shared.width(some), held.width(some), rtol=1e-3)


@pytest.mark.parametrize("kind", FORMS.values())
def test_a_change_of_frame_changes_no_score(kind):
    (shopper, slate, outcomes), into = data(True), np.array([[1, 0, 0], [0.5, 2, 0], [-1, 0, 0.25]])
    some, scores = data(True, 2, 30)[0], []
    for moved in (False, True):
        fitted = model(kind, True, window=1000, halflife=500.0)
        fitted.add(shopper, slate, outcomes)
        if moved:
            fitted.memory.carry(into)
        fitted.solve()
        context = (some.context @ into.T).astype(np.float32) if moved else some.context
        scores.append(fitted.mean(Shopper(context, some.pressure), np.array([1.0, 10.0])))
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["lin-ucb", "lin-ts", "lin-epsilon-greedy"])
@pytest.mark.parametrize("form", ["disjoint", "shared", "hybrid"])
@pytest.mark.parametrize("scalarizer", SCALARIZERS)
def test_every_form_takes_every_scalarizer_and_is_saved(name, form, scalarizer, tmp_path):
    world = make_world("Shop-v0", items=24, categories=4, slate_size=3, visits=5, objectives="click,conversion,revenue,diversity")
    simulation = Simulation(world, 0, 50)
    reference = Reference(utopia=np.full(4, 3.0), disagreement=np.full(4, -1.0))
    made = make_scalarizer(scalarizer, world.objective_names, reference, weights=(1.0, 10.0, 1.0, 1.0))
    agent = make_agent(name, simulation, 0, made, form=form, window=170, halflife=400.0, restarts=True)
    for _ in range(8):
        step(agent, simulation)
    agent.save(tmp_path / "agent")
    loaded = Agent.load(tmp_path / "agent", world)
    observation = simulation.observe()
    for _ in range(2):
        np.testing.assert_array_equal(agent.act(observation).slate, loaded.act(observation).slate)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rows", [1, 4096])
def test_batches_of_one_and_of_thousands(form, rows):
    simulation = Simulation(make_world("Shop-v0", items=40), 0, rows)
    agent = make_agent("lin-ts", simulation, 0, form=form)
    for _ in range(4):
        _, decision, _ = step(agent, simulation)
        assert all(len(set(slate)) == 5 for slate in decision.slate.tolist())
