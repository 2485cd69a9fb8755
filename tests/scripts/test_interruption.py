"""Ctrl-C in real processes: what was done stays readable, and the command says so."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from slategym.bench.log import read_log

SMALL = ["--option", "items=30", "--option", "categories=5", "--option", "slate_size=3", "--option", "visits=8"]
LONGEST = 60  # seconds, on a busy machine


def start(*words):
    """The command in a process group of its own, as a terminal has it."""
    words = [sys.executable, "-m", "slategym.scripts.main", *map(str, words)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for(process, line):
    while (read := process.stderr.readline()) and not read.startswith(line):
        pass
    assert read, "the command ended by itself"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_simulate(tmp_path, number):
    process = start("simulate", *SMALL, "--agent", "random", "--slates", 500_000, "--out", tmp_path)
    wait_for(process, "random in Shop-v0: 10 %")
    os.killpg(process.pid, number)
    said, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    run, log = json.loads((tmp_path / "run.json").read_text()), read_log(tmp_path / "log.parquet")
    assert run["status"] == log.status == "interrupted"
    assert 50_000 <= run["slates"] == len(log) < 500_000
    assert log["clicks"].sum() == pytest.approx(run["metrics"]["clicks_per_slate"] * len(log))
    assert f"Interrupted after {len(log):,} of 500,000 slates" in error
    assert "Traceback" not in error
    assert "log.parquet" in said


@pytest.mark.parametrize("processes", [1, 2])
def test_benchmark(tmp_path, processes):
    words = ["--agents", "random,popularity", "--slates", 10_000, "--seeds", 30, "--processes", processes]
    process = start("benchmark", *SMALL, *words, "--out", tmp_path)
    wait_for(process, "Shop-v0: 10 %")
    os.killpg(process.pid, signal.SIGINT)
    said, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 130, error
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["status"] == "interrupted"
    assert 2 <= results["runs"]["finished"] < 60
    assert f"Interrupted: {results['runs']['finished']} of 60 runs finished" in error
    assert "Traceback" not in error
    assert "random" in said  # the leaderboard of what there is
    assert (tmp_path / "report.html").exists()


def test_ctrl_c_at_once_leaves_no_traceback(tmp_path):
    process = start("benchmark", *SMALL, "--agents", "random,popularity", "--out", tmp_path / "out")
    time.sleep(0.5)  # still importing, or just beginning
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=LONGEST)
    assert process.returncode != 0
    assert "Process SpawnProcess" not in error


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
def test_a_killed_benchmark_leaves_no_process(tmp_path):
    words = ["--agents", "random,popularity", "--slates", 100_000, "--seeds", 30, "--processes", 2]
    process = start("benchmark", *SMALL, *words, "--out", tmp_path)
    time.sleep(0.1)
    while not (children := [pid for pid in members(process.pid) if pid != process.pid and b"spawn_main" in command(pid)]):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(1.5)
    process.kill()
    process.wait()
    end = time.monotonic() + LONGEST
    while any(b"spawn_main" in command(pid) for pid in children) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(b"spawn_main" in command(pid) for pid in children)
    process.stdout.close()
    process.stderr.close()


def members(group):
    """The processes of a process group."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getpgid(int(name)) == group:
                found.append(int(name))
        except ProcessLookupError:
            pass
    return found


def command(pid):
    """The command line of a process; empty once it has ended."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
