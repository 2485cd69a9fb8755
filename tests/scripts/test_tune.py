"""`slategym tune`, end to end: what it writes and says, what a kill leaves, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from slategym.bench.tuning.record import record
from slategym.bench.tuning.recorded import recorded
from slategym.scripts.main import app

WORLD = "ShopBandit-v0:items=30,categories=5,slate_size=3"
SMALL = ["--world", WORLD, "--slates", "600", "--shoppers", "100", "--seeds", "2", "--judge-seeds", "3", "--processes", "1"]
TUNE = ["tune", "--agent", "lin-ts", "--range", "alpha=0.01..10:log", "--range", "ridge=0.1,1,10", "--trials", "9", *SMALL]


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


def test_tune(tmp_path):
    said = slategym(*TUNE, "--sampler", "random", "--prune", "median", "--out", tmp_path).stdout
    results = json.loads((tmp_path / "tuning.json").read_text())
    assert len(results["trials"]) == 10
    assert results["config"]["ranges"] == {"alpha": "0.01..10:log", "ridge": "0.1,1,10"}
    assert results["best"]["agent"] in said
    assert results["trials"][0]["settings"] == {}
    if results["judgement"]:
        assert f"{results['judgement']['worlds']['ShopBandit-v0']['best']['mean']:.4f}" in said
    assert max(len(line) for line in said.splitlines() if str(tmp_path) not in line) <= 80
    page = (tmp_path / "tuning.html").read_text(encoding="utf-8")
    assert all(title in page for title in ("Settings", "History", "Slices", "Trials"))
    (tmp_path / "tuning.html").unlink()
    assert "tuning.html" in slategym("report", tmp_path).stdout
    assert (tmp_path / "tuning.html").read_text(encoding="utf-8") == page
    slategym(*TUNE, "--sampler", "random", "--prune", "median", "--out", tmp_path)  # takes up what is there
    refused = slategym(*TUNE, "--sampler", "gp", "--out", tmp_path, code=2).stderr
    assert "holds a finished run with other sampler" in refused


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")
def test_a_search_that_was_killed_ends_with_the_same_numbers(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    words = [*TUNE, "--sampler", "tpe:startup=4"]
    slategym(*words, "--out", whole)
    process = subprocess.Popen(
        [sys.executable, "-m", "slategym.scripts.main", *words, "--out", str(killed)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    until = time.monotonic() + 120
    while len(list(killed.glob("runs/trial*.run"))) < 2 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in killed.glob("runs/*.run")}
    assert len(kept) >= 2
    assert not (killed / "tuning.json").exists()
    slategym(*words, "--out", killed)
    assert (killed / "tuning.json").read_bytes().replace(b"/killed", b"/whole") == (whole / "tuning.json").read_bytes()
    assert {path.name: path.stat().st_mtime_ns for path in killed.glob("runs/*.run") if path.name in kept} == kept


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--agent lin-tss", "Did you mean 'lin-ts'"),
        ("--agent lin-ts --range alhpa=0..1", "there is no option 'alhpa'. Did you mean 'alpha'"),
        ("--agent lin-ts --range alpha=-1..1", "-1 is out of range: expected alpha from 0"),
        ("--agent random", "there is nothing to search in 'random': it has no options"),
        ("--agent sb3:PPO", "declares a range: give ranges with --range"),
        ("--agent lin-ts --sampler bayes", "there is no sampler 'bayes'"),
        ("--agent lin-ts --prune never", "there is no pruner 'never'"),
        ("--agent lin-ts --search everything", "--search is 'everything': expected agent, scalarizer or both"),
        ("--agent lin-ts --world Shop-v9", "Did you mean 'Shop-v0'"),
        ("--agent lin-ts --judge-world Shop-v9", "Did you mean 'Shop-v0'"),
    ],
)
def test_mistakes_are_told_in_a_line(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = slategym("tune", *words.split(), code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.rglob("*.json"))


def test_without_the_extra_the_command_to_install_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.chdir(tmp_path)
    assert 'pip install "slategym[tune]"' in slategym("tune", "--agent", "lin-ts", code=2).stderr


def test_recorded_settings_are_used_and_told(tmp_path):
    found = recorded("lin-ts")
    words = ["--world", WORLD, "--agent", "lin-ts", "--slates", 400, "--shoppers", 50, "--seeds", 2, "--processes", 1]
    slategym("benchmark", *words, "--tuned", "--out", tmp_path)
    assert json.loads((tmp_path / "results.json").read_text())["config"]["tuned"] == [found.text]
    said = slategym("agents", "lin-ts").stdout
    assert found.command in said
    assert found.text in " ".join(said.split()) or "The defaults come from a recorded search" in said
    assert "recorded search" not in slategym("agents", "sb3:TD3").stdout


def test_a_search_is_recorded(tmp_path):
    slategym(*TUNE, "--sampler", "grid:points=2", "--out", tmp_path / "run")
    path = record(tmp_path / "run", tmp_path / "kept")
    assert path == tmp_path / "kept" / "lin-ts.json"
    kept = json.loads(path.read_text())
    assert kept["command"].split()[0] == "slategym"
    assert kept["config"]["trials"] == 6
    content = json.loads((tmp_path / "run" / "tuning.json").read_text())
    (tmp_path / "run" / "tuning.json").write_text(json.dumps(content | {"status": "interrupted"}))
    with pytest.raises(ValueError, match="expected a finished search"):
        record(tmp_path / "run", tmp_path / "kept")
