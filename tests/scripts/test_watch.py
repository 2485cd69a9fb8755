"""`--watch`: a page of a command while it runs, from all its processes, to its end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from slategym.bench.watching.server import STATE, WatchServer
from slategym.scripts.main import app

TINY = ["--world", "Shop-v0:items=12,categories=3,slate_size=2,visits=3"]
SHORT = ["benchmark", *TINY, "--agent", "random", "--seeds", "1", "--slates", "60", "--shoppers", "5", "--processes", "1"]
ADDRESS = re.compile(r"watch {4}(http://127\.0\.0\.1:(\d+)/)")


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result.output


MORE = {
    "pareto": "--agent popularity --slates 60 --shoppers 5 --seeds 1 --points 2 --scalarizer none --processes 1",
    "experiment": "random popularity --slates 200 --shoppers 5 --seeds 1 --processes 1",
    "tune": "--agent lin-ts --slates 60 --shoppers 5 --seeds 1 --judge-seeds 1 --trials 1 --processes 1",
}
COMMANDS = [
    SHORT,
    ["simulate", *TINY, "--agent", "random", "--slates", "60", "--shoppers", "5"],
    *(pytest.param([name, *TINY, *words.split()], marks=pytest.mark.slow) for name, words in MORE.items()),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_it_prints_an_address_and_changes_nothing_else(words, tmp_path):
    said = slategym(*words, "--out", tmp_path / "run", "--watch")
    assert len(ADDRESS.findall(said)) == 1
    assert list((tmp_path / "run/tracking").glob("*seed-0.csv"))
    slategym(*words, "--out", tmp_path / "other")
    assert not (tmp_path / "other/tracking").exists()
    one, other = (tomllib.loads((tmp_path / name / "config.toml").read_text()) for name in ("run", "other"))
    assert one == other


def test_the_port_is_given(tmp_path):
    with WatchServer() as server:
        port = server.port
    assert ADDRESS.search(slategym(*SHORT, "--out", tmp_path, "--watch-port", port))[2] == str(port)


@pytest.mark.parametrize(
    ("port", "message"),
    [("99999", "a whole number from 0 to 65,535"), ("-1", "a whole number"), ("many", "a whole number")],
)
def test_bad_ports_are_refused_before_anything_is_written(port, message, tmp_path):
    assert message in slategym(*SHORT, "--out", tmp_path / "run", "--watch-port", port, code=2)
    assert not (tmp_path / "run").exists()


def test_a_port_in_use_is_refused_before_anything_is_written(tmp_path):
    with WatchServer() as server:
        said = slategym(*SHORT, "--out", tmp_path / "run", "--watch-port", server.port, code=2)
    assert f"port {server.port} of 127.0.0.1 is in use: give another port" in said
    assert not (tmp_path / "run").exists()


def test_other_trackers_are_told_too(tmp_path):
    slategym(*SHORT, "--out", tmp_path, "--watch", "--track", "csv")
    assert json.loads((tmp_path / "tracking/random-seed-0.json").read_text())["results"]["status"] == "finished"
    assert json.loads((tmp_path / "tracking/Shop-v0.json").read_text())["results"]["status"] == "finished"


@contextmanager
def begun(folder):
    """A long comparison in two processes, and its address; killed at the end."""
    sizes = "--agent random --agent popularity --seeds 2 --slates 3000000 --shoppers 100 --exact off --references off"
    words = ["benchmark", *TINY, *sizes.split(), "--processes", "2", "--out", str(folder), "--watch"]
    with subprocess.Popen(
        [sys.executable, "-m", "slategym", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as started:
        try:
            found = next((found for line in started.stdout if (found := ADDRESS.search(line))), None)
            assert found, started.stderr.read()
            yield started, found[1]
        finally:
            started.kill()


def state_of(address, wanted, patience=60):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with urlopen(f"{address[:-1]}{STATE}", timeout=10) as answer:
            found = json.load(answer)
        if wanted(found):
            return found
        time.sleep(0.2)
    raise AssertionError(found)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals are sent as on POSIX")
def test_steps_come_from_processes_and_an_interrupted_run_goes_on(tmp_path):
    def both(found):
        return len(found["lines"]) == 2 and all(len(line["slates"]) > 3 for line in found["lines"])

    with begun(tmp_path) as (started, address):
        found = state_of(address, both)
        assert (found["status"], found["runs"]) == ("running", 4)
        assert {line["name"] for line in found["lines"]} == {"random", "popularity"}
        assert found["slates"] > 0
        before = {line["name"]: len(line["slates"]) for line in found["lines"]}
        started.send_signal(signal.SIGINT)
        assert state_of(address, lambda found: found["status"] != "running")["status"] == "interrupted"
        assert started.wait(30) == 130
        assert "Traceback" not in started.stderr.read()
    with begun(tmp_path) as (_, address):
        found = state_of(address, both)
        assert all(len(line["slates"]) >= before[line["name"]] for line in found["lines"])  # what had been shown is there
