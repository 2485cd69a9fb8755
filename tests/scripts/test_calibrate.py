"""`slategym calibrate`: writes parameters that make a world; does not overwrite; says what is wrong."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app
from slategym.sim.worlds import make_world
from slategym.sim.worlds.hillstrom.world import ARMS


def call(*words):
    return CliRunner().invoke(app, ["calibrate", *map(str, words)])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A small e-mail log."""
    folder, random, count = tmp_path_factory.mktemp("hillstrom"), np.random.default_rng(0), 3000
    lines = ["recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend"]
    for _ in range(count):
        visit = random.random() < 0.4
        spend = round(float(random.lognormal(4, 0.5)), 2) * (visit and random.random() < 0.5)
        history = round(float(random.lognormal(4.5, 0.5)), 2)
        row = [random.integers(1, 13), "1) $0 - $100" if history < 100 else "2) $100 - $200", history, 1, random.integers(0, 2)]
        row += [
            random.choice(["Rural", "Urban", "Surburban"]),
            random.integers(0, 2),
            random.choice(["Web", "Phone", "Multichannel"]),
        ]
        lines.append(",".join(map(str, [*row, random.choice(ARMS), int(visit), int(spend > 0), spend])))
    (folder / "hillstrom.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_figures_make_a_world(data, tmp_path):
    out = tmp_path / "new" / "figures.json"
    result = call("hillstrom", "--data", data, "--out", out)
    assert result.exit_code == 0, result.output
    assert "customers: 3000" in result.output
    assert f"The parameters of Hillstrom-v0 are in {out}." in result.output.replace("\n", "")
    assert json.loads(out.read_text())["fit"]["customers"] == 3000
    world = make_world("Hillstrom-v0", parameters=out)
    assert 0.3 < np.average(world.user_model.visit[:, 0], weights=world.user_model.cells.share) < 0.5


def test_a_file_is_overwritten_by_force_alone(data, tmp_path):
    out = tmp_path / "figures.json"
    out.write_text("mine")
    result = call("hillstrom", "--data", data, "--out", out)
    assert result.exit_code == 2
    assert "exists already" in result.output
    assert "--force" in result.output
    assert out.read_text() == "mine"
    assert call("hillstrom", "--data", data, "--out", out, "--force").exit_code == 0
    assert out.read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hilstrom"], "there is no log 'hilstrom'. Did you mean 'hillstrom'?"),
        (["open-bandit"], "all.csv does not exist"),
        (["hillstrom", "--data", "nowhere"], "--data is nowhere: expected a folder with the log"),
    ],
)
def test_mistakes_end_in_one_line(data, tmp_path, words, message):
    given = words if "--data" in words else [*words, "--data", data]
    result = call(*given, "--out", tmp_path / "figures.json")
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "figures.json").exists()
