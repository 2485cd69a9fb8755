"""Configurations: what a run writes, what runs from it, and what is refused."""

import json
import shlex
import tomllib

import pytest
from typer.testing import CliRunner

from slategym import __version__
from slategym.scripts.common.configurations import _split
from slategym.scripts.common.toml import as_toml
from slategym.scripts.main import app
from slategym.utils.specification import join_options

TINY = "Shop-v0:items=12,categories=3,slate_size=2,visits=3"
AGENTS = ["--agent", "lin-ts:alpha=0.1,ridge=2", "--agent", "random"]
RUN = ["--slates", "40", "--shoppers", "5", "--seeds", "2", "--processes", "1", "--weights", "1,3.5"]


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, (result.output, result.exception)
    return result


def read(path):
    return tomllib.loads(path.read_text("utf-8"))


def numbers(path):
    content = json.loads(path.read_text("utf-8"))
    return {
        name: {metric: value for metric, value in agent.items() if "second" not in metric and metric != "seeds"}
        for name, agent in content["agents"].items()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    slategym("benchmark", "--world", TINY, *AGENTS, *RUN, "--not-staggered", "--out", folder / "first")
    return folder / "first"


def test_a_run_writes_what_was_asked_for(made):
    content, results = read(made / "config.toml"), json.loads((made / "results.json").read_text("utf-8"))
    assert content["world"] == {"name": "Shop-v0", "items": 12, "categories": 3, "slate_size": 2, "visits": 3}
    assert content["agents"] == [{"name": "lin-ts", "alpha": 0.1, "ridge": 2}, "random"]
    assert (content["slates"], content["seeds"], content["shoppers"]) == (40, 2, 5)
    assert content["weights"] == "1,3.5"
    assert content["staggered"] is False
    assert not {"out", "processes", "force", "checkpoint_every"} & set(content)
    kept = content["slategym"]
    assert kept == {"command": results["command"], "version": __version__, "fingerprint": results["config"]["fingerprint"]}
    words = shlex.split(kept["command"])
    assert words[:2] == ["slategym", "benchmark"]
    assert {"--not-staggered", "lin-ts:alpha=0.1,ridge=2"} <= set(words)
    assert not {"--out", "--processes"} & set(words)


def test_it_runs_from_one_with_the_same_numbers_and_by_its_command(made, tmp_path):
    said = slategym("benchmark", "--config", made / "config.toml", "--processes", 1, "--out", tmp_path / "again")
    assert (tmp_path / "again/config.toml").read_bytes() == (made / "config.toml").read_bytes()
    assert numbers(tmp_path / "again/results.json") == numbers(made / "results.json")
    assert "numbers may differ" not in said.stderr
    command = shlex.split(read(made / "config.toml")["slategym"]["command"])[1:]
    slategym(*command, "--processes", 1, "--out", tmp_path / "by-command")
    assert (tmp_path / "by-command/config.toml").read_bytes() == (made / "config.toml").read_bytes()


def test_options_win_over_it_and_changes_reach_into_it(made, tmp_path):
    words = ["--set", "agents.0.alpha=0.3", "--set", "agents.1=popularity", "--set", "world.items=20", "--seeds", 1]
    slategym("benchmark", "--config", made / "config.toml", *words, "--processes", 1, "--out", tmp_path)
    content, config = read(tmp_path / "config.toml"), json.loads((tmp_path / "results.json").read_text("utf-8"))["config"]
    assert content["agents"] == [{"name": "lin-ts", "alpha": 0.3, "ridge": 2}, "popularity"]
    assert config["agents"] == ["lin-ts:alpha=0.3,ridge=2", "popularity"]
    assert (config["options"]["items"], config["items"], config["seeds"], config["weights"]) == (20, 20, [0], [1, 3.5])


def test_one_written_by_hand(tmp_path):
    (tmp_path / "bench.toml").write_text(
        f'world = "{TINY}"\nagent = "epsilon-greedy"\nslates = 2e1\nseed = 3\nshoppers = 5\nweights = [1, 2.0]\n'
        "exact = 'every'\nlog_observations = false\n"
    )
    slategym("simulate", "--config", tmp_path / "bench.toml", "--set", "agent.epsilon=0.2", "--out", tmp_path / "out")
    run = json.loads((tmp_path / "out/run.json").read_text("utf-8"))
    config = run["config"]
    assert (config["agent"], config["slates"], config["seed"]) == ("epsilon-greedy:epsilon=0.2", 20, 3)
    assert (config["weights"], config["exact"], config["log_observations"]) == ([1, 2], "every", False)
    assert "--no-log-observations" in run["command"]


def test_every_long_command_writes_one(tmp_path):
    # Arguments too come from it. The numbers are those of a tiny run.
    words = ["--world", TINY, "--slates", 60, "--shoppers", 5, "--seeds", 1, "--processes", 1]
    slategym("experiment", "random", "popularity", *words, "--out", tmp_path / "a")
    content = read(tmp_path / "a/config.toml")
    assert (content["a"], content["b"]) == ("random", "popularity")
    assert content["slategym"]["command"].startswith("slategym experiment random popularity --world ")
    slategym("experiment", "--config", tmp_path / "a/config.toml", "--processes", 1, "--out", tmp_path / "b")
    assert (tmp_path / "b/config.toml").read_bytes() == (tmp_path / "a/config.toml").read_bytes()


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("slates = 'many'", [], "--slates is 'many': expected a whole number from 1"),
        ("slates = 2.5", [], "--slates is '2.5': expected a whole number from 1"),
        ("slates = [1, 2]", [], "--slates is '1,2': expected a whole number"),
        ("slats = 1", [], "there is no entry of the configuration 'slats'. Did you mean 'slates'"),
        ("trust = true", [], "there is no entry of the configuration 'trust'"),
        ("agents = 'random'", [], "agents is 'random': expected a list, such as agents = ['random']"),
        ("agents = [3.5]", [], "there is no agent '3.5'"),
        ("agents = [{alpha = 1}]", [], 'expected a text, or a table such as {name = "lin-ts", alpha = 0.3}'),
        ("agents = [{name = 'lin-ts', alpha = -1}]", [], "alpha is -1.0: expected a number from 0"),
        ("agents = [{name = 'lin-ts', alfa = 1}]", [], "agent 'lin-ts' has no option 'alfa'"),
        ("seeds = {name = 'x'}", [], "seeds is {'name': 'x'}: expected a number or a text"),
        ("staggered = 'perhaps'", [], "--staggered is 'perhaps': expected true or false"),
        ("staggered = 1.5", [], "--staggered is 1.5: expected true or false"),
        ("weights = [0, 0]", [], "--weights is '0,0': expected a number for each of click and conversion"),
        ("slates = ", [], "cannot be read as TOML"),
        ("[slategym]\ncommand = 'slategym tune --agent x'", [], "belongs to slategym tune, and this is slategym benchmark"),
        ("agents = ['random']", ["agents.1.alpha=1"], "--set agents.1.alpha=1: expected one of agents.0 to agents.0"),
        ("", ["agents.0=random"], "--set agents.0=random: expected a configuration with a list of agents"),
        ("agents = ['random']", ["agents=random"], "expected one of agents.0 to agents.0"),
        ("", ["slates.more=1"], "--set slates.more=1: slates has no options here"),
        ("", ["slates"], "--set is 'slates': expected KEY=VALUE"),
        ("", ["shoppers=3"], "--set shoppers=3 changes shoppers, and another option of the command gives it too"),
        ("scalarizers = ['lagrangian:click>=0.5']", ["scalarizers.0.rate=2"], "lagrangian:click>=0.5 has bounds"),
    ],
)
def test_mistakes_in_it_are_refused_in_a_line_as_those_in_options(text, words, message, tmp_path):
    (tmp_path / "bench.toml").write_text(text)
    changes = [word for change in words for word in ("--set", change)]
    refused = slategym(
        *["benchmark", "--config", tmp_path / "bench.toml", *changes, "--shoppers", 5, "--out", tmp_path / "out"], code=2
    )
    assert message in refused.stderr
    assert len([line for line in refused.stderr.splitlines() if "compiling" not in line]) == 1
    assert not (tmp_path / "out").exists()


def test_one_of_other_code_is_told(made, tmp_path):
    text = (made / "config.toml").read_text("utf-8")
    (tmp_path / "old.toml").write_text(text.replace('fingerprint = "', 'fingerprint = "0'))
    words = ["benchmark", "--config", tmp_path / "old.toml", "--processes", 1]
    assert "the code has changed since" in slategym(*words, "--out", tmp_path / "a").stderr
    assert "the code has changed" not in slategym(*words, "--seeds", 1, "--out", tmp_path / "b").stderr
    assert "there is no such file" in slategym("benchmark", "--config", tmp_path / "nothing.toml", code=2).stderr


def test_toml_is_read_back_as_it_was():
    content = {
        "text": 'quotes " and \\ and\nlines, é, 中\x7f\x1f',
        "number": 3,
        "share": 0.1,
        "large": 1e300,
        "yes": True,
        "list": [1, 2.5, "x"],
        "empty": [],
        "table": {"name": "a", "b c": 1, "d-e": [1]},
        "tables": [{"name": "a", "x": 1}, "b"],
    }
    assert tomllib.loads(as_toml(content)) == content
    with pytest.raises(TypeError, match="is a NoneType: expected a text"):
        as_toml({"nothing": None})


@pytest.mark.parametrize(
    "text",
    [
        "lin-ts:alpha=0.1,ridge=2",
        "my_agent.py:Mine:alpha=1e-3",
        "a:x=true,y=none,z=1.0",
        "a:weights=1,10",
        "a:x=007",
        "a:x=1e5",
        "lagrangian:click>=0.5",
    ],
)
def test_a_text_becomes_a_table_only_where_that_gives_the_text_again(text):
    table = _split(text)
    again = table if isinstance(table, str) else join_options(table.pop("name"), table)
    assert again == text
