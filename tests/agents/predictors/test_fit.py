"""Epochs over a log: early stopping, the best weights, and learning that goes on."""

import numpy as np
import pytest
from tests.bench.prediction.logged import logged

from slategym.agents.base import Problem
from slategym.agents.common.shopper_memory import kept_of
from slategym.agents.from_log.following import followed
from slategym.agents.predictors import fit as module
from slategym.agents.predictors.fit import fit, predicted, validation_loss
from slategym.agents.registry import make_for
from slategym.bench.prediction.parts import split
from slategym.utils.storage.fingerprint import fingerprint

BANDIT = {"items": 12, "categories": 3, "slate_size": 2}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    log, world, _ = logged(tmp_path_factory.mktemp("log"), "ShopBandit-v0", 6000, 200, **BANDIT)
    return Problem.of(world), split(log, Problem.of(world), world.visits)


def new(made, name="predictor:logistic-regression", **options):
    return make_for(name, made[0], 0, batch_size=200, **options)


def weights(agent):
    return fingerprint({name: value.numpy() for name, value in agent.networks.state_dict().items()})


def test_stops_after_patience_with_the_best_weights(made, monkeypatch):
    losses, states = iter([5.0, 3.0, 4.0, 3.5, 3.0, 1.0]), []

    def told(agent, steps):
        states.append(weights(agent))
        return next(losses)

    monkeypatch.setattr(module, "validation_loss", told)
    agent, done = new(made), []
    history = fit(agent, made[1].train, made[1].validation, epochs=10, patience=3, progress=done.append)
    assert history.validation == (5.0, 3.0, 4.0, 3.5, 3.0)
    assert (history.best, history.stopped, done) == (2, True, [1, 2, 3, 4, 5])
    assert weights(agent) == states[1] != states[-1]


def test_runs_all_epochs_while_it_gets_better(made):
    agent = new(made)
    before = validation_loss(agent, made[1].validation)
    history = fit(agent, made[1].train, made[1].validation, epochs=3, patience=3)
    assert len(history.training) == len(history.validation) == 3
    assert not history.stopped
    assert min(history.validation) == history.validation[history.best - 1] < before
    assert validation_loss(agent, made[1].validation) == history.validation[history.best - 1]


def test_learns_the_examination_and_the_normaliser(made):
    agent = new(made)
    fit(agent, made[1].train, made[1].validation, epochs=2)
    observation = np.concatenate([step[0] for step in made[1].train])[:, agent.columns]
    assert agent.normalizer.mean == pytest.approx(observation.mean(axis=0), abs=1e-4)
    clicks = np.concatenate([step[2].clicks for step in made[1].train]).sum(axis=0)
    # Slates are random, so that examination is the ratio of clicks; its prior weighs 20 clicks.
    assert agent.position_bias.relative[1] == pytest.approx(clicks[1] / clicks[0], abs=0.15)
    given = new(made, examination=[1.0, 0.5])
    fit(given, made[1].train, made[1].validation, epochs=1)
    assert given.position_bias.relative.tolist() == [1.0, 0.5]


def test_goes_on_online_and_is_repeatable(made):
    first, second = new(made), new(made)
    for agent in (first, second):
        fit(agent, made[1].train, made[1].validation, epochs=1)
        assert "learn" not in vars(agent)
        assert agent.slates == len(agent.replay) == sum(len(step[0]) for step in made[1].train)
    assert weights(first) == weights(second)
    before = weights(first)
    first.update(*made[1].test[0])
    assert weights(first) != before
    assert len(first.replay) == len(second.replay) + 200


def test_conversions_are_all_known(tmp_path):
    log, world, _ = logged(tmp_path, "Shop-v0", 2000, 100, visits=6, **BANDIT)
    parts = split(log, Problem.of(world), world.visits)
    agent = make_for("predictor:logistic-regression", Problem.of(world), 0)
    fit(agent, parts.train, parts.validation, epochs=1)
    assert (agent.replay.elapsed(np.arange(len(agent.replay))) >= world.user_model.longest_delay).all()
    joined = log.join_delayed()
    early = joined["step"] < parts.ends[0]
    assert agent.replay.conversions[: early.sum()].sum() == joined["conversions"][early].sum()
    assert agent.replay.starts == []


def test_ensembles_and_replays_smaller_than_the_log(made):
    agent = new(made, exploration="ensemble", members=2, replay=500)
    history = fit(agent, made[1].train, made[1].validation, epochs=1)
    assert np.isfinite(history.validation).all()
    assert len(agent.replay) == 500


@pytest.mark.parametrize("options", [{}, {"exploration": "ensemble", "members": 2}])
def test_predicted_are_the_estimates_of_the_items_shown(made, options):
    agent = new(made, "predictor:mlp", **options)
    agent.update(*made[1].train[0])
    observation, decision, _ = made[1].test[0]
    some, every = predicted(agent, observation, decision.slate), agent.estimates(observation)
    for name in ("click", "conversion"):
        expected = np.take_along_axis(getattr(every, name), decision.slate, axis=1)
        assert getattr(some, name) == pytest.approx(expected, abs=1e-6)


def test_sequence_networks_learn_what_was_clicked_before(tmp_path):
    log, world, _ = logged(tmp_path, "Shop-v0", 2000, 50, visits=6, **BANDIT)
    parts = split(log, Problem.of(world), world.visits)
    agent = make_for("predictor:gru", Problem.of(world), 0)
    before = kept_of(agent)
    history = fit(agent, parts.train, parts.validation, epochs=1)
    assert np.isfinite(history.validation).all()
    trained = [agent.clicked_last.of(50) for _ in followed(agent, parts.train, before)]
    assert (np.concatenate(trained) == agent.replay.history[: len(agent.replay)]).all()
    observation, decision, _ = parts.test[0]
    some = predicted(agent, observation, decision.slate).click
    agent.clicked_last.forget_shoppers()
    assert not np.allclose(predicted(agent, observation, decision.slate).click, some)


def test_refused(made):
    with pytest.raises(ValueError, match="validation is empty"):
        fit(new(made), made[1].train, [])
    with pytest.raises(ValueError, match="slates is empty"):
        fit(new(made), [], made[1].validation)
    with pytest.raises(ValueError, match="epochs is 0: expected"):
        fit(new(made), made[1].train, made[1].validation, epochs=0)
