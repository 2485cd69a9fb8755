"""`slategym predict`, end to end: what it writes and says, and what it refuses."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app

WORLD = ["--world", "ShopBandit-v0:items=12,categories=3,slate_size=2", "--slates", "2000"]
FEW = ["--epochs", "2", "--seeds", "2", "--earn-slates", "400", "--shoppers", "100", "--true-slates", "200"]
MODELS = ["--model", "popularity", "--model", "predictor:logistic-regression"]


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


def test_predict(tmp_path):
    out = tmp_path / "out"
    said = slategym("predict", *WORLD, *MODELS, *FEW, "--corruption", "labels", "--level", "20%", "--out", out).stdout
    text = (out / "prediction.json").read_text()
    result = json.loads(text)
    best = result["orders"]["value"][0]
    assert f"{result['models'][best]['earnings']['value']['mean']:.4f}" in said
    assert max(len(line) for line in said.splitlines() if str(tmp_path) not in line) <= 80
    assert sorted(path.name for path in out.iterdir()) == [
        "config.toml",
        "costs.json",
        "log",
        "models",
        "prediction.html",
        "prediction.json",
        "runs",
    ]
    page = (out / "prediction.html").read_text(encoding="utf-8")
    titles = ("Summary", "Value as an agent", "Calibration", "Selection bias", "Traits of shoppers", "Corruption", "Epochs")
    assert all(title in page for title in (*titles, "Costs"))
    # The same from the log itself, in another folder: the same models, and the page again from its numbers.
    slategym("predict", out / "log", *MODELS, *FEW, "--corruption", "labels", "--level", "20%", "--out", tmp_path / "b")
    assert json.loads((tmp_path / "b/prediction.json").read_text())["models"] == result["models"]
    # The same command again, and anew.
    words = ["predict", *WORLD, *MODELS, *FEW, "--corruption", "labels", "--level", "20%", "--out", out]
    slategym(*words)
    (out / "prediction.html").unlink()
    slategym("report", out)
    assert (out / "prediction.html").read_text(encoding="utf-8") == page
    refused = slategym(*words, "--patience", "1", code=2).stderr
    assert "holds a finished run with other patience" in refused
    slategym("predict", *WORLD, "--model", "popularity", *FEW, "--out", out, "--force")
    assert list(json.loads((out / "prediction.json").read_text())["models"]) == ["popularity"]


def shop_log(folder):
    """A log of impressions in which one item is clicked twice as often by one kind of shopper."""
    random = np.random.default_rng(0)
    kind, item = random.integers(0, 2, 3000), random.integers(0, 3, 3000)
    click = random.random(3000) < np.where(item == 2 * kind, 0.6, 0.1)
    frame = {"artikel": item, "geklickt": click.astype(int), "kind": np.where(kind == 1, "x", "y")}
    path = folder / "log.csv"
    lines = zip(*(column.tolist() for column in frame.values()), strict=True)
    path.write_text("\n".join([",".join(frame), *(",".join(map(str, line)) for line in lines)]))
    return path


def test_a_log_of_ones_own_judges_models_alone(tmp_path):
    log, out = shop_log(tmp_path), tmp_path / "out"
    columns = ["--columns", "item=artikel,click=geklickt,context=kind"]
    models = ["--model", "popularity", "--model", "predictor:embedding-dot:batch_size=100"]
    said = slategym("predict", log, *columns, *models, "--epochs", "20", "--out", out).stdout
    result = json.loads((out / "prediction.json").read_text())
    first, second = result["orders"]["log_loss"]
    assert (first, second) == ("predictor:embedding-dot:batch_size=100", "popularity")  # which is the same for both kinds
    assert f"{first} has the lowest log-loss of clicks" in " ".join(said.split())
    assert "exact" not in result["models"][first]
    assert result["models"][first]["test"]["click"]["auc"] > result["models"][second]["test"]["click"]["auc"] + 0.1
    page = (out / "prediction.html").read_text(encoding="utf-8")
    assert "Calibration" in page
    assert "Selection bias" not in page
    refused = slategym("predict", log, *columns, "--corruption", "labels", "--out", tmp_path / "b", code=2).stderr
    assert "corruption is measured by exact probabilities" in refused
    refused = slategym("predict", log, "--out", tmp_path / "b", code=2).stderr
    assert "has no column of items" in refused


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*WORLD, "--model", "random"], "random does not estimate clicks and conversions"),
        ([*WORLD, "--model", "predictor:mlp:hidden=0"], "hidden is 0: expected a whole number from 1"),
        ([*WORLD, "--corruption", "noise"], "--corruption is 'noise': expected missing, outliers, labels or all"),
        ([*WORLD, "--level", "150%"], "--level is '150%': expected a share"),
        ([*WORLD, "--epochs", "0"], "--epochs is '0': expected a whole number from 1"),
        (["no-such-log"], "there is no file no-such-log"),
        (["no-such-log", *WORLD], "--world sets how a log is made, but no-such-log is already a log"),
        (["--world", "Shop-v9"], "there is no world 'Shop-v9'"),
    ],
)
def test_it_is_refused_in_a_line(words, message, tmp_path):
    result = slategym("predict", *words, "--out", tmp_path / "out", code=2)
    lines = [line for line in result.stderr.splitlines() if "compiling kernels" not in line]
    assert len(lines) == 1, result.stderr
    assert message in lines[0]
    assert not (tmp_path / "out").exists()
