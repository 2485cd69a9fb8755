"""The commands, end to end: what they write, what they say, and what they refuse in a line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from slategym.bench.log import read_log
from slategym.scripts.main import app
from slategym.sim.worlds import WORLDS

SMALL = ["--option", "items=30", "--option", "categories=5", "--option", "slate_size=3", "--option", "visits=8"]
SIMULATE = ["simulate", *SMALL, "--agent", "popularity", "--slates", "2500", "--shoppers", "100"]
COMPARED = ["--agents", "random,popularity,oracle", "--slates", "2000", "--shoppers", "100", "--processes", "1"]
BENCHMARK = ["benchmark", *SMALL, *COMPARED]
SCRIPTS = Path(__file__).parents[2] / "scripts"


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


def test_simulate(tmp_path):
    said = slategym(*SIMULATE, "--seed", 3, "--out", tmp_path / "run").stdout
    log, run = read_log(tmp_path / "run/log.parquet"), json.loads((tmp_path / "run/run.json").read_text())
    assert log.config == run["config"]
    assert run["config"]["options"] == {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}
    assert (run["config"]["seed"], run["config"]["agent"], run["status"], run["slates"]) == (3, "popularity", "finished", 2500)
    assert len(log) == 2500
    clicks, conversions = log["objectives"].mean(axis=0, dtype=np.float64)
    assert run["metrics"]["value"] == pytest.approx(clicks + 10 * conversions)
    assert f"{run['metrics']['value']:.4f}" in said
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["log.parquet", "run.json"]


def test_simulate_twice_gives_the_same_bytes_in_whatever_process(tmp_path):
    slategym(*SIMULATE, "--out", tmp_path / "a")
    words = [sys.executable, SCRIPTS / "simulate.py", *SIMULATE[1:], "--out", tmp_path / "b"]
    subprocess.run(words, check=True, capture_output=True, cwd=tmp_path)
    first, second = ((tmp_path / name / "log.parquet").read_bytes() for name in "ab")
    assert first == second


def test_simulate_among_candidates(tmp_path):
    slategym(*SIMULATE[:-4], "--slates", 500, "--shoppers", 50, "--option", "candidates=6", "--out", tmp_path)
    log = read_log(tmp_path / "log.parquet")
    assert log.config["options"]["candidates"] == 6
    # Six of thirty, others at each visit: the log holds the items themselves.
    assert len(np.unique(log["slate"])) == 30
    refused = slategym(*SIMULATE, "--option", "candidates=2", "--out", tmp_path / "b", code=2).stderr
    assert "candidates is 2: expected 3..30" in refused


def test_weights_reach_the_agent_and_the_figures(tmp_path):
    slategym(*SIMULATE, "--weights", "1,0", "--out", tmp_path)
    metrics = json.loads((tmp_path / "run.json").read_text())["metrics"]
    assert metrics["value"] == metrics["clicks_per_slate"]


def test_benchmark(tmp_path):
    said = slategym(*BENCHMARK, "--seeds", 3, "--out", tmp_path).stdout
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["config"]["options"]["items"] == 30
    lines = said.splitlines()
    places = [next(at for at, line in enumerate(lines) if line.startswith(name)) for name in ("oracle", "popularity", "random")]
    assert places == sorted(places)
    assert f"{results['agents']['random']['clicks_per_slate']['mean']:.4f}" in lines[places[2]]
    assert "popularity > random" in said
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 80
    assert "\x1b" not in said
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_benchmark_under_goals(tmp_path):
    said = slategym(*BENCHMARK, "--scalarizer", "nash,lagrangian:click>=0.2", "--seeds", 2, "--out", tmp_path).stdout
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["config"]["scalarizers"] == ["nash", "lagrangian:click>=0.2"]
    assert "3 agents x 2 scalarizers x 2 seeds" in said
    lines = said.splitlines()
    assert lines.index("nash") < lines.index("lagrangian:click>=0.2")
    assert said.count("at most") == 2
    assert f"{results['agents']['random nash']['clicks_per_slate']['mean']:.4f}" in said
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 80
    assert "nash: Leaderboard" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_simulate_towards_a_goal_with_other_objectives(tmp_path):
    words = ["--objectives", "click,profit", "--scalarizer", "nash", "--out", tmp_path]
    said = slategym(*SIMULATE, *words).stdout
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["config"]["scalarizer"] == "nash"
    assert run["config"]["objectives"] == ["click", "profit"]
    assert run["metrics"]["weight_of_click"] + run["metrics"]["weight_of_profit"] == pytest.approx(1)
    assert len(run["curves"]["weight_of_profit"]) == 25
    assert f"{run['metrics']['profit_per_slate']:.4f}" in said
    assert read_log(tmp_path / "log.parquet")["objectives"].shape == (2500, 2)


def test_benchmark_of_one_seed_says_what_it_cannot_tell(tmp_path):
    said = slategym(*BENCHMARK, "--seeds", 1, "--out", tmp_path).stdout
    assert "One seed gives no interval" in said
    assert ">" not in said


def test_finished_run_is_kept_unless_forced(tmp_path):
    for words, name in ((SIMULATE, "run.json"), ([*BENCHMARK, "--seeds", "1"], "results.json")):
        folder = tmp_path / name
        slategym(*words, "--out", folder)
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        refused = slategym(*words, "--out", folder, code=2)
        assert "holds a finished run" in refused.stderr
        assert "--force" in refused.stderr
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        slategym(*words, "--weights", "2,3", "--out", folder, "--force")
        assert json.loads((folder / name).read_text())["config"]["weights"] == [2, 3]


def test_interrupted_run_may_be_done_again(tmp_path):
    (tmp_path / "run.json").write_text('{"status": "interrupted"}')
    slategym(*SIMULATE, "--out", tmp_path)
    (tmp_path / "run.json").write_text("not ours")
    slategym(*SIMULATE, "--out", tmp_path, code=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("simulate --world Shp-v0", "there is no world 'Shp-v0'. Did you mean 'Shop-v0'"),
        ("simulate --agent popularty", "there is no agent 'popularty'. Did you mean 'popularity'"),
        ("benchmark --agents random,radnom", "there is no agent 'radnom'. Did you mean 'random'"),
        ("benchmark --agents random,random", "names 'random' twice"),
        ("benchmark --agents ,", "names no agent"),
        ("simulate --option itms=5", "has no option 'itms'. Did you mean 'items'"),
        ("simulate --option items", "expected a name and a value"),
        ("simulate --option items=many", "expected a value of the kind of items=500"),
        ("simulate --option satiation=1", "expected a value of the kind of satiation=True"),
        ("simulate --option slate_size=501", "slate_size is 501"),
        ("simulate --weights 1;10", "--weights is '1;10': expected a number for each of click and conversion"),
        ("simulate --weights 1", "--weights is '1'"),
        ("simulate --weights 1,nan", "--weights is '1,nan'"),
        ("simulate --agent random,popularity", "there is no agent 'random,popularity'"),
        ("simulate --seed 18446744073709551616", "seed"),
        ("benchmark --scalarizer nahs", "there is no scalarizer 'nahs'. Did you mean 'nash'"),
        ("benchmark --scalarizer nash,nash", "the scalarizer 'nash' is named twice"),
        ("simulate --scalarizer lagrangian:clicks>=1", "there is no objective 'clicks'. Did you mean 'click'"),
        ("simulate --scalarizer lagrangian:click>=9", "no mixture of slates has click >= 9: the nearest has click"),
        ("simulate --scalarizer nash,gini", "--scalarizer names 2: expected one"),
        ("benchmark --scalarizer nash --context-ceiling", "leave it out with --scalarizer"),
        ("simulate --objectives clicks", "there is no objective 'clicks'. Did you mean 'click'"),
        ("simulate --objectives click,profit,conversion --weights 1,10", "of click and profit and conversion, as 1,1,10"),
        ("worlds Shop-v9", "Did you mean 'Shop-v0'"),
    ],
)
def test_mistakes_are_told_in_a_line(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = slategym(*words.split(), code=2)
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""
    assert not list(tmp_path.rglob("*.json"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("simulate --wrld Shop-v0", "--world"),
        ("benchmrk", "Did you mean 'benchmark'"),
        ("benchmark --seeds 0", "--seeds"),
        ("simulate --slates many", "--slates"),
    ],
)
def test_unknown_commands_and_options_name_the_nearest(words, message):
    assert message in slategym(*words.split(), code=2).stderr


def test_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("")
    assert "is a file" in slategym(*SIMULATE, "--out", tmp_path / "file", code=2).stderr


def test_worlds_and_agents_in_a_line_each():
    worlds = slategym("worlds").stdout
    assert all(name in worlds for name in ("Shop-v0", "ShopBandit-v0"))
    agents = slategym("agents").stdout
    assert all(name in agents for name in ("random", "lin-ts", "oracle"))
    assert max(map(len, (worlds + agents).splitlines())) <= 80


def test_all_about_one_world():
    said = slategym("worlds", "Shop-v0").stdout
    assert "satiation" in said
    assert "500 items, slates of 5" in said
    assert "exposure" in said
    for name in WORLDS:
        described = slategym("worlds", name).stdout.partition("The observation:")[0]
        assert max(map(len, described.splitlines())) <= 80


def test_version_and_help():
    import slategym as package

    assert slategym("--version").stdout == f"slategym {package.__version__}\n"
    for words in ([], ["simulate"], ["benchmark"], ["worlds"], ["agents"]):
        said = slategym(*words, "--help").stdout
        assert "Usage" in said
        assert max(map(len, said.splitlines())) <= 80


def test_help_imports_nothing_heavy():
    script = (
        "import sys; from typer.testing import CliRunner; from slategym.scripts.main import app;"
        "CliRunner().invoke(app, ['benchmark', '--help']);"
        "print(*({'torch', 'plotly', 'pyarrow', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_agents_by_default():
    from inspect import signature

    from slategym.bench.compare import DEFAULT_AGENTS
    from slategym.scripts.benchmark import benchmark

    assert signature(benchmark).parameters["agents"].default == ",".join(DEFAULT_AGENTS)
