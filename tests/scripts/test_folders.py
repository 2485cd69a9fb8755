"""Where commands write: one run at a time in a folder, numbers before pages, and what the disk refuses in one line."""

import errno
import importlib.util
import json
import os

import pytest
from typer.testing import CliRunner

from slategym.bench.execution.log_writer import LogWriter
from slategym.bench.reports import benchmark as report
from slategym.scripts.common.terminal import console, table
from slategym.scripts.main import app
from slategym.utils.storage.lock import Lock

TINY = "Shop-v0:items=12,categories=3,slate_size=2,visits=3"
SHOP = ["--world", TINY]
RUN = ["--slates", 20, "--shoppers", 5]
BENCHMARK = ["benchmark", *SHOP, *RUN, "--seeds", 1, "--processes", 1]
# Every command that writes, as small as it goes.
WRITERS = {
    "simulate": ["simulate", *SHOP, *RUN, "--agent", "random"],
    "benchmark": [*BENCHMARK, "--agent", "random"],
    "pareto": [
        "pareto",
        "--world",
        "ShopBandit-v0:items=12,categories=3,slate_size=2",
        *RUN,
        "--agent",
        "random",
        "--seeds",
        1,
        "--points",
        2,
        "--processes",
        1,
    ],
    "audit": ["audit", TINY, "--shoppers", 2, "--no-context-ceiling"],
    "estimators": ["estimators", *SHOP, "--items", 2, "--size", 10, "--replications", 2, "--processes", 1],
    "scale": ["scale", "--largest", 100, "--seconds", 0],
    "throughput": ["throughput", "--quick"],
    "fit": ["fit", "."],
}
if importlib.util.find_spec("moocore") is None:
    del WRITERS["pareto"]


def slategym(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "80"})
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.mark.parametrize("command", WRITERS)
def test_a_place_that_is_in_use_or_cannot_be_written_to_is_refused_before_anything_is_run(command, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "run").mkdir()
    target = tmp_path / "run"
    with Lock(target):
        refused = slategym(*WRITERS[command], "--out", target, "--force", code=2)
    assert f"{target} is in use by process {os.getpid()} (" in refused.stderr
    below = slategym(*WRITERS[command], "--out", tmp_path / "file" / "out" / "run", code=2)
    assert "cannot write" in below.stderr
    for result in (refused, below):
        assert len(result.stderr.splitlines()) == 1
        assert "Errno" not in result.stderr
        assert result.stdout == ""
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("agent", ["oracle", "random"])
def test_one_agent_one_seed_one_objective(agent, tmp_path):
    said = slategym(*BENCHMARK, "--agent", agent, "--objective", "click", "--out", tmp_path).stdout
    assert agent in said
    assert json.loads((tmp_path / "results.json").read_text())["status"] == "finished"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "report.html", "results.json", "runs"]


def test_a_page_that_fails_leaves_the_numbers_and_can_be_made_again(tmp_path, monkeypatch):
    def broken(results):
        raise ZeroDivisionError("of a kind")

    with monkeypatch.context() as patch:
        patch.setattr(report, "page", broken)
        failed = slategym(*BENCHMARK, "--agent", "random", "--agent", "oracle", "--out", tmp_path, code=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "results.json", "runs"]
    assert "value per slate" in failed.stdout  # the leaderboard
    assert failed.stderr.splitlines()[-1] == (
        f"slategym: the page could not be written: ZeroDivisionError: of a kind. The numbers are in {tmp_path / 'results.json'}; "
        f"to write the page from them: slategym report {tmp_path}"
    )
    assert slategym("report", tmp_path).stdout == f"page     {tmp_path / 'report.html'}\n"
    assert "<html" in (tmp_path / "report.html").read_text("utf-8")
    assert "contains no numbers" in slategym("report", tmp_path / "nothing", code=2).stderr


@pytest.mark.parametrize("part", ["log", "numbers", "page"])
def test_a_disk_that_fills_up_is_one_line(part, tmp_path, monkeypatch):
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def refuse(*arguments, **options):
        raise full

    if part == "log":
        monkeypatch.setattr(LogWriter, "_write_part", refuse)
        words, file = WRITERS["simulate"], "log"
    else:
        replace = type(tmp_path).replace
        file = {"numbers": "results.json", "page": "report.html"}[part]
        monkeypatch.setattr(type(tmp_path), "replace", lambda old, new: refuse() if new.name == file else replace(old, new))
        words = WRITERS["benchmark"]
    result = slategym(*words, "--out", tmp_path, code=1)
    assert f"cannot write {tmp_path / file}: No space left on device" in result.stderr.splitlines()[-1]
    left = {"log": ["log"], "numbers": ["runs"], "page": ["results.json", "runs"]}[part]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", *left]
    monkeypatch.undo()
    slategym(*words, "--out", tmp_path)  # once there is room, the same command goes on


def test_names_are_printed_as_they_are(capsys):
    lines = table("agent", "[b]value[/b]")
    lines.add_row("[red]mine[/red] :smile:", "[link=x]1[/link]")
    console().print(lines)
    console().print("[bold]a sentence[/bold]")
    said = capsys.readouterr().out
    for text in ("[b]value[/b]", "[red]mine[/red] :smile:", "[link=x]1[/link]", "[bold]a sentence[/bold]"):
        assert text in said
