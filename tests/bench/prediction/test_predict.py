"""Predictions from Python: what they say, that they repeat, and that models do not depend on each other."""

import json
import warnings

import pytest
from tests.bench.prediction.logged import logged

from slategym.agents.base import Agent, Problem
from slategym.bench.jobs.failures import RunsFailedWarning
from slategym.bench.prediction.models import file_name, make_model
from slategym.bench.prediction.predict import predict
from slategym.logs.log import Log

BANDIT = {"items": 12, "categories": 3, "slate_size": 2}
FEW = {"epochs": 2, "seeds": 2, "earn_slates": 400, "shoppers": 100, "true_slates": 300}
MODELS = ("popularity", "predictor:logistic-regression:batch_size=200")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return logged(tmp_path_factory.mktemp("log"), "ShopBandit-v0", 6000, 200, **BANDIT)


@pytest.fixture(scope="module")
def result(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("out")
    return predict(made[0], MODELS, **FEW, corruption=["labels"], levels=[0.4], folder=folder), folder


def test_a_predictor_is_nearer_to_the_truth_than_popularity(made):
    models = predict(made[0], MODELS, **{**FEW, "epochs": 5, "seeds": 1, "earn_slates": 100})["models"]
    error = {name: model["exact"]["click"]["rmse"] for name, model in models.items()}
    assert error[MODELS[1]] < 0.9 * error["popularity"]


def test_what_it_says(result, made):
    found, folder = result
    assert found["status"] == "finished"
    assert set(found["models"]) == set(MODELS)
    assert found["config"]["parts"] == {"train": 4400, "validation": 800, "test": 800}
    for name, model in found["models"].items():
        assert model["test"]["click"]["count"] == 1600
        assert model["test"]["conversion"]["count"] == round(1600 * model["test"]["click"]["rate"])
        assert 0 < model["exact"]["both"]["rmse"] < model["exact"]["click"]["rmse"] < 0.3
        assert len(model["earnings"]["seeds"]) == 2
        assert [point["level"] for point in model["corruption"]["labels"]] == [0.4]
        assert model["corruption"]["labels"][0]["click"] > 1.5 * model["exact"]["click"]["rmse"]
        assert (model["fit"] is None) == (name == "popularity")
    assert sorted(found["orders"]["value"]) == sorted(MODELS)
    costs = json.loads((folder / "costs.json").read_text())["models"]
    assert all(each["bytes"] > 1000 and each["seconds"] > 0 and each["microseconds"] > 0 for each in costs.values())
    for name in MODELS:
        agent = Agent.load(folder / "models" / f"{file_name(name, MODELS)}.agent", made[1])
        assert agent.slates == 4400


def test_the_same_again_in_another_order_and_alone(result, made):
    found, _ = result
    again = predict(made[0], MODELS[::-1], **FEW, corruption=["labels"], levels=[0.4])
    assert again["models"] == found["models"]
    assert again["orders"] == found["orders"]


def test_runs_too_short_for_episodes_are_ordered_per_slate(tmp_path):
    log, _, _ = logged(tmp_path, "Shop-v0", 1500, 50, visits=6, **BANDIT)
    found = predict(log, ["popularity"], seeds=1, earn_slates=50, shoppers=50, true_slates=100)
    assert (found["config"]["rank_by"], found["ranked_by"]) == ("value_per_episode", "value")
    assert "too short for whole episodes" in found["notes"][0]
    longer = predict(log, ["popularity"], seeds=1, earn_slates=1000, shoppers=50, true_slates=100)
    assert (longer["ranked_by"], longer["notes"]) == ("value_per_episode", [])


def test_finished_models_are_kept(result, made, monkeypatch):
    found, folder = result
    monkeypatch.setattr("slategym.bench.prediction.prediction.train", None)
    again = predict(made[0], MODELS, **FEW, corruption=["labels"], levels=[0.4], folder=folder)
    assert again["models"] == found["models"]


def test_one_that_fails_fails_alone(made, monkeypatch):
    def broken(agent, *arguments):
        if agent.name != "popularity":
            raise RuntimeError("it broke")

    monkeypatch.setattr("slategym.bench.prediction.prediction.train", broken)
    with pytest.warns(RunsFailedWarning, match="1 of 2 runs failed; the first was predictor"):
        found = predict(made[0], MODELS, **FEW)
    assert (found["status"], list(found["models"])) == ("failed", ["popularity"])
    assert "RuntimeError: it broke" in found["failed"][0]["error"]


def test_it_can_be_stopped(made):
    asked = []
    found = predict(made[0], MODELS, **FEW, stop=lambda: asked.append(1) or len(asked) > 1)
    assert found["status"] == "interrupted"
    assert found["models"] == {}


def test_refused(made):
    log, world, _ = made
    cases = [
        (["random"], {}, "random does not estimate clicks and conversions"),
        (["popularity", "popularity"], {}, "models names 'popularity' twice"),
        ([], {}, "models is empty"),
        (["predictor:mpl"], {}, "predictor:mlp"),
        (["oracle"], {}, "reads the simulation"),
        (["popularity"], {"corruption": ["noise"]}, "corruption is 'noise': expected missing, outliers or labels"),
        (["popularity"], {"levels": [0.0]}, "expected different numbers above 0 to 1"),
        (["popularity"], {"epochs": 0}, "epochs is 0"),
    ]
    for models, options, message in cases:
        with pytest.raises(ValueError, match=message):
            predict(log, models, **options)
    about = {**log.about, "world": "another"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="has changed since the log was written: the world differs"):
            predict(Log(about, log.status, log.columns, log.rows), ["popularity"])
    assert make_model("logistic-ts", Problem.of(world), 0).name == "logistic-ts"


def test_file_names():
    assert file_name("predictor:mlp:hidden=8", ["predictor:mlp:hidden=8"]) == "predictor-mlp-hidden=8"
    names = ["a:b", "a/b", "c"]
    assert [file_name(name, names) for name in names] == ["a-b-1", "a-b-2", "c"]
