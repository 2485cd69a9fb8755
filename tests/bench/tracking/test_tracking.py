"""Tracking: what a tracker is told, that it changes no number, and the files of the tracker that needs nothing."""

import csv
import json
import sys
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from slategym.bench import compare, run
from slategym.bench.comparison.metrics import summary
from slategym.bench.comparison.results import configuration
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.bench.jobs.store import RunStore
from slategym.bench.prediction.predict import plan_prediction
from slategym.bench.tracking.follower import POINTS
from slategym.bench.tracking.system import System, memory_bytes
from slategym.bench.tracking.tracker import Tracker, Tracking, file_name, numbers
from slategym.scripts.main import app
from slategym.sim.worlds import make_world

TINY = "Shop-v0:items=12,categories=3,slate_size=2,visits=3"
WORLD = make_world("Shop-v0", items=12, categories=3, slate_size=2, visits=3)
OPEN = {}  # the trackers of a comparison, by the name of the run


class Kept:
    """Keeps what it is told."""

    def __init__(self, name=""):
        self.name, self.config, self.steps, self.results = name, None, [], None

    def on_start(self, config):
        self.config = dict(config)

    def on_step(self, step, metrics):
        self.steps.append((step, dict(metrics)))

    def on_finish(self, results):
        self.results = dict(results)


def kept(name):
    OPEN[name] = Kept(name)
    return OPEN[name]


def told(tracker, name):
    return np.array([metrics[name] for _, metrics in tracker.steps])


def read(path):
    with path.open() as file:
        return [(int(row["slates"]), row["metric"], float(row["value"])) for row in csv.DictReader(file)]


def test_it_is_told_the_means_of_each_part():
    tracker = Kept()
    assert isinstance(tracker, Tracker)
    trace = run(WORLD, "lin-ts", 6000, 1, shoppers=20, track=tracker, exact="every")
    assert (tracker.config["agent"], tracker.config["slates"], tracker.config["seed"]) == ("lin-ts", 6000, 1)
    assert [step for step, _ in tracker.steps] == list(range(60, 6001, 60))
    assert len(tracker.steps) == POINTS
    parts = trace.objectives.reshape(POINTS, 3, 2).mean(axis=1)
    np.testing.assert_allclose(told(tracker, "clicks_per_slate"), parts[:, 0])
    np.testing.assert_allclose(told(tracker, "value_per_slate"), parts @ [1, 10])
    np.testing.assert_allclose(told(tracker, "weight_of_conversion"), 10 / 11)
    regret = (trace.best - trace.expected) @ [1, 10]
    known = [(step, metrics["regret_per_slate"]) for step, metrics in tracker.steps if "regret_per_slate" in metrics]
    # A value is of all that were evaluated since the one before.
    ends = [int((trace.evaluated > 0)[: step // 20].sum()) for step, _ in known]
    assert known
    assert abs(np.mean([value for _, value in known]) - regret[: ends[-1]].mean()) < 0.2 * regret.mean()
    for name in ("share_of_oracle", "value_per_episode", "clicks_per_episode", "visits_per_episode", "slates_per_second"):
        assert any(name in metrics for _, metrics in tracker.steps), name
    assert tracker.results["status"] == "finished"
    whole = summary(trace, WORLD.weights)
    assert tracker.results["value_per_slate"] == pytest.approx(whole["value"])


def test_its_episodes_are_those_that_ended():
    tracker = Kept()
    trace = run(WORLD, "random", 3000, 2, shoppers=10, track=tracker, staggered=False)
    visits = told(tracker, "visits_per_episode")  # every part of three steps ends an episode of three visits, or shorter ones
    assert len(visits) == POINTS
    assert (visits <= 3).all()
    assert visits.mean() == pytest.approx(trace.episodes.length.mean(), rel=0.1)


@pytest.mark.parametrize("agent", ["lin-ts", "predictor:mlp", "sb3:PPO:n_steps=4"])
def test_it_changes_no_number_and_is_told_losses(agent):
    tracker = Kept()
    traces = [run(WORLD, agent, 300, 5, shoppers=20, track=track) for track in (None, tracker)]
    for name in ("objectives", "expected", "best", "weights"):
        np.testing.assert_array_equal(*(getattr(trace, name) for trace in traces))
    last = {name for _, metrics in tracker.steps for name in metrics}
    assert {"predictor:mlp": "loss", "sb3:PPO:n_steps=4": "train/loss", "lin-ts": "value_per_slate"}[agent] in last


def test_of_a_scalarizer_it_has_the_weights_that_move():
    tracker = Kept()
    run(WORLD, "lin-ts", 2000, shoppers=20, scalarizer="nash", track=tracker)
    weights = told(tracker, "weight_of_click")
    assert len(np.unique(weights.round(6))) > 10
    assert not any("share_of_oracle" in metrics or "value_per_episode" in metrics for _, metrics in tracker.steps)


def test_an_interrupted_run_tells_the_same_once_it_goes_on(tmp_path):
    whole, first, second = Kept(), Kept(), Kept()
    run(WORLD, "random", 2000, shoppers=20, track=whole)
    shown = []
    stop = lambda: len(shown) >= 37  # noqa: E731
    checkpoints = Checkpoints(tmp_path, "run", "print", 1000)
    run(WORLD, "random", 2000, shoppers=20, track=first, checkpoints=checkpoints, progress=shown.append, stop=stop)
    assert first.results["status"] == "interrupted"
    run(WORLD, "random", 2000, shoppers=20, track=second, checkpoints=Checkpoints(tmp_path, "run", "print", 1000))
    assert second.results["status"] == "finished"
    assert len(whole.steps) == len(second.steps) == POINTS
    for (step, before), (other, after) in zip(whole.steps, second.steps, strict=True):
        assert step == other
        for name in ("value_per_slate", "clicks_per_slate", "visits_per_episode"):
            assert before.get(name) == pytest.approx(after.get(name))


def test_a_failure_is_told():
    class Broken:
        name = "broken"

        def __init__(self, *given):
            pass

        def act(self, observation):
            raise RuntimeError("of a kind")

        def update(self, observation, decision, feedback):
            pass

    tracker = Kept()
    with pytest.raises(RuntimeError, match="of a kind"):
        run(WORLD, Broken, 100, shoppers=10, track=tracker)
    assert tracker.results == {"status": "failed", "error": "RuntimeError: of a kind"}


def test_each_run_of_a_comparison_and_the_whole():
    OPEN.clear()
    options = {"slates": 400, "seeds": 2, "shoppers": 10, "processes": 1}
    results = compare(WORLD, ["random", "lin-ts"], **options, track=kept)
    assert set(OPEN) == {"comparison", *(f"{agent} seed {seed}" for agent in ("random", "lin-ts") for seed in (0, 1))}
    assert OPEN["comparison"].config["agents"] == ["random", "lin-ts"]
    assert OPEN["comparison"].results["agents"] == results["agents"]
    alone = compare(WORLD, ["random", "lin-ts"], **options)
    for name, agent in results["agents"].items():
        assert agent["value"] == alone["agents"][name]["value"]


def test_the_files_of_the_tracker_that_needs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(WORLD, "random", 400, 3, shoppers=20, track="csv")
    rows = read(tmp_path / "tracking/random-seed-3.csv")
    assert {step for step, _, _ in rows} == set(range(20, 401, 20))
    content = json.loads((tmp_path / "tracking/random-seed-3.json").read_text())
    assert (content["config"]["seed"], content["results"]["status"]) == (3, "finished")
    clicks = [value for _, name, value in rows if name == "clicks_per_slate"]
    assert np.mean(clicks) == pytest.approx(content["results"]["clicks_per_slate"])


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["benchmark", "--agent", "random", "--seeds", "1"], ["Shop-v0", "random-seed-0"]),
        (["simulate", "--agent", "random"], ["random-in-Shop-v0", "random-seed-0"]),
    ],
)
def test_on_the_command_line(words, names, tmp_path):
    said = CliRunner().invoke(
        app, [*words, "--world", TINY, "--slates", "60", "--shoppers", "5", "--track", "csv", "--out", str(tmp_path)]
    )
    assert said.exit_code == 0, said.output
    assert sorted(path.name for path in (tmp_path / "tracking").iterdir()) == sorted(
        f"{name}.{kind}" for name in names for kind in ("csv", "json")
    )
    assert "track" not in (tmp_path / "config.toml").read_text()
    content = json.loads((tmp_path / "tracking" / f"{names[0]}.json").read_text())
    artifacts = {path.rpartition("/")[2] for path in content["results"]["artifacts"]}
    log = {path.name for path in (tmp_path / "log").iterdir()} if words[0] == "simulate" else set()
    assert artifacts == {"config.toml", *(log | {"run.json"} if log else {"results.json", "report.html"})}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cvs", "there is no tracker 'cvs'. Did you mean 'csv'"),
        ("csv:colour=red", "tracker 'csv' has no option 'colour'"),
    ],
)
def test_mistakes_are_refused_before_a_run(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        Tracking(text)
    said = CliRunner().invoke(app, ["benchmark", "--world", TINY, "--track", text, "--out", str(tmp_path / "out")])
    assert said.exit_code == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "trackio"])
def test_a_missing_library_is_told_with_the_command(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'pip install "slategym\[track\]"'):
        Tracking(name)


def test_names_and_numbers():
    assert file_name("lin-ts:alpha=0.1 seed 3") == "lin-ts-alpha=0.1-seed-3"
    assert numbers({"a": {"b": 1, "c": "x"}, "d": 2.5, "e": True, "f": None}) == {"a.b": 1.0, "d": 2.5}


def test_the_process_is_measured():
    system = System()
    small = memory_bytes()
    held = np.ones(20_000_000)  # 160 MB
    deadline = time.process_time() + 0.2
    while time.process_time() < deadline:
        pass
    found = system.measure()
    assert held.nbytes * 0.8 < memory_bytes() - small < held.nbytes * 1.5
    assert found["memory_megabytes"] == pytest.approx(memory_bytes() / 1e6, rel=0.1)
    assert 0.02 < found["cpu_cores"] < 1.5
    time.sleep(0.3)
    assert system.measure()["cpu_cores"] < 0.5


def test_each_step_tells_of_the_system():
    tracker = Kept()
    run(WORLD, "random", 400, shoppers=20, track=tracker)
    assert (told(tracker, "memory_megabytes") > 1).all()
    assert (told(tracker, "cpu_cores") >= 0).all()


def test_a_training_tells_its_losses_by_epoch(tmp_path):
    OPEN.clear()
    store = RunStore(tmp_path / "runs", None, kept)
    options = {"items": 12, "categories": 3, "slate_size": 2, "visits": 3}
    with LogWriter(tmp_path / "log", WORLD, configuration(WORLD, options, agent="random")) as log:
        run(WORLD, "random", 2000, shoppers=50, log=log, exact="off")
    mlp = "predictor:mlp:hidden=8,width=4"
    planned = plan_prediction(tmp_path / "log", [mlp, "popularity"], epochs=3, seeds=1, earn_slates=200)
    found = planned.run(store=store)["models"]
    assert set(OPEN) == {f"{name} {part}" for name in map(plain, found) for part in ("training", "run 0")}
    tracker, history = OPEN[f"{plain(mlp)} training"], found[mlp]["fit"]
    assert told(tracker, "training_loss").tolist() == pytest.approx(history["training"])
    assert told(tracker, "validation_loss").tolist() == pytest.approx(history["validation"])
    learned = planned.config["parts"]["train"]
    assert [step for step, _ in tracker.steps] == [learned * epoch for epoch in range(1, len(history["training"]) + 1)]
    assert tracker.results["test"] == found[mlp]["test"]
    other = OPEN["popularity training"]
    assert (other.steps, other.results["status"]) == ([], "finished")


def plain(name):
    return "".join(letter if letter.isalnum() or letter in "-_.=" else "-" for letter in name)
