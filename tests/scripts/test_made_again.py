"""Every command that runs something writes config.toml and names version, fingerprint and the command that makes it again."""

import json
import shlex
import tomllib

import pytest
from typer.testing import CliRunner

from slategym import __version__
from slategym.bench.performance import scaling
from slategym.scripts.main import app

TINY = "Shop-v0:items=12,categories=3,slate_size=2,visits=3"
# The file of the results, and the command but for where it writes.
COMMANDS = {
    "simulate": ("run.json", f"--world {TINY} --agent popularity --slates 60 --shoppers 5"),
    "replay": ("replay.json", "LOG --agent random --agent popularity"),
    "fit": ("certificate.json", "LOG --click-model position-based --agent random --agent popularity --slates 200 --seeds 2"),
    "evaluate": ("evaluation.json", "LOG --policy popularity --policy random --estimator snipw --ranks 1"),
    "benchmark": ("results.json", f"--world {TINY} --agent random --slates 60 --shoppers 5 --seeds 1 --processes 1"),
    "experiment": ("experiment.json", f"random popularity --world {TINY} --slates 200 --shoppers 5 --seeds 1 --processes 1"),
    "tune": (
        "tuning.json",
        f"--agent lin-ts --world {TINY} --slates 60 --shoppers 5 --seeds 1 --judge-seeds 1 --trials 1 --processes 1",
    ),
    "pareto": (
        "pareto.json",
        f"--world {TINY} --agent popularity --slates 60 --shoppers 5 --seeds 1 --points 2 --scalarizer none --processes 1",
    ),
    "predict": ("prediction.json", "LOG --model popularity --seeds 1 --earn-slates 60 --shoppers 5 --true-slates 50"),
    "estimators": ("estimators.json", "--size 50 --replications 2 --items 4 --kind actions --processes 1"),
    "audit": ("audit.json", f"{TINY} --shoppers 60 --no-context-ceiling"),
    "scale": ("scale.json", "--largest 100 --seconds 0"),
    "throughput": ("throughput.json", "--quick --worlds ShopBandit-v0"),
}
QUICK = ("simulate", "replay")
MEASURED = ("scale", "throughput", "benchmark", "simulate")  # whose numbers hold speeds


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    slategym("simulate", "--world", TINY, "--agent", "random", "--slates", 900, "--shoppers", 30, "--out", folder)
    return folder / "log"


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in COMMANDS])
def test_a_command_names_what_makes_it_again(name, log, tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "points", lambda largest: [scaling.Point("shoppers", scaling.ENVIRONMENT, shoppers=100)])
    numbers, words = COMMANDS[name]
    slategym(name, *(str(log) if word == "LOG" else word for word in shlex.split(words)), "--out", tmp_path / "one")
    text = (tmp_path / "one/config.toml").read_text("utf-8")
    made, results = tomllib.loads(text)["slategym"], json.loads((tmp_path / "one" / numbers).read_text("utf-8"))
    assert (results["command"], results["version"]) == (made["command"], __version__) == (made["command"], made["version"])
    assert made["fingerprint"] == results["config"]["fingerprint"]
    assert len(made["fingerprint"]) == 64
    extra = ["--processes", 1] if "--processes" in words else []
    slategym(*shlex.split(made["command"])[1:], *extra, "--out", tmp_path / "two")
    slategym(name, "--config", tmp_path / "one/config.toml", *extra, "--out", tmp_path / "three")
    for other in ("two", "three"):
        assert (tmp_path / other / "config.toml").read_text("utf-8") == text
        again = json.loads((tmp_path / other / numbers).read_text("utf-8"))
        if name not in MEASURED:
            assert without_times(again) == without_times(results)


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if "second" not in key}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def test_a_fitted_world_names_them_too(log, tmp_path):
    slategym("fit", log, "--no-certificate", "--click-model", "position-based", "--out", tmp_path / "world")
    made = json.loads((tmp_path / "world/world.json").read_text("utf-8"))["made"]
    assert made == tomllib.loads((tmp_path / "world/config.toml").read_text("utf-8"))["slategym"]
    slategym(
        "simulate", "--world", tmp_path / "world", "--agent", "random", "--slates", 50, "--shoppers", 5, "--out", tmp_path / "run"
    )


@pytest.mark.parametrize("option", [["--track", "csv"], ["--watch"], ["--watch-port", 0]])
@pytest.mark.parametrize("name", ["replay", "evaluate", "audit"])
def test_without_a_folder_nothing_can_be_followed(name, option, log):
    said = slategym(name, TINY if name == "audit" else log, *option, code=2).output
    assert f"{option[0]} cannot be used here: there is no output folder: give --out FOLDER too" in " ".join(said.split())


@pytest.mark.parametrize(
    "name", ["replay", *(pytest.param(name, marks=pytest.mark.slow) for name in ("fit", "evaluate", "audit"))]
)
def test_those_on_logs_and_worlds_are_tracked_as_a_whole(name, log, tmp_path):
    numbers, words = COMMANDS[name]
    given = [str(log) if word == "LOG" else word for word in shlex.split(words)]
    said = slategym(name, *given, "--track", "csv", "--watch", "--out", tmp_path).output
    assert "watch    http://127.0.0.1:" in said
    what = {"replay": "replay", "fit": "fit", "evaluate": "evaluate", "audit": "audit-of-Shop-v0"}[name]
    content = json.loads((tmp_path / "tracking" / f"{what}.json").read_text("utf-8"))
    assert content["results"]["status"] == "finished"
    assert content["config"]["fingerprint"]
    artifacts = {path.rpartition("/")[2] for path in content["results"]["artifacts"]}
    assert {"config.toml", numbers} < artifacts
    assert any(path.endswith(".html") for path in artifacts)
    runs = {path.stem for path in (tmp_path / "tracking").glob("*seed-*.json")}
    assert ("true-world-random-seed-0" in runs and "fitted-world-popularity-seed-1" in runs) if name == "fit" else not runs
