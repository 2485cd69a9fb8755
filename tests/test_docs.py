"""Every page of docs/: its blocks run in their order, the code it shows is that of the example files, its links lead somewhere.

A page's blocks share a folder that holds the examples. Sizes are smaller here than on the page; where none was changed, the
output that the page shows is the one that comes.
"""

import ast
import io
import re
import runpy
import shlex
import shutil
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slategym.scripts.main import app

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EXAMPLES = sorted((DOCS / "examples").iterdir())
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SMALLER = (
    (r"(simulate .*)--slates \d+", r"\1--slates 4000"),
    (r"(benchmark .*)--slates \d+", r"\1--slates 400 --shoppers 50"),
    (r"((?:new_items|tuned_text).py .*)--slates \d+ --shoppers \d+", r"\1--slates 2000 --shoppers 100"),
    (r"(experiment .*)--slates \d+", r"\1--slates 6000 --shoppers 50"),
    (r"(tune .*)--slates \d+ --shoppers \d+ --seeds \d+ --judge-seeds \d+", r"\1--slates 400 --shoppers 50 --judge-seeds 2"),
    (r"predict --world ShopBandit-v0 --slates \d+", "predict --world ShopBandit-v0:items=30 --slates 1500 --shoppers 100"),
    (r"(slategym predict .*--corruption .*)", r"\1 --level 0.2"),
    (r"(slategym predict .*)", r"\1 --epochs 2 --seeds 2 --earn-slates 400 --true-slates 200"),
    (r"earn_slates=1000, true_slates=500", "earn_slates=400, true_slates=200, shoppers=100"),
    (r"(slategym (?:experiment|leaderboard|tune) .*)", r"\1 --processes 1"),
    (r"(slategym profile .*)--task drift --seeds \d+", r"\1--seeds 2"),
    (r"(slategym profile lookahead:lin-ts)", r"\1 --reference random --task satiation --seeds 2"),
    (r"(slategym profile .*)", r"\1 --processes 1"),
    (r"--seeds \d+", "--seeds 2"),
    (r"(estimators .*)--replications \d+", r"\1--replications 2 --size 60 --processes 1"),
    (r"(slategym audit .*)", r"\1 --shoppers 12 --no-context-ceiling"),
    (r"(slategym benchmark .*)", r"\1 --processes 1"),
    (r"(slategym replay .*)", r"\1 --draws 20"),
    (r"(slategym pareto .*)", r"\1 --processes 1 --slates 400 --shoppers 50 --points 3 --seeds 2"),
    (r"learn\([\d_]+\)", "learn(2_000)"),
)
PEERS = {
    "sklearn": "sklearn:",
    "mabwiser": "mabwiser:",
    "vowpalwabbit": "Vowpal",
    "mo_gymnasium": "mo_gymnasium",
    "pymoo": "nsga2",
    "sb3_contrib": "sb3_contrib",
    "optuna": "slategym tune",
}


def blocks(page):
    return [(language, text) for language, text in BLOCK.findall(page.read_text())]


def smaller(text):
    for pattern, replacement in SMALLER:
        text = re.sub(pattern, replacement, text)
    return text


def lacks(text):
    """The libraries that a block needs and that are not installed."""
    return [library for library, word in PEERS.items() if (word in text or library in text) and find_spec(library) is None]


def run_bash(text):
    """The output of commands, a line each: `slategym ...`, or `python FILE ...`."""
    printed = io.StringIO()
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["slategym"]:
            done = CliRunner().invoke(app, words[1:], catch_exceptions=False)
            assert done.exit_code == 0, f"{line}\n{done.output}"
            printed.write(done.stdout)
        elif words:
            assert words[0] == "python", f"{line}: expected slategym or python"
            arguments, sys.argv = sys.argv, words[1:]
            try:
                with redirect_stdout(printed):
                    runpy.run_path(words[1], run_name="__main__")
            finally:
                sys.argv = arguments
    return printed.getvalue()


def run_python(text, names):
    """The output of a block; `names` are those of the page's earlier blocks."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(text, "<block>", "exec"), names)
    return printed.getvalue()


def of_file(text):
    """The example that a block shows a part of, if its first line names one."""
    name = text.split("\n", 1)[0].removeprefix("# ")
    return next((path for path in EXAMPLES if path.name == name), None)


def as_told(text, speeds=False):
    """Words alone, however they are spread over lines; without the numbers where these are speeds."""
    words = " ".join(text.split())
    return re.sub(r"\d[\d.,]*", "0", words) if speeds else words


LONG = (
    "logs",
    "multi-objective-environments",
    "profile",
    "configurations",
    "off-policy",
    "several-gradients",
    "custom-agent",
    "custom-world",
    "prediction",
    "tuning",
    "custom-user-model",
    "comparing-agents",
    "coming-from",
    "several-objectives",
    "text",
    "trained-models",
)  # pages whose blocks take many seconds


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.stem, marks=[pytest.mark.slow] * (page.stem in LONG)) for page in PAGES]
)
def test_blocks_run(page, tmp_path, monkeypatch):
    for path in EXAMPLES:
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for path in EXAMPLES:
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
    names = {"__name__": "__main__", "__file__": str(tmp_path / "page.py")}
    printed = None  # what the block before said; None where that is not comparable
    for language, text in blocks(page):
        if language == "text":
            if printed is not None:
                command, output = printed
                speeds = "slategym check" in command
                assert as_told(text, speeds) in as_told(output, speeds), f"{command}\nsays\n{output}"
        elif language in ("python", "bash") and not lacks(text):
            output = run_bash(smaller(text)) if language == "bash" else run_python(smaller(text), names)
            printed = (text, output) if smaller(text) == text else None
    for path in EXAMPLES:
        monkeypatch.delitem(sys.modules, path.stem, raising=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_code_is_that_of_the_examples(page):
    for language, text in blocks(page):
        assert language in ("python", "bash", "text", "csv")
        path = of_file(text) if language == "python" else None
        if path:
            there = {ast.unparse(node) for node in ast.parse(path.read_text()).body}
            imported = {f"{node.module}.{name.name}" for node in ast.parse(path.read_text()).body for name in from_import(node)}
            for node in ast.parse(text).body:
                names = {f"{node.module}.{name.name}" for name in from_import(node)}
                assert names <= imported if names else ast.unparse(node) in there, ast.unparse(node)
        if language == "csv":
            assert any(path.read_text().startswith(text) for path in EXAMPLES if path.suffix == ".csv"), text


def from_import(node):
    return node.names if isinstance(node, ast.ImportFrom) else []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


def test_there_is_something_to_run():
    assert {page.stem for page in PAGES} >= {"README", "custom-user-model", "custom-world", "custom-agent"}
    for page in PAGES:
        if page.stem.startswith("custom"):
            assert {language for language, _ in blocks(page)} >= {"python", "bash"}


def test_nothing_is_left_out():
    if missing := lacks(" ".join(PEERS)):
        pytest.skip(f"blocks that need {', '.join(missing)} were left out")
