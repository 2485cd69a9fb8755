"""`slategym fit`: writes a world and its certificate; fits presets; does not overwrite; says what is wrong."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app
from slategym.sim.worlds import make_world
from slategym.sim.worlds.hillstrom.world import ARMS

SLATES, RANKS, ITEMS = 1500, 3, 8


def call(*words):
    return CliRunner().invoke(app, ["fit", *map(str, words)], env={"COLUMNS": "200"})


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A small log of a shop, in columns of its own names."""
    path, random = tmp_path_factory.mktemp("log") / "log.csv", np.random.default_rng(0)
    lines = ["page,slot,sku,is_clicked,bought,country"]
    for page in range(SLATES):
        country = random.choice(["DE", "FR"])
        for slot, item in enumerate(random.choice(ITEMS, RANKS, replace=False)):
            click = random.random() < (0.1 + 0.05 * item) / (1 + slot)
            lines.append(f"{page},{slot},sku{item},{int(click)},{int(click and random.random() < 0.3)},{country}")
    path.write_text("\n".join(lines) + "\n")
    return path


COLUMNS = "slate=page,rank=slot,item=sku,click=is_clicked,conversion=bought,context=country"


def test_a_log_becomes_a_world_with_a_certificate(log, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(log, "--columns", COLUMNS, "--out", "my_world", "--click-model", "position-based")
    assert result.exit_code == 0, result.output
    assert "1,500 slates at 3 ranks, 8 items" in result.output
    assert "Next step: slategym benchmark --world my_world" in result.output
    world = make_world("my_world")
    assert world.catalog.names[0].startswith("sku")
    assert world.catalog.size == ITEMS
    certificate = json.loads((tmp_path / "my_world" / "certificate.json").read_text())
    for sentence in certificate["cannot_identify"]:
        assert sentence.split(",")[0].split(":")[0] in result.output.replace("\n", " ")
    assert (tmp_path / "my_world" / "certificate.html").stat().st_size > 10_000
    assert make_world("my_world/world.json").catalog.names == world.catalog.names
    ran = CliRunner().invoke(
        app, ["simulate", "--world", "my_world", "--agent", "random", "--slates", "200", "--shoppers", "50", "--out", "run"]
    )
    assert ran.exit_code == 0, ran.output
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert (config["world"], config["options"]) == ("Fitted-v0", {"parameters": "my_world"})


def test_a_world_is_overwritten_by_force_alone(log, tmp_path):
    out = tmp_path / "my_world"
    out.mkdir()
    (out / "world.json").write_text("{}")
    words = [log, "--columns", COLUMNS, "--out", out, "--no-certificate", "--click-model", "none"]
    refused = call(*words)
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert (out / "world.json").read_text() == "{}"
    assert call(*words, "--force").exit_code == 0
    assert make_world(str(out)).slate_size == RANKS
    assert not (out / "certificate.json").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.csv"], "there is no log nowhere.csv"),
        (["LOG", "--columns", COLUMNS, "--click-model", "cascades"], "Did you mean 'cascade'?"),
        (["LOG", "--columns", "item=sku,click=bougth"], "bougth"),
        (["LOG", "--columns", "item=sku,ignore=is_clicked+bought"], "has no event 'click'"),
        (["LOG", "--columns", COLUMNS, "--agent", "random"], "--agent compares agents in the world that made the log"),
        (["LOG", "--columns", COLUMNS, "--items", "ITEMS"], "--items has no item 'sku"),
        ([".", "--preset", "hilstrom"], "there is no preset 'hilstrom'. Did you mean 'hillstrom'?"),
        ([".", "--preset", "open-bandit"], "all.csv nor all.csv.gz exists"),
        (["nowhere", "--preset", "hillstrom"], "LOG is nowhere: expected the folder of the data set"),
    ],
)
def test_mistakes_end_in_one_line(log, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    items = tmp_path / "items.csv"
    items.write_text("id,category,price,margin\na,b,1,0.5\nb,b,2,0.5\n")
    result = call(*[{"LOG": log, "ITEMS": items}.get(word, word) for word in words], "--out", tmp_path / "out.json")
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "out.json" / "world.json").exists()


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


def test_the_parameters_of_a_preset_make_a_world(data, tmp_path):
    out = tmp_path / "new" / "parameters.json"
    result = call(data, "--preset", "hillstrom", "--out", out)
    assert result.exit_code == 0, result.output
    assert "customers: 3000" in result.output
    assert f"The parameters of Hillstrom-v0 are in {out}." in result.output.replace("\n", "")
    assert json.loads(out.read_text())["fit"]["customers"] == 3000
    world = make_world("Hillstrom-v0", parameters=out)
    assert 0.3 < np.average(world.user_model.visit[:, 0], weights=world.user_model.cells.share) < 0.5


def test_the_file_of_a_preset_is_overwritten_by_force_alone(data, tmp_path):
    out = tmp_path / "parameters.json"
    out.write_text("mine")
    result = call(data, "--preset", "hillstrom", "--out", out)
    assert result.exit_code == 2
    assert "exists already" in result.output
    assert "--force" in result.output
    assert out.read_text() == "mine"
    assert call(data, "--preset", "hillstrom", "--out", out, "--force").exit_code == 0
    assert out.read_text() != "mine"
