"""`simulate --shards`, and what commands say without Ray."""

from __future__ import annotations

import json
import sys

import pytest
from tests.scripts.test_commands import SMALL, slategym

from slategym.bench.sharding import channels
from slategym.bench.sharding.threads import shard_threads
from slategym.logs.reading import read_log

SIMULATE = ["simulate", *SMALL, "--agent", "random", "--slates", "4200", "--shoppers", "600"]


@pytest.fixture(autouse=True)
def _in_threads(monkeypatch):
    """Shards in this process: processes of their own are started in tests/bench/sharding."""
    monkeypatch.setattr(channels, "shard_processes", shard_threads)


def test_log_is_the_same_for_any_number_of_shards(tmp_path):
    for shards in (1, 2):
        slategym(*SIMULATE, "--shards", shards, "--out", tmp_path / str(shards))
    one, two = (tmp_path / name / "log" for name in "12")
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "2").iterdir()) == ["config.toml", "log", "run.json"]
    run = json.loads((tmp_path / "2/run.json").read_text())
    assert run["status"] == "finished"
    assert run["shards"]["shards"] == 2
    assert run["shards"]["bytes_per_step"] > 0
    first = json.loads((tmp_path / "1/run.json").read_text())
    assert run["metrics"]["value"] == pytest.approx(first["metrics"]["value"])


def test_separate_logs(tmp_path):
    said = slategym(*SIMULATE, "--shards", 2, "--separate-logs", "--out", tmp_path).stdout
    logs = [read_log(tmp_path / "shards" / f"{number:04d}-of-0002") for number in range(2)]
    assert [int(log["row"].max()) for log in logs] == [255, 599]
    assert sum(map(len, logs)) == 4200
    assert f"log      {tmp_path / 'shards'}" in said.replace("\n", " ")


def test_refused(tmp_path):
    for words, said in (
        (["--shards", 4], "shards is 4 for 600 shoppers: expected at most 3"),
        (["--shards", 2, "--agent", "logistic-ts"], "logistic-ts cannot learn in shards"),
        (["--shards", 2, "--track", "csv"], "--track cannot be used here: it tracks only runs in one process"),
        (["--cluster", "local"], "give --shards too"),
    ):
        assert said in slategym(*SIMULATE, *words, "--out", tmp_path, code=2).stderr


def test_without_ray_the_command_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    words = ["benchmark", *SMALL, "--agent", "random", "--slates", 600, "--seeds", 1, "--cluster", "local", "--out", tmp_path]
    assert 'it comes with pip install "slategym[cluster]"' in slategym(*words, code=2).stderr.replace("\n", " ")
