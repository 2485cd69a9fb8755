"""`slategym log describe` and `slategym log convert`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slategym.logs import read_impressions
from slategym.scripts.main import app

STRANGE = """Produkt-Nr;geklickt;Kunde;Zeit;Stelle;Land
B2;1;k1;2024-01-01 10:00;2;DE
A1;0;k1;2024-01-01 10:00;1;DE
A1;1;k2;2024-01-01 10:05;1;AT
"""
COLUMNS = "item=Produkt-Nr,click=geklickt,shopper=Kunde,time=Zeit,rank=Stelle,slate=Kunde+Zeit"


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    path = tmp_path / "protokoll.csv"
    path.write_text(STRANGE)
    return path


def test_a_log_of_strange_names_is_described_once_they_are_told(strange: Path):
    refused = slategym("log", "describe", strange, code=2)
    assert "has no column of items: name it, such as --columns item=COLUMN" in refused.stderr
    assert "might be" in refused.stdout
    assert "geklickt" in refused.stdout
    said = slategym("log", "describe", strange, "--columns", COLUMNS).stdout
    assert "3 impressions of 2 items, in 2 slates of 1 to 2 at 2 ranks" in said
    assert "click: 2 (66.7 %)" in said
    assert "no   evaluate policies offline (slategym evaluate): there are no propensities" in said
    assert "Stelle counts from 1" in said


def test_a_description_in_json(strange: Path):
    found = json.loads(slategym("log", "describe", strange, "--columns", COLUMNS, "--json").stdout)
    assert found["events"] == {"click": {"count": 2, "rate": pytest.approx(2 / 3)}}
    assert found["columns"]["slate"] == ["Kunde", "Zeit"]


def test_a_converted_log_needs_no_columns(strange: Path, tmp_path: Path):
    out = tmp_path / "log.parquet"
    assert "3 impressions of 2 slates" in slategym("log", "convert", strange, out, "--columns", COLUMNS).stdout
    assert read_impressions(out).click.tolist() == [False, True, True]
    assert "3 impressions of 2 items" in slategym("log", "describe", out).stdout
    assert "exists already" in slategym("log", "convert", strange, out, "--columns", COLUMNS, code=2).stderr
    slategym("log", "convert", strange, out, "--columns", COLUMNS, "--force")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--columns", "clik=geklickt"], "a meaning 'clik'. Did you mean 'click'"),
        (["--columns", "item=Nummer"], "there is no column 'Nummer' for item"),
        (["--encoding", "klingon"], "encoding is 'klingon'"),
    ],
)
def test_mistakes_are_told_in_a_line(strange: Path, words: list[str], message: str):
    refused = slategym("log", "describe", strange, *words, code=2)
    assert message in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1


def test_there_is_no_such_log(tmp_path: Path):
    assert "there is no file" in slategym("log", "describe", tmp_path / "none.csv", code=2).stderr
    assert "ends in '.txt'" in slategym("log", "convert", _small(tmp_path), tmp_path / "log.txt", code=2).stderr


@pytest.mark.slow
def test_a_script_of_its_own(strange: Path):
    script = Path(__file__).parents[2] / "scripts" / "logs" / "log.py"
    words = [sys.executable, str(script), "describe", str(strange), "--columns", COLUMNS]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"})
    assert "3 impressions of 2 items" in done.stdout


def _small(folder: Path) -> Path:
    path = folder / "small.csv"
    path.write_text("item,click\na,1\n")
    return path
