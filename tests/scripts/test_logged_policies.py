"""`slategym replay` and `slategym evaluate`, end to end: what they write and say, and what they refuse."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.agents.from_log.made import CONFOUNDED, RATES, single
from typer.testing import CliRunner

from slategym.logs.impression_writing import write_impressions
from slategym.scripts.main import app

SHOP = "Shop-v0:items=6,categories=2,slate_size=1,visits=4"


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("logs")
    slategym("simulate", "--world", SHOP, "--agent", "random", "--slates", "4000", "--shoppers", "100", "--out", found / "shop")
    write_impressions(single(4000, CONFOUNDED), found / "single.csv")
    text = (found / "single.csv").read_text().replace("item", "product", 1).replace("click", "was_clicked", 1)
    (found / "messy.csv").write_text(text.replace("propensity", "p", 1))
    write_impressions(replace(single(3000, np.full((2, 3), 1 / 3)), propensity=None), found / "bare.csv")
    return found


def test_replay(folder, tmp_path):
    words = ["replay", folder / "shop", "--agent", "random", "--agent", "epsilon-greedy", "--out", tmp_path]
    said = slategym(*words).stdout
    result = json.loads((tmp_path / "replay.json").read_text())
    assert list(result["agents"]) == ["random", "epsilon-greedy"]
    assert f"{result['agents']['random']['accepted']['slates']:,}" in said
    assert "The slates of the log were drawn with equal probabilities." in said
    page = (tmp_path / "replay.html").read_text(encoding="utf-8")
    assert all(title in page for title in ("Values", "By rejection", "Off-policy, while agents learn", "epsilon-greedy"))
    (tmp_path / "replay.html").unlink()
    slategym("report", tmp_path)
    assert (tmp_path / "replay.html").read_text(encoding="utf-8") == page
    again = tmp_path / "again"
    slategym(*words[:-1], again)
    assert json.loads((again / "replay.json").read_text())["agents"] == result["agents"]
    assert "holds a finished run with other seed" in slategym(*words, "--seed", 1, code=2).stderr


def test_evaluate_a_log_of_a_world(folder, tmp_path):
    words = [
        "evaluate",
        folder / "shop",
        "--policy",
        "random",
        "--policy",
        "popularity",
        "--estimator",
        "snipw",
        "--out",
        tmp_path,
    ]
    said = slategym(*words).stdout
    result = json.loads((tmp_path / "evaluation.json").read_text())
    assert result["policies"]["random"]["truth"]["utility"]["mean"] > 0
    assert "truth" in said
    assert "Compared with the truth" in said
    page = (tmp_path / "evaluation.html").read_text(encoding="utf-8")
    assert all(title in page for title in ("Values", "Objectives", "effective sample size", "truth"))
    assert sorted(path.name for path in (tmp_path / "agents").iterdir()) == ["popularity.agent", "random.agent"]
    # What was taught is an agent of other commands, in the world of the log, and a policy of this one.
    slategym("benchmark", "--world", SHOP, "--agent", tmp_path / "agents/popularity.agent", "--slates", "200", "--shoppers", "50",
             *("--seeds", "1", "--processes", "1", "--out", tmp_path / "b"))  # fmt: skip
    fixed = f"{tmp_path / 'agents/popularity.agent'}"
    other = slategym("evaluate", folder / "shop", "--policy", fixed, "--estimator", "snipw", "--out", tmp_path / "c").stdout
    assert "popularity.agent" in other.replace("\n", "")
    found = json.loads((tmp_path / "c/evaluation.json").read_text())["policies"][fixed]["values"]
    assert found == result["policies"]["popularity"]["values"]


def test_any_log_with_its_own_columns(folder, tmp_path):
    columns = "item=product,click=was_clicked,propensity=p"
    said = slategym(
        *("evaluate", folder / "messy.csv", "--columns", columns, "--policy", "popularity:min_impressions=0"),
        *("--estimator", "dr", "--weights", "1,0", "--out", tmp_path / "a"),
    ).stdout
    assert "popularity:min_impressions=0 has the highest estimate by dr" in said.replace("\n", " ")
    plain = slategym(
        *("evaluate", folder / "messy.csv", "--columns", columns, "--policy", "popularity:min_impressions=0", "--no-correct"),
        *("--estimator", "dr", "--weights", "1,0", "--out", tmp_path / "b"),
    )
    right, wrong = (json.loads((tmp_path / name / "evaluation.json").read_text())["policies"] for name in ("a", "b"))
    values = [each["popularity:min_impressions=0"]["values"]["dr"]["utility"]["mean"] for each in (right, wrong)]
    # Corrected, it shows the item that is better for everybody.
    assert values[0] > values[1] + 0.03
    assert plain.exit_code == 0
    (tmp_path / "mine.py").write_text(
        "import numpy as np\n\ndef best(rows):\n    return np.tile([0.0, 1.0, 0.5], (len(rows), 1))\n"
    )
    mine = f"scores:{tmp_path / 'mine.py'}:best"
    slategym("evaluate", folder / "single.csv", "--policy", mine, "--estimator", "dr", "--out", tmp_path / "c")
    found = json.loads((tmp_path / "c/evaluation.json").read_text())["policies"][mine]["values"]["dr"]["objectives"][0]
    assert abs(found["mean"] - RATES[:, 1].mean()) < 2.2 * (found["high"] - found["low"]) / 2
    said = slategym("replay", folder / "bare.csv", "--agent", "random").stdout
    assert "The log contains no propensities." in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "single.csv", "--policy", "oracle"], "reads the simulation, but there is none here"),
        (["evaluate", "single.csv", "--policy", "popularty"], "popularity"),
        (["evaluate", "bare.csv", "--policy", "random"], "has no propensity of each choice"),
        (["evaluate", "messy.csv", "--policy", "random"], "--columns"),
        (["evaluate", "single.csv", "--policy", "random", "--estimator", "sips"], "expected one of single items, such as dr"),
        (["evaluate", "single.csv", "--policy", "random", "--interval", "wald"], "--interval is 'wald'"),
        (["evaluate", "single.csv", "--policy", "random", "--train", "120%"], "--train is '120%'"),
        (
            ["evaluate", "single.csv", "--policy", "random", "--weights", "1"],
            "--weights is '1': expected a number for each of click",
        ),
        (["evaluate", "single.csv", "--policy", "sb3:PPO"], "sb3:PPO chooses items by their features, and they have none"),
        (["evaluate", "single.csv", "--policy", "random", "--world", "nowhere"], "--world is 'nowhere': expected a folder"),
        (["evaluate", "shop", "--policy", "random", "--columns", "item=x"], "whose columns and world are known"),
        (["evaluate", "nothing.csv", "--policy", "random"], "nothing.csv"),
        (["replay", "single.csv", "--agent", "lin-tss"], "lin-ts"),
        (["replay", "shop", "--ranks", "3"], "ranks is 3: expected 1 to 1"),
        (["replay", "single.csv", "--agent", "sb3:PPO"], "sb3:PPO chooses items by their features, and they have none"),
    ],
)
def test_mistakes_end_in_a_line(folder, words, message):
    command, log, *rest = words
    said = slategym(command, folder / log, *rest, code=2)
    assert message in said.stderr.replace("\n", " ")
    assert "Traceback" not in said.output
