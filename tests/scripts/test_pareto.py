"""`slategym pareto`, end to end."""

import json
import os
import signal
import sys

import pytest
from tests.scripts.test_commands import slategym
from tests.scripts.test_interruption import LONGEST, start, wait_for

pytest.importorskip("moocore", reason="moocore comes with pip install 'slategym[mo]'")

PARETO = [
    "pareto",
    "--world",
    "ShopBandit-v0:items=30,categories=5,slate_size=3",
    "--shoppers",
    100,
    "--slates",
    1000,
    "--points",
    3,
    "--seeds",
    2,
]


def test_pareto(tmp_path):
    words = [
        *PARETO,
        "--agent",
        "random",
        "--agent",
        "oracle",
        "--scalarizer",
        "nash",
        "--scalarizer",
        "lagrangian:click>=0.6",
        "--processes",
        1,
    ]
    said = slategym(*words, "--out", tmp_path).stdout
    result = json.loads((tmp_path / "pareto.json").read_text())
    assert result["status"] == "finished"
    assert result["runs"] == {"finished": 22, "asked": 22}
    assert result["config"]["options"]["items"] == 30
    assert [(row["agent"], row["scalarizer"]) for row in result["adaptive"]] == [
        (agent, goal) for agent in ("random", "oracle") for goal in ("nash", "lagrangian:click>=0.6")
    ]
    lines = said.splitlines()
    assert lines[0] == "22 runs of 1,000 slates in ShopBandit-v0, 1 processes"
    assert all(len(line) <= 80 for line in lines if "pareto." not in line)
    first, second = (next(place for place, line in enumerate(lines) if line.startswith(name)) for name in ("oracle", "random"))
    assert first < second  # the best comes first
    assert f"{100 * result['agents']['oracle']['hypervolume_share']['mean']:.1f} %" in lines[first]
    assert f"utopia  click {result['front']['utopia'][0]:.4g}" in said
    assert (tmp_path / "pareto.html").read_text("utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "pareto.html", "pareto.json", "runs"]


@pytest.mark.slow
def test_three_objectives_and_no_scalarizer(tmp_path):
    words = [
        "--objective",
        "click",
        "--objective",
        "conversion",
        "--objective",
        "profit",
        "--agent",
        "oracle",
        "--scalarizer",
        "none",
        "--processes",
        2,
    ]
    said = slategym(*PARETO, *words, "--out", tmp_path).stdout
    result = json.loads((tmp_path / "pareto.json").read_text())
    assert result["config"]["objectives"] == ["click", "conversion", "profit"]
    assert len(result["agents"]["oracle"]["points"][0]["value"]) == 3
    assert result["adaptive"] == []
    assert "regret" not in said


@pytest.mark.slow
def test_a_finished_sweep_is_not_overwritten_unless_forced(tmp_path):
    words = [*PARETO, "--agent", "random", "--scalarizer", "none", "--processes", 1, "--out", tmp_path]
    slategym(*words)
    before = (tmp_path / "pareto.json").read_text()
    refused = slategym(*words, "--seeds", 3, code=2)
    assert "holds a finished run with other seeds (pareto.json)" in refused.stderr
    slategym(*words)  # takes up what is there
    assert (tmp_path / "pareto.json").read_text() == before
    slategym(*words, "--force")
    assert (tmp_path / "pareto.json").read_text() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--agent", "lin-tss"], "lin-ts"),
        (["--scalarizer", "nsh"], "nash"),
        (["--scalarizer", "lagrangian:click>=99"], "no mixture of slates has click >= 99"),
        (["--precision", "0"], "--precision is '0': expected a number above 0"),
        (["--objective", "clik"], "click"),
    ],
)
def test_mistakes_take_a_line(tmp_path, words, message):
    said = slategym(*PARETO, *words, "--out", tmp_path, code=2)
    assert message in said.stderr
    assert len(said.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "pareto.json").exists()


def test_without_the_extra_the_command_to_install_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "moocore", None)
    said = slategym(*PARETO, "--out", tmp_path, code=2)
    assert 'pip install "slategym[mo]"' in said.stderr


@pytest.mark.slow
def test_ctrl_c_keeps_what_finished(tmp_path):
    words = [
        "--agent",
        "random",
        "--agent",
        "popularity",
        "--scalarizer",
        "none",
        "--slates",
        20_000,
        "--points",
        20,
        "--processes",
        2,
    ]
    process = start(*PARETO, *words, "--out", tmp_path)
    wait_for(process, "ShopBandit-v0: 30 %")
    os.killpg(process.pid, signal.SIGINT)
    said, error = process.communicate(timeout=LONGEST)
    assert process.returncode == 130, error
    result = json.loads((tmp_path / "pareto.json").read_text())
    assert result["status"] == "interrupted"
    assert 10 < result["runs"]["finished"] < result["runs"]["asked"] == 2 * (1 + 2 * 20)
    assert f"Interrupted: {result['runs']['finished']} of {result['runs']['asked']} runs finished" in error
    assert "Traceback" not in error
    assert "utopia" in said
    assert (tmp_path / "pareto.html").exists()
