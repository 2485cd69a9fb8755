"""Runs that are killed and taken up: the same numbers and the same log, byte for byte."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from slategym.agents.base import Agent, Decision
from slategym.agents.known import AGENTS
from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.execution.runner import run
from slategym.bench.jobs.checkpoints import Checkpoints
from slategym.sim.worlds import WORLDS, make_world

COLUMNS = ("slates", "objectives", "expected", "best", "weights")
SHOP = "Shop-v0:items=40,categories=4,slate_size=3,visits=6"


class KilledError(Exception):
    """The moment of a kill."""


class Custom(Agent):
    """An agent of a user's own, which is kept as a pickle."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.counts = np.ones(problem.items)

    def choose(self, observation):
        n, k = len(observation), self.problem.slate_size
        score = self.counts + self.random.random((n, self.problem.items))
        return Decision(np.argsort(-score)[:, :k], np.full((n, k), np.nan, np.float32))

    def learn(self, observation, decision, feedback):
        np.add.at(self.counts, decision.slate, feedback.clicks * 0.1)


class Unkeepable(Custom):
    """An agent that cannot be pickled."""

    def __init__(self, problem, seed=0, scalarizer=None):
        super().__init__(problem, seed, scalarizer)
        self.lock = open(os.devnull)  # noqa: SIM115
        self.lock.close()


def whole_and_killed(folder, world, agent, slates=1000, kills=(4, 7), **options):
    """The trace and the log of a run that was left alone, and of one that was killed after some steps."""

    def once(name, after=None):
        def progress(shown):
            if after is not None and shown >= after * 100:
                raise KilledError

        checkpoints = Checkpoints(folder, name, "fingerprint", 0)
        log = LogWriter(folder / f"{name}-log", world, {}, append=(folder / f"{name}-log").exists())
        try:
            trace = run(world, agent, slates, 3, shoppers=100, log=log, checkpoints=checkpoints, progress=progress, **options)
            log.close()
        except KilledError:
            log._settle()
            log._give_up()  # what a kill does: nothing more is written
            return None, checkpoints
        return trace, checkpoints

    whole, _ = once("whole")
    for after in kills:
        assert once("killed", after)[0] is None
    killed, checkpoints = once("killed")
    return whole, killed, checkpoints


def assert_same(folder, whole, killed):
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(whole, name), getattr(killed, name))
    logs = [folder / f"{name}-log" for name in ("whole", "killed")]
    names = [sorted(path.name for path in log.iterdir()) for log in logs]
    assert names[0] == names[1]
    for name in names[0]:
        assert (logs[0] / name).read_bytes() == (logs[1] / name).read_bytes()


@pytest.mark.quick("lin-ts", "logistic-ts", "policy-gradient", "bandit:*", "pso", "recommender:*", "lookahead:*", "vowpal-wabbit")
@pytest.mark.parametrize("agent", AGENTS)
def test_every_agent_continues(agent, tmp_path):
    whole, killed, _ = whole_and_killed(tmp_path, make_world(SHOP), agent)
    assert_same(tmp_path, whole, killed)
    assert list(tmp_path.glob("killed.*.checkpoint"))


@pytest.mark.quick("Shop-v0", "Hillstrom-v0", "Fitted-v0", "RecSimLongTermSatisfaction-v0")
@pytest.mark.parametrize("world", WORLDS)
def test_every_world_continues(world, tmp_path):
    whole, killed, _ = whole_and_killed(tmp_path, make_world(world), "lin-ts")
    assert_same(tmp_path, whole, killed)


@pytest.mark.quick("schedule:*")
@pytest.mark.parametrize("scalarizer", ["nash", "chebyshev", "lagrangian:click>=0.3", "schedule:0=nash;500=chebyshev"])
def test_every_goal_continues(scalarizer, tmp_path):
    whole, killed, _ = whole_and_killed(tmp_path, make_world(SHOP), "policy-gradient", scalarizer=scalarizer)
    assert_same(tmp_path, whole, killed)


def test_candidates_and_objectives_continue(tmp_path):
    world = make_world(SHOP, candidates=12, objectives=["click", "retention", "diversity"])
    whole, killed, _ = whole_and_killed(tmp_path, world, "lin-ucb")
    assert_same(tmp_path, whole, killed)


def test_a_custom_agent_continues_from_a_signed_pickle(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    whole, killed, checkpoints = whole_and_killed(tmp_path, make_world(SHOP), Custom)
    assert_same(tmp_path, whole, killed)
    assert checkpoints.refused == []
    # Another user's key: the pickle is not loaded, and the run begins anew.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another"))
    assert list(checkpoints.read({"world": make_world(SHOP)})) == []
    assert "a pickle of another user or machine" in checkpoints.refused[0]


def test_an_agent_that_cannot_be_kept_begins_anew(tmp_path):
    whole, killed, _ = whole_and_killed(tmp_path, make_world(SHOP), Unkeepable)
    assert_same(tmp_path, whole, killed)
    assert not list(tmp_path.glob("*.checkpoint"))


def test_a_damaged_checkpoint_is_refused_and_the_one_before_used(tmp_path):
    world = make_world(SHOP)
    whole_and_killed(tmp_path, world, "lin-ts", kills=())
    checkpoints = Checkpoints(tmp_path, "whole", "fingerprint", 0)
    first, last = checkpoints._files()
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes(content)
    (used,) = checkpoints.read({"world": world})
    assert used["step"] == int(first.name.split(".")[1])
    assert len(checkpoints.refused) == 1
    assert "is damaged" in checkpoints.refused[0]
    assert list(Checkpoints(tmp_path, "whole", "of another run", 0).read({"world": world})) == []


def test_a_run_whose_checkpoints_are_all_damaged_begins_anew(tmp_path):
    world = make_world(SHOP)
    whole, _, _ = whole_and_killed(tmp_path, world, "lin-ts", kills=(5,))

    for path in tmp_path.glob("killed.*.checkpoint"):
        path.write_bytes(b"nothing")
    with LogWriter(tmp_path / "again-log", world, {}) as log:
        again = run(world, "lin-ts", 1000, 3, shoppers=100, log=log, checkpoints=Checkpoints(tmp_path, "killed", "fingerprint"))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(whole, name), getattr(again, name))


def test_checkpoints_come_when_they_are_due_and_no_more_than_two_stay(tmp_path):
    checkpoints = Checkpoints(tmp_path, "run", "fingerprint", 3600)
    assert not checkpoints.due()
    often = Checkpoints(tmp_path, "run", "fingerprint", 0)
    for step in range(5):
        assert often.due()
        often.write(step, {"number": step}, {})
    assert [content["number"] for content in often.read({})] == [4, 3]
    often.remove()
    assert list(tmp_path.iterdir()) == []


def killed_command(folder, moments, words):
    """Give a command, kill it with all its processes after each of these times, and give it once more."""
    command = [sys.executable, "-m", "slategym.scripts.main", *map(str, words), "--out", str(folder)]
    kills = 0
    for seconds in moments:
        process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while process.poll() is None and not (folder / "log/log.json").exists() and not list(folder.glob("runs/*")):
            assert time.monotonic() < end
            time.sleep(0.02)
        time.sleep(seconds)
        kills += process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return kills


SIMULATE = ["simulate", "--world", SHOP, "--agent", "lin-ts", "--slates", 80_000, "--checkpoint-every", 0.05]


@pytest.mark.slow
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_simulate_killed_at_random_moments(kills, tmp_path):
    moments = random.Random(kills)
    killed_command(tmp_path / "whole", (), SIMULATE)
    times = [moments.uniform(0.05, 0.6) for _ in range(kills)]
    assert killed_command(tmp_path / "killed", times, SIMULATE) > 0
    logs = [tmp_path / name / "log" for name in ("whole", "killed")]
    names = [sorted(path.name for path in log.iterdir()) for log in logs]
    assert names[0] == names[1]
    for name in names[0]:
        assert (logs[0] / name).read_bytes() == (logs[1] / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == ["config.toml", "log", "run.json"]


BENCHMARK = ["benchmark", "--world", SHOP, "--agent", "random", "--agent", "lin-ts", "--slates", 30_000, "--seeds", 3]


@pytest.mark.slow
@pytest.mark.parametrize("kills", [20])
def test_benchmark_killed_at_random_moments(kills, tmp_path):
    moments = random.Random(kills)
    words = [*BENCHMARK, "--processes", 2, "--checkpoint-every", 0.05]
    killed_command(tmp_path / "whole", (), words)
    assert killed_command(tmp_path / "killed", [moments.uniform(0.5, 3) for _ in range(kills)], words) > 0
    whole, killed = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("whole", "killed"))

    def without_speeds(value):
        if isinstance(value, dict):
            return {key: without_speeds(item) for key, item in value.items() if "second" not in key}
        return [without_speeds(item) for item in value] if isinstance(value, list) else value

    assert without_speeds(whole) == without_speeds(killed)
    assert not list((tmp_path / "killed/runs").glob("*.checkpoint"))
