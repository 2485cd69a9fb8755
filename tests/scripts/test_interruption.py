"""Ctrl-C in real processes: what was done stays readable, and the command says so."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slategym.bench.jobs.interruption import INTERRUPTED, interruption
from slategym.logs.reading import read_log

SMALL = ["--world", "Shop-v0:items=30,categories=5,slate_size=3,visits=8"]
LONGEST = 60  # seconds, on a busy machine


MODULE = ["-m", "slategym.scripts.main"]


@pytest.fixture(autouse=True)
def _signals_are_not_ignored():
    """Where the tests run in the background of a shell, or under nohup, some are, and processes inherit that."""
    own = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in own.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def start(*words, program=MODULE, **options):
    """The command in a process group of its own, as a terminal has it."""
    words = [sys.executable, *program, *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, start_new_session=True, **pipes, **options)


def wait_for(process, line):
    while (read := process.stderr.readline()) and not read.startswith(line):
        pass
    assert read, "the command ended by itself"


@pytest.mark.quick("2")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_simulate(tmp_path, number):
    process = start("simulate", *SMALL, "--agent", "random", "--slates", 5_000_000, "--out", tmp_path)
    wait_for(process, "random in Shop-v0: ")
    os.killpg(process.pid, number)
    said, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 130
    run, log = json.loads((tmp_path / "run.json").read_text()), read_log(tmp_path)
    assert run["status"] == log.status == "interrupted"
    assert 0 < run["slates"] == len(log) < 5_000_000
    assert log["clicks"].sum() == pytest.approx(run["metrics"]["clicks_per_slate"] * len(log))
    assert f"Interrupted after {len(log):,} of 5,000,000 slates" in error
    assert "Traceback" not in error
    assert f"{tmp_path}/log" in said


@pytest.mark.quick("1")
@pytest.mark.parametrize("processes", [1, 2])
def test_benchmark(tmp_path, processes):
    words = ["--agent", "random", "--agent", "popularity", "--slates", 10_000, "--seeds", 30, "--processes", processes]
    process = start("benchmark", *SMALL, *words, "--out", tmp_path)
    while len(list((tmp_path / "runs").glob("*.run"))) < 2:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
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


SCRIPT = [Path(__file__).parents[2] / "scripts" / "benchmark.py"]


@pytest.mark.parametrize("program", [MODULE, SCRIPT], ids=["module", "script"])
def test_ctrl_c_during_slow_imports_ends_the_command_at_once(tmp_path, program):
    """A stand-in for numpy that takes forever, and swallows Ctrl-C as numpy.random does."""
    slow = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        pass\n"
    (tmp_path / "numpy.py").write_text(slow)
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    words = ["benchmark"] if program == MODULE else []
    process = start(*words, *SMALL, program=program, env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)})
    try:
        assert process.stderr.readline() == "slategym: loading ...\n"  # before numpy is there
        process.send_signal(signal.SIGINT)
        said, error = process.communicate(timeout=LONGEST)
    finally:
        process.kill()
    assert process.returncode == -signal.SIGINT  # 130, as a shell says it
    assert (said, error) == ("", "")


@pytest.mark.quick("benchmark", "simulate")
@pytest.mark.parametrize("command", ["benchmark", "simulate", "pareto", "audit", "scale", "throughput", "check"])
def test_ctrl_c_at_once_leaves_no_traceback(tmp_path, command):
    """Wherever it comes: in the imports, or when the run has just begun."""
    words = {"check": ["Shop-v0"], "audit": SMALL[1:], "scale": [], "throughput": []}.get(command, SMALL)
    place = [] if command == "check" else ["--out", tmp_path / "out"]
    process = start(command, *words, *place)
    assert process.stderr.readline() == "slategym: loading ...\n"
    time.sleep({"benchmark": 0.5, "simulate": 1.5, "pareto": 2.5}.get(command, 0.1))
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=LONGEST)
    assert process.returncode in (-signal.SIGINT, INTERRUPTED), error
    assert "Traceback" not in error
    assert "Process SpawnProcess" not in error


def test_a_program_that_imports_the_package_keeps_its_signals():
    script = "import signal, slategym; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    result = subprocess.run([sys.executable, "-c", script, "benchmark"], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("True\n", "")


@pytest.mark.slow
def test_a_run_under_nohup_outlives_its_terminal(tmp_path):
    process = start(
        *["simulate", *SMALL, "--agent", "random", "--slates", 400_000, "--out", tmp_path],
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    wait_for(process, "random in Shop-v0: ")
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=LONGEST)
    assert process.returncode == 0
    assert read_log(tmp_path).status == "finished"


def test_the_second_ctrl_c_ends_what_the_first_has_not():
    before = signal.getsignal(signal.SIGINT)
    with interruption() as stop:
        assert not stop()
        signal.raise_signal(signal.SIGINT)
        assert stop()
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(signal.SIGINT)
    assert ended.value.code == INTERRUPTED
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.slow
@pytest.mark.skipif(not os.path.isdir("/proc"), reason="looks for processes in /proc")
def test_a_killed_benchmark_leaves_no_process(tmp_path):
    words = ["--agent", "random", "--agent", "popularity", "--slates", 100_000, "--seeds", 30, "--processes", 2]
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
