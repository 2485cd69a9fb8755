"""`slategym throughput` and `slategym scale`: what they print and write, and what they refuse. Never how fast."""

import json

import pytest
from typer.testing import CliRunner

from slategym.bench.performance import cases as throughput_rows
from slategym.bench.performance import scaling as scale
from slategym.scripts.main import app

SMALL = ["--quick", "--items", "30", "--slate-size", "3", "--latent", "4"]


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def few(monkeypatch):
    """Only the rows that are made in no time."""
    contenders = throughput_rows.contenders
    kept = (throughput_rows.KERNEL_ONE, throughput_rows.SINGLE, "SARDINE")
    monkeypatch.setattr(throughput_rows, "contenders", lambda sizes: [e for e in contenders(sizes) if e.name in kept])


def test_throughput(few, tmp_path):
    said = slategym("throughput", *SMALL, "--out", tmp_path).stdout
    result = json.loads((tmp_path / "throughput.json").read_text())
    assert result["sizes"]["items"] == 30
    assert result["machine"]["processor"] in said
    row = next(each for each in result["rows"] if each["name"] == throughput_rows.SINGLE)
    line = next(line for line in said.splitlines() if line.startswith(throughput_rows.SINGLE))
    assert f"{row['slates_per_second']:,.0f}" in line
    text = (tmp_path / "throughput.md").read_text()
    assert f"| {throughput_rows.SINGLE} |" in text
    assert result["machine"]["processor"] in text
    assert "holds a finished run" in slategym("throughput", *SMALL, "--out", tmp_path, code=2).stderr


def test_throughput_says_what_is_missing(few, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sardine", None)
    said = slategym("throughput", *SMALL).stdout
    assert 'pip install "slategym[peers]"' in " ".join(said.split())
    assert "not measured" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("throughput --items 5 --slate-size 6", "slate_size is 6: expected at most 5"),
        ("throughput --seconds 100", "seconds is 100"),
        ("scale --seconds 100", "--seconds is '100': expected a number from 0 to 60"),
    ],
)
def test_wrong_numbers_are_told_in_a_line(words, message):
    result = slategym(*words.split(), code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
def test_scale(tmp_path, monkeypatch):
    points = [
        scale.Point("shoppers", scale.ENVIRONMENT, shoppers=100),
        scale.Point("items", "random", 50, 2000, candidates=20),
        scale.Point("all", scale.ENVIRONMENT, shoppers=10**12),
    ]
    monkeypatch.setattr(scale, "points", lambda largest: points)
    result = slategym("scale", "--seconds", 0, "--largest", 1000, "--out", tmp_path)
    written = json.loads((tmp_path / "scale.json").read_text())
    assert [row["who"] for row in written["points"]] == [scale.ENVIRONMENT, "random", scale.ENVIRONMENT]
    assert "left_out" in written["points"][2]
    assert f"{written['points'][0]['nanoseconds_per_slate']:,.0f}" in result.stdout
    assert "random, 20" in result.stdout
    assert "left out: environment, 1,000,000,000,000 shoppers" in result.stdout
    assert "3/3" in result.stderr
    assert "<html" in (tmp_path / "scale.html").read_text(encoding="utf-8")
    assert "holds a finished run" in slategym("scale", "--out", tmp_path, code=2).stderr


def test_throughput_of_worlds(tmp_path):
    names = "RecoGym-v1, SardineSlateTopKBored-v0"
    said = slategym("throughput", "--quick", "--worlds", names, "--out", tmp_path).stdout
    assert said.startswith("Worlds at their own sizes, 100 shoppers, on ")
    result = json.loads((tmp_path / "throughput.json").read_text())
    own = ["RecoGym-v1", "SardineSlateTopKBored-v0", "the original of SardineSlateTopKBored-v0"]
    assert [row["name"] for row in result["rows"]] == own
    assert [goal["name"] for goal in result["goals"]] == ["slates/s of RecoGym-v1", "SardineSlateTopKBored-v0 over the original"]
    assert "The floor" not in (tmp_path / "throughput.md").read_text()
    refused = slategym("throughput", "--quick", "--worlds", "RecoGim-v1", code=2)
    assert "Did you mean 'RecoGym-v1'" in refused.stderr
