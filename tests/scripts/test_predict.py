"""`slategym predict`, end to end: what it writes and says, and what it refuses."""

import json

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
    titles = ("Summary", "Earnings", "Calibration", "Selection bias", "Profile of the shopper", "Corruption", "Epochs", "Costs")
    assert all(title in page for title in titles)
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*WORLD, "--model", "random"], "random does not estimate clicks and conversions"),
        ([*WORLD, "--model", "predictor:mlp:hidden=0"], "hidden is 0: expected a whole number from 1"),
        ([*WORLD, "--corruption", "noise"], "--corruption is 'noise': expected missing, outliers, labels or all"),
        ([*WORLD, "--level", "150%"], "--level is '150%': expected a share"),
        ([*WORLD, "--epochs", "0"], "--epochs is '0': expected a whole number from 1"),
        (["no-such-log"], "there is no no-such-log"),
        (["no-such-log", *WORLD], "--world is of a log that is made, and no-such-log is one already"),
        (["--world", "Shop-v9"], "there is no world 'Shop-v9'"),
    ],
)
def test_it_is_refused_in_a_line(words, message, tmp_path):
    result = slategym("predict", *words, "--out", tmp_path / "out", code=2)
    lines = [line for line in result.stderr.splitlines() if "compiling kernels" not in line]
    assert len(lines) == 1, result.stderr
    assert message in lines[0]
    assert not (tmp_path / "out").exists()
