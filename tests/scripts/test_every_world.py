"""Every world through every command that takes one, at the smallest size."""

import json

import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app
from slategym.sim.worlds import WORLDS

# Worlds with large catalogues get smaller ones.
SMALLER = {"RecSim": ":items=200", "Sardine": ":items=100", "KuaiSim": ":items=100", "Shop": ":items=60", "DeepShop": ":items=60"}
RUN = ("--agent", "random", "--agent", "popularity", "--slates", "400", "--shoppers", "40", "--processes", "1")


def slategym(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == 0, result.output
    return result.stdout


KINDS = ("Shop-v0", "OpenBandit-v0", "RecSimLongTermSatisfaction-v0")  # a shop, a log's world, another simulator's


@pytest.mark.quick("OpenBandit-v0")
@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in KINDS)) for name in WORLDS])
def test_commands(name, tmp_path):
    world = name + next((options for start, options in SMALLER.items() if name.startswith(start)), "")
    said = slategym("worlds", name)
    assert said.startswith(f"{name}: ")
    assert "The observation:" in said
    slategym("simulate", "--world", world, "--agent", "popularity", "--slates", 400, "--shoppers", 40, "--out", tmp_path / "s")
    assert json.loads((tmp_path / "s/run.json").read_text())["metrics"]["value"] >= 0
    slategym("benchmark", "--world", world, *RUN, "--seeds", 2, "--out", tmp_path / "b")
    agents = json.loads((tmp_path / "b/results.json").read_text())["agents"]
    assert set(agents) == {"random", "popularity"}
    audit = slategym("audit", world, "--shoppers", 12, "--no-context-ceiling", "--out", tmp_path / "a")
    assert "random slates" in audit
    mixed = ("--objective", "click", "--objective", "novelty")
    sweep = (*RUN[2:], "--points", 2, "--seeds", 1, "--scalarizer", "none", "--out", tmp_path / "p")
    slategym("pareto", "--world", world, *mixed, *sweep)
    assert {path.suffix for path in tmp_path.glob("*/*.html")} == {".html"}
    assert len(list(tmp_path.glob("*/*.html"))) == 3
