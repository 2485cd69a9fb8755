"""Faults: what goes wrong ends in a line and an exit status, and the same command ends with the numbers of an undisturbed one."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

SHOP = "Shop-v0:items=30,categories=5,slate_size=3,visits=8"
SIMULATE = ["simulate", "--world", SHOP, "--agent", "popularity", "--slates", "100000", "--checkpoint-every", "0.05"]
BENCHMARK = ["benchmark", "--world", SHOP, "--slates", "1000", "--seeds", "2", "--processes", "2"]
COMMAND = [sys.executable, "-m", "slategym.scripts.main"]
LONGEST = 90  # seconds, on a busy machine

BAD = """
import os, signal
import numpy as np
from slategym import Agent, Decision


class Bad(Agent):
    def choose(self, observation):
        if os.path.exists("well"):
            pass
        elif WHAT == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif WHAT == "memory":
            np.ones(2**55)
        elif WHAT == "exit":
            os._exit(3)
        else:
            raise ZeroDivisionError("of a kind")
        n, k = len(observation), self.problem.slate_size
        return Decision(np.tile(np.arange(k), (n, 1)), np.ones((n, k), np.float32))
"""

# The command, in a process that is killed as it renames a certain file for a certain time.
AT_RENAME = """
import os, pathlib, sys
name, left, replace = sys.argv.pop(1), int(sys.argv.pop(1)), pathlib.Path.replace
def killed(old, new):
    global left
    if new.name.startswith(name) or new.name.endswith(name):
        left -= 1
        if left < 0:
            os._exit(9)
    return replace(old, new)
pathlib.Path.replace = killed
from slategym.scripts.main import app
app()
"""


def give(words, folder, **options):
    return subprocess.run([*COMMAND, *words, "--out", str(folder)], capture_output=True, text=True, timeout=LONGEST, **options)


def numbers(path):
    """What a file of results holds, but for speeds."""

    def without_speeds(value):
        if isinstance(value, dict):
            return {key: without_speeds(item) for key, item in value.items() if "second" not in key}
        return [without_speeds(item) for item in value] if isinstance(value, list) else value

    return without_speeds(json.loads(path.read_text()))


def log_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "log").iterdir()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert give(SIMULATE, folder / "simulate").returncode == 0
    return folder / "simulate"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("killed", r"its process ended by signal 9 (SIGKILL)"),
        pytest.param("exit", "its process ended with status 3", marks=pytest.mark.slow),
        pytest.param("memory", "Unable to allocate", marks=pytest.mark.slow),
        pytest.param("error", "ZeroDivisionError: of a kind", marks=pytest.mark.slow),
    ],
)
def test_a_run_that_fails_fails_alone(what, message, tmp_path):
    (tmp_path / "bad.py").write_text(f"WHAT = {what!r}\n{BAD}")
    words = [*BENCHMARK, "--agent", "random", "--agent", "bad.py:Bad", "--agent", "popularity"]
    failed = give(words, tmp_path / "out", cwd=tmp_path)
    assert failed.returncode == 1, failed.stderr
    assert "Traceback" not in failed.stderr
    assert failed.stderr.count(message) == 2
    assert "slategym: 2 of 6 runs failed" in failed.stderr
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert results["status"] == "failed"
    assert sorted(failure["run"] for failure in results["failed"]) == ["bad.py:Bad seed 0", "bad.py:Bad seed 1"]
    assert set(results["agents"]) == {"random", "popularity"}
    assert "bad.py:Bad seed 0" in failed.stdout  # the leaderboard names it
    # The runs that finished are kept; once the cause is gone, the same command does the others alone.
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/runs").glob("*.run")}
    assert len(kept) == 4
    (tmp_path / "well").touch()
    again = give(words, tmp_path / "out", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert json.loads((tmp_path / "out/results.json").read_text())["status"] == "finished"
    after = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out/runs").glob("*.run")}
    assert len(after) == 6
    assert kept.items() <= after.items()


@pytest.mark.slow
def test_a_disk_that_fills_up_keeps_what_was_complete(undisturbed, tmp_path):
    """A limit on the size of files stands for the end of a disk: the system refuses the rest of a part."""
    least = min(path.stat().st_size for path in (undisturbed / "log").glob("part-*"))
    full = give(
        SIMULATE, tmp_path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (least - 1000, resource.RLIM_INFINITY))
    )
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1].startswith(f"slategym: cannot write {tmp_path / 'log'}")
    assert "File too large" in full.stderr
    assert "Traceback" not in full.stderr
    assert give(SIMULATE, tmp_path).returncode == 0
    assert log_of(tmp_path) == log_of(undisturbed)
    assert numbers(tmp_path / "run.json") == numbers(undisturbed / "run.json")


def start(words, folder):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([*COMMAND, *words, "--out", str(folder)], start_new_session=True, **pipes)
    end = time.monotonic() + LONGEST
    while not list(folder.glob("*.checkpoint")) and not list(folder.glob("runs/*")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)
    return process


@pytest.mark.slow
def test_a_folder_that_is_removed_ends_the_run_in_a_line(tmp_path):
    process = start([*SIMULATE[:-4], "--slates", "500000", *SIMULATE[-2:]], tmp_path / "out")
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    _, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 1
    assert "Traceback" not in error
    assert "cannot write" in error.splitlines()[-1]


@pytest.mark.slow
def test_a_closed_terminal_loses_nothing(undisturbed, tmp_path):
    process = start(SIMULATE, tmp_path)
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    assert json.loads((tmp_path / "run.json").read_text())["status"] == "interrupted"
    assert give(SIMULATE, tmp_path).returncode == 0
    assert log_of(tmp_path) == log_of(undisturbed)
    assert numbers(tmp_path / "run.json") == numbers(undisturbed / "run.json")


@pytest.mark.slow
def test_two_at_once_in_one_folder(undisturbed, tmp_path):
    process = start(SIMULATE, tmp_path)
    second = give(SIMULATE, tmp_path)
    process.communicate(timeout=LONGEST)
    assert process.returncode == 0
    if second.returncode:  # the first one was still at work
        assert second.returncode == 2
        assert f"{tmp_path} is in use by process {process.pid}" in second.stderr
    assert log_of(tmp_path) == log_of(undisturbed)


WRITTEN = [
    ("simulate", "log.json", 0),
    ("simulate", "log.json", 1),
    ("simulate", "part-", 0),
    ("simulate", "part-", 1),
    ("simulate", ".checkpoint", 1),
    ("simulate", "run.json", 0),
    ("benchmark", ".run", 1),
    ("benchmark", "results.json", 0),
    ("benchmark", "report.html", 0),
    ("pareto", ".run", 1),
    ("pareto", "pareto.json", 0),
    ("pareto", "pareto.html", 0),
    ("audit", ".run", 2),
    ("audit", "audit.json", 0),
    ("audit", "audit.html", 0),
]
COMMANDS = {
    "simulate": SIMULATE,
    "benchmark": [*BENCHMARK[:-1], "1", "--agent", "random", "--agent", "popularity"],
    "pareto": [
        "pareto",
        "--world",
        SHOP,
        "--agent",
        "random",
        "--scalarizer",
        "none",
        "--slates",
        "500",
        "--seeds",
        "2",
        "--processes",
        "1",
    ],
    "audit": ["audit", SHOP, "--shoppers", "50", "--no-context-ceiling"],
}
RESULTS = {"simulate": "run.json", "benchmark": "results.json", "pareto": "pareto.json", "audit": "audit.json"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of each command when nothing disturbs it."""
    made = {}

    def of(command):
        if command not in made:
            made[command] = tmp_path_factory.mktemp(command)
            done = give(COMMANDS[command], made[command])
            assert done.returncode == 0, done.stderr
        return made[command]

    return of


@pytest.mark.slow
@pytest.mark.parametrize(("command", "name", "earlier"), WRITTEN)
def test_an_interrupted_write_of_every_file(command, name, earlier, whole, tmp_path):
    (tmp_path / "driver.py").write_text(AT_RENAME)
    words = [sys.executable, "driver.py", name, str(earlier), *COMMANDS[command], "--out", "out"]
    killed = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=LONGEST)
    assert killed.returncode == 9, killed.stderr
    again = give(COMMANDS[command], tmp_path / "out")
    assert again.returncode == 0, again.stderr
    result = RESULTS[command]
    assert numbers(tmp_path / "out" / result) == numbers(whole(command) / result)
    if command == "simulate":
        assert log_of(tmp_path / "out") == log_of(whole(command))
    assert not list((tmp_path / "out").rglob("*.partial"))
    assert not list((tmp_path / "out").rglob("*.checkpoint"))
