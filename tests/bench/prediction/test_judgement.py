"""Error against the truth, selection bias, profiles and corruption, by known answers."""

import numpy as np
import pytest
from tests.bench.prediction.logged import logged

from slategym.agents.base import Agent, Problem
from slategym.agents.estimates import Estimates
from slategym.bench.prediction.corruption import corrupted
from slategym.bench.prediction.exact import Shown, Truth, errors, examination, selection_bias, shown_in
from slategym.bench.prediction.parts import split
from slategym.bench.prediction.profile import explained
from slategym.sim.worlds import make_world

SHOP = {"items": 12, "categories": 3, "slate_size": 2, "visits": 6}


def test_the_truth_has_no_error():
    world = make_world("Shop-v0", **SHOP)
    truth = Truth.of(world, 0, 300)
    assert truth.click.shape == (300, 2)
    assert {"taste", "segment"} <= set(truth.traits)
    assert "exposure" not in truth.traits
    examined = world.user_model.click_model.examination[:2]
    found = Shown(truth.click / examined, truth.conversion)
    for measured in errors(truth, found.at_ranks(examined)).values():
        assert measured["rmse"] == pytest.approx(0, abs=1e-12)
        assert measured["rank_correlation"] == pytest.approx(1)
    assert selection_bias(truth, truth.conversion) == {"all": 0, "clicked": 0, "difference": 0}
    # Estimates that are too high where clicks are rare are too high over all impressions.
    rare = truth.click < np.median(truth.click)
    bias = selection_bias(truth, truth.conversion + 0.1 * rare)
    assert bias["all"] == pytest.approx(0.1 * rare.mean())
    assert bias["clicked"] == pytest.approx(0.1 * truth.click[rare].sum() / truth.click.sum())
    assert bias["difference"] > 0


def test_truth_is_of_other_shoppers_for_each_seed_and_the_same_for_one():
    world = make_world("Shop-v0", **SHOP)
    first, again, other = (Truth.of(world, seed, 100) for seed in (0, 0, 1))
    assert (first.click == again.click).all()
    assert not (first.click == other.click).all()


def test_examination_is_found():
    random = np.random.default_rng(0)
    click, true = random.random((100_000, 3)) * 0.5, np.array([0.5, 1.0, 0.25])
    clicks = random.random(click.shape) < click * true
    assert examination(Shown(click, click), clicks) == pytest.approx(true, abs=0.02)


def test_shown_are_the_items_of_slates(tmp_path):
    log, world, _ = logged(tmp_path, "ShopBandit-v0", 500, 100, candidates=6, items=12, categories=3, slate_size=2)
    parts = split(log, Problem.of(world), world.visits)

    class Knowing(Agent):
        def estimates(self, observation):
            items = self.problem.candidates_in(observation).astype(np.float32)
            return Estimates(items, -items)

    steps = parts.test
    found = shown_in(Knowing(Problem.of(world)), steps)
    late = log["step"] >= parts.ends[1]
    assert (found.click == log["slate"][late][: len(found.click)]).all()
    assert (found.conversion == -found.click).all()


def test_profile():
    random = np.random.default_rng(1)
    shopper = np.repeat(np.arange(500), 2)
    hidden = random.normal(size=(500, 2))[shopper]
    features = hidden @ random.normal(size=(2, 40)) + 0.01 * random.normal(size=(1000, 40))
    segment = (hidden[:, 0] > 0).astype(np.int8)
    noise = random.normal(size=500)[shopper]
    found = explained(features, {"hidden": hidden, "segment": segment, "noise": noise, "same": np.ones(1000)}, shopper)
    assert found["hidden"] > 0.95
    assert 0.4 < found["segment"] < 0.95
    assert abs(found["noise"]) < 0.2
    assert "same" not in found


def test_corruption(tmp_path):
    log, world, _ = logged(tmp_path, "Shop-v0", 1000, 100, **SHOP)
    problem = Problem.of(world)
    steps = split(log, problem, world.visits).train
    columns, seen = problem.context(), np.concatenate([step[0] for step in steps])
    changed = {}
    for kind in ("missing", "outliers", "labels"):
        for level in (0.1, 0.4):
            some, again = (corrupted(steps, problem, kind, level, 5) for _ in range(2))
            changed[kind, level] = some
            assert all((a[0] == b[0]).all() and (a[2].clicks == b[2].clicks).all() for a, b in zip(some, again, strict=True))
    for kind in ("missing", "outliers"):
        after = np.concatenate([step[0] for step in changed[kind, 0.4]])
        moved = (after != seen)[:, columns]
        assert moved.mean() == pytest.approx(0.4, abs=0.03)
        few = (np.concatenate([step[0] for step in changed[kind, 0.1]]) != seen)[:, columns]
        assert (moved[few]).all()  # a higher level corrupts those and others
        rest = np.delete(after, columns, axis=1)
        assert (rest == np.delete(seen, columns, axis=1)).all()
        mean, at = seen[:, columns].mean(axis=0), np.nonzero(moved)
        factor = (after[:, columns] - mean)[at] / (seen[:, columns] - mean)[at]
        assert factor == pytest.approx(np.full(len(factor), 0 if kind == "missing" else 10), abs=0.2)
    for (_, _, before), (_, _, after) in zip(steps, changed["labels", 0.4], strict=True):
        assert not (after.conversions & ~after.clicks).any()
        gained = after.clicks.sum(axis=1) - before.clicks.sum(axis=1).astype(np.int64)
        assert (after.objectives[:, 0] - before.objectives[:, 0] == gained).all()
    flips = np.mean([(a[2].clicks != b[2].clicks).mean() for a, b in zip(steps, changed["labels", 0.4], strict=True)])
    assert flips == pytest.approx(0.4, abs=0.05)
    with pytest.raises(ValueError, match="kind is 'noise': expected"):
        corrupted(steps, problem, "noise", 0.1, 0)
