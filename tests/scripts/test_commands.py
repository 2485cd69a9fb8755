"""The commands, end to end: what they write, what they say, and what they refuse in a line."""

import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner

from slategym.logs.reading import read_log
from slategym.scripts.main import app
from slategym.sim.worlds import WORLDS, world_options
from slategym.utils.options import REQUIRED

SMALL = ["--world", "Shop-v0:items=30,categories=5,slate_size=3,visits=8"]
SIMULATE = ["simulate", *SMALL, "--agent", "popularity", "--slates", "2500", "--shoppers", "100"]
COMPARED = [
    "--agent",
    "random",
    "--agent",
    "popularity",
    "--agent",
    "oracle",
    "--slates",
    "2000",
    "--shoppers",
    "100",
    "--processes",
    "1",
]
BENCHMARK = ["benchmark", *SMALL, *COMPARED]
SCRIPTS = Path(__file__).parents[2] / "scripts"


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, result.output
    return result


def test_simulate(tmp_path):
    said = slategym(*SIMULATE, "--seed", 3, "--out", tmp_path / "run").stdout
    log, run = read_log(tmp_path / "run"), json.loads((tmp_path / "run/run.json").read_text())
    assert log.config == run["config"]
    assert run["config"]["options"] == {"items": 30, "categories": 5, "slate_size": 3, "visits": 8}
    assert (run["config"]["seed"], run["config"]["agent"], run["status"], run["slates"]) == (3, "popularity", "finished", 2500)
    assert len(log) == 2500
    clicks, conversions = log["objectives"].mean(axis=0, dtype=np.float64)
    assert run["metrics"]["value"] == pytest.approx(clicks + 10 * conversions)
    assert f"{run['metrics']['value']:.4f}" in said
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["config.toml", "log", "run.json"]


def test_simulate_twice_gives_the_same_bytes_in_whatever_process(tmp_path):
    slategym(*SIMULATE, "--out", tmp_path / "a")
    words = [sys.executable, SCRIPTS / "simulate.py", *SIMULATE[1:], "--out", tmp_path / "b"]
    subprocess.run(words, check=True, capture_output=True, cwd=tmp_path)
    for name in ("log.json", "part-000000.parquet"):
        assert (tmp_path / "a/log" / name).read_bytes() == (tmp_path / "b/log" / name).read_bytes()


def test_simulate_among_candidates(tmp_path):
    slategym(*SIMULATE[:-4], "--slates", 500, "--shoppers", 50, "--world", f"{SMALL[1]},candidates=6", "--out", tmp_path)
    log = read_log(tmp_path)
    assert log.config["options"]["candidates"] == 6
    # Six of thirty, others at each visit: the log holds the items themselves.
    assert len(np.unique(log["slate"])) == 30
    refused = slategym(*SIMULATE, "--world", f"{SMALL[1]},candidates=2", "--out", tmp_path / "b", code=2).stderr
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
    said = slategym(
        *BENCHMARK, "--scalarizer", "nash", "--scalarizer", "lagrangian:click>=0.2", "--seeds", 2, "--out", tmp_path
    ).stdout
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["config"]["scalarizers"] == ["nash", "lagrangian:click>=0.2"]
    assert "3 agents x 2 scalarizers x 2 seeds" in said
    lines = said.splitlines()
    assert lines.index("nash") < lines.index("lagrangian:click>=0.2")
    assert said.count("best achievable") == 2
    assert f"{results['agents']['random nash']['clicks_per_slate']['mean']:.4f}" in said
    assert max(len(line) for line in lines if str(tmp_path) not in line) <= 80
    assert "nash: Leaderboard" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_simulate_towards_a_goal_with_other_objectives(tmp_path):
    words = ["--objective", "click", "--objective", "profit", "--scalarizer", "nash", "--out", tmp_path]
    said = slategym(*SIMULATE, *words).stdout
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["config"]["scalarizer"] == "nash"
    assert run["config"]["objectives"] == ["click", "profit"]
    assert run["metrics"]["weight_of_click"] + run["metrics"]["weight_of_profit"] == pytest.approx(1)
    assert len(run["curves"]["weight_of_profit"]) == 25
    assert f"{run['metrics']['profit_per_slate']:.4f}" in said
    assert read_log(tmp_path)["objectives"].shape == (2500, 2)


def test_benchmark_of_one_seed_says_what_it_cannot_tell(tmp_path):
    said = slategym(*BENCHMARK, "--seeds", 1, "--out", tmp_path).stdout
    assert "One seed gives no interval" in said
    assert ">" not in said


def test_finished_run_is_kept_unless_forced(tmp_path):
    for words, name in ((SIMULATE, "run.json"), ([*BENCHMARK, "--seeds", "1"], "results.json")):
        folder = tmp_path / name
        slategym(*words, "--out", folder)
        before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        said = slategym(*words, "--out", folder).stdout  # takes up what is there
        assert "value" in said
        assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        refused = slategym(*words, "--weights", "2,3", "--out", folder, code=2)
        assert f"holds a finished run with other weights ({name})" in refused.stderr
        assert "--force" in refused.stderr
        assert {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
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
        ("benchmark --agent random --agent radnom", "there is no agent 'radnom'. Did you mean 'random'"),
        ("benchmark --agent random --agent random", "--agent names 'random' twice"),
        ("benchmark --agent random,lin-ts", "repeat the option, --agent random --agent lin-ts"),
        ("simulate --agent lin-ts:alhpa=1", "agent 'lin-ts' has no option 'alhpa'. Did you mean 'alpha'"),
        ("simulate --agent lin-ts:alpha=much", "agent 'lin-ts': alpha=much: expected a finite number; "),
        ("simulate --agent lin-ts:alpha", "expected options as name=value, such as lin-ts:name=value"),
        ("simulate --world Shop-v0:itms=5", "has no option 'itms'. Did you mean 'items'"),
        ("simulate --world Shop-v0:items", "expected options as name=value, such as Shop-v0:name=value"),
        ("simulate --world Shop-v0:items=many", "items=many: expected a whole number, such as 1000 or 1e5; 500 is the default"),
        ("simulate --world Shop-v0:satiation=1", "satiation=1: expected true or false; True is the default"),
        ("simulate --world Shop-v0:slate_size=501", "slate_size is 501"),
        ("simulate --weights 1;10", "--weights is '1;10': expected a number for each of click and conversion"),
        ("simulate --weights 1", "--weights is '1'"),
        ("simulate --weights 1,nan", "--weights is '1,nan'"),
        ("simulate --agent random,popularity", "there is no agent 'random,popularity'"),
        ("simulate --seed 18446744073709551616", "seed"),
        ("benchmark --scalarizer nahs", "there is no scalarizer 'nahs'. Did you mean 'nash'"),
        ("benchmark --scalarizer nash --scalarizer nash", "--scalarizer names 'nash' twice"),
        ("simulate --scalarizer lagrangian:clicks>=1", "there is no objective 'clicks'. Did you mean 'click'"),
        ("simulate --scalarizer lagrangian:click>=9", "no mixture of slates has click >= 9: the nearest has click"),
        ("simulate --scalarizer nash --scalarizer gini", "--scalarizer names 2: expected one"),
        ("benchmark --scalarizer nash --rank-by episode", "a scalarizer's utility is computed per slate"),
        ("benchmark --rank-by visit", "--rank-by is 'visit': expected episode or slate"),
        ("benchmark --references some", "--references is 'some': expected kept, all or off"),
        ("benchmark --exact yes", "--exact is 'yes': expected sampled, every or off"),
        ("benchmark --until-decided --indifference much", "--indifference is 'much': expected a share such as 1% or 0.01"),
        ("benchmark --until-decided --agent random", "expected two agents or more, and no scalarizer"),
        ("profile lin-tz", "there is no agent 'lin-tz'. Did you mean 'lin-ts'"),
        ("profile lin-ts --task drfit", "there is no task 'drfit'. Did you mean 'drift'"),
        ("profile lin-ts --reference random --reference random", "references name 'random' twice"),
        ("leaderboard --tier slow", "--tier is 'slow': expected quick or full"),
        ("leaderboard --world Shop-v9", "Did you mean 'Shop-v0'"),
        ("simulate --objective clicks", "there is no objective 'clicks'. Did you mean 'click'"),
        (
            "simulate --objective click --objective profit --objective conversion --weights 1,10",
            "of click and profit and conversion, not all 0, such as 1,1,10",
        ),
        ("worlds Shop-v9", "Did you mean 'Shop-v0'"),
        ("benchmark --seeds 0", "--seeds is '0': expected a whole number from 1 to 10,000, such as 1000 or 1e5"),
        ("pareto --precision 0", "--precision is '0': expected a number above 0"),
        ("scale --seconds 61", "--seconds is '61': expected a number from 0 to 60"),
        ("simulate --world Shop-v0:items=1.5", "items=1.5: expected a whole number"),
        ("simulate --world Shop-v0:candidates=some", "candidates=some: expected a whole number, such as 1000 or 1e5; None is"),
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


OWN = """
from slategym.sim.worlds.shop.world import shop

def Kiosk(days: int, items: int = 30, names: list[str] | None = None, share=0.5):
    \"\"\"A kiosk.

    Args:
        days, items: whole numbers [of something], and what
            is told further on.
        share: a part.
    \"\"\"
    return shop(items=items, visits=days)

Stand = shop(items=12, categories=2)
Stall = lambda: Stand
"""


def test_all_about_a_world_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_shop.py").write_text(OWN)
    said = slategym("worlds", "my_shop.py:Kiosk").stdout
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in said.splitlines() if line.strip()}
    assert rows["days"].startswith("int required whole numbers [of")
    assert rows["items"].startswith("int 30 whole numbers [of")
    assert rows["share"] == "float 0.5 a part."
    assert "list[str] | None" in said
    assert rows["candidates"].startswith("int | None from 1")
    assert "told further on" in " ".join(said.split())
    assert "No default for days" in said
    assert "12 items, slates of 5, up to 30 visits" in slategym("worlds", "my_shop.py:Stand").stdout
    assert "12 items, slates of 5, up to 30 visits" in slategym("worlds", "my_shop.py:Stall").stdout
    assert "Did you mean 'Kiosk'" in slategym("worlds", "my_shop.py:Kiosc", code=2).stderr


def test_every_option_of_every_world_is_told():
    for name in WORLDS:
        told = world_options(name).values()
        assert [
            option.name for option in told if not (option.meaning and option.type_name and option.default is not REQUIRED)
        ] == []
        said = slategym("worlds", name).stdout
        flags = ("user_model", "click_model", "objectives")
        assert all(f"\n{option.name} " in said for option in told if option.name not in flags)


@pytest.mark.parametrize(("text", "number"), [("100", 100), ("1e2", 100), ("1_00", 100), ("100.0", 100), (" 100 ", 100)])
def test_whole_numbers_as_people_write_them(text, number, tmp_path):
    words = [
        "simulate",
        "--agent",
        "random",
        "--world",
        f"Shop-v0:items={text}",
        "--slates",
        text,
        "--shoppers",
        text,
        "--seed",
        text,
    ]
    slategym(*words, "--out", tmp_path)
    run = json.loads((tmp_path / "run.json").read_text())
    assert run["config"]["options"] == {"items": number}
    assert [run["config"][name] for name in ("slates", "shoppers", "seed")] == [number] * 3
    assert isinstance(run["config"]["options"]["items"], int)


NUMBERS = {  # every option of a number, by command; what else the command needs is not asked for before
    "simulate": ("slates", "seed", "shoppers", "shards", "checkpoint_every"),
    "benchmark": ("slates", "seeds", "processes", "shoppers", "most_seeds", "checkpoint_every"),
    "leaderboard": ("processes", "checkpoint_every"),
    "experiment": ("per_day", "slates", "seeds", "processes", "shoppers", "checkpoint_every"),
    "profile": ("seeds", "processes"),
    "tune": ("trials", "batch", "seed", "seeds", "judge_seeds", "slates", "shoppers", "processes"),
    "predict": ("slates", "epochs", "patience", "seed", "seeds", "earn_slates", "shoppers", "true_slates"),
    "replay": ("ranks", "floor", "draws", "shoppers", "seed"),
    "evaluate": ("ranks", "draws", "shoppers", "seed"),
    "estimators": ("replications", "items", "seed", "processes"),
    "pareto": ("points", "slates", "seeds", "processes", "shoppers", "precision"),
    "audit": ("seed", "shoppers"),
    "report": (),
    "check": ("timeout",),
    "fit": ("slates", "seeds"),
    "scale": ("largest", "seconds"),
    "throughput": ("shoppers", "items", "slate_size", "latent", "slates", "rounds", "seconds"),
    "worlds": (),
    "agents": (),
}


def test_every_number_is_read_in_one_way():
    """A number that is none is refused in the house's own words, and no option of a number is forgotten here."""
    assert [command.callback.__name__ for command in app.registered_commands] == list(NUMBERS)
    for command in app.registered_commands:
        hints = inspect.signature(command.callback, eval_str=True).parameters
        kinds = {name: get_args(each.annotation)[0] for name, each in hints.items() if get_args(each.annotation)}
        numbers = [name for name, kind in kinds.items() if {int, float} & {kind, *get_args(kind)}]
        assert numbers == [*NUMBERS[command.callback.__name__], *(["watch_port"] if "watch_port" in hints else [])]
        for place, name in enumerate(numbers):
            flag = f"--{name.replace('_', '-')}"
            wrong = ("nan", "-1", "1e400", *(("1.5", "1e-3") if int in (kinds[name], *get_args(kinds[name])) else ()))
            for text in ("many", wrong[place % len(wrong)])[place > 0 :]:  # one function reads them all
                said = slategym(
                    command.callback.__name__, flag, text, *(["x"] if command.callback.__name__ == "check" else []), code=2
                )
                assert said.stderr.startswith(f"slategym: {flag} is {text!r}: expected a ")
                assert len(said.stderr.splitlines()) == 1


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


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_by_the_script_that_is_shown():
    script = (
        "source <(slategym --show-completion); COMP_WORDS=(slategym simulate --world Sh); COMP_CWORD=3;"
        '_slategym_completion slategym; echo "${COMPREPLY[@]}"'
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env={**os.environ, "PATH": path})
    assert (done.stdout, done.stderr) == ("Shop-v0 ShopBandit-v0\n", "")


def test_as_a_module(tmp_path):
    import slategym as package

    done = subprocess.run([sys.executable, "-m", "slategym", "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"slategym {package.__version__}\n")
