"""docs/agents: a page for every agent, with the same headings, and with the options that the agent has."""

import re
import runpy
from pathlib import Path

import pytest

from slategym.agents.known import AGENTS

DOCS = Path(__file__).parents[1] / "docs"
MADE = runpy.run_path(str(DOCS / "agent_options.py"))
HEADINGS = ["Idea", "Formula", "Options", "When to use it", "Paper"]


@pytest.mark.parametrize("name", AGENTS)
def test_the_page_of_an_agent_is_complete(name):
    text = MADE["page_of"](name).read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    for heading, part in zip(HEADINGS, re.split(r"^## .*$", text, flags=re.MULTILINE)[1:], strict=True):
        assert part.strip(), f"nothing is said under {heading}"
    assert [found[1] for found in MADE["MARKED"].findall(text)] == [name]


@pytest.mark.parametrize("name", AGENTS)
def test_the_options_on_a_page_are_those_of_the_agent(name):
    if AGENTS[name].library:
        pytest.importorskip(AGENTS[name].library)
    text = MADE["page_of"](name).read_text(encoding="utf-8")
    assert text == MADE["write"](text), "run python docs/agent_options.py"


def test_options_of_a_base_class_and_of_a_wrapper_are_told_in_full():
    assert "see `" not in "".join(MADE["table"](name) for name in ("lin-ts", "lin-epsilon-greedy", "logistic-ts"))
    pytest.importorskip("sklearn")
    assert "| `epsilon` | `0.1` | probability of a random item at a rank" in MADE["table"]("sklearn:SGDRegressor")


def test_a_page_with_other_options_is_rewritten():
    page = "before\n<!-- options: epsilon-greedy -->\n| old |\n<!-- end -->\nafter\n"
    written = MADE["write"](page)
    assert written.startswith("before\n")
    assert written.endswith("<!-- end -->\nafter\n")
    assert "| old |" not in written
    assert "| `epsilon` | `0.1` | probability of a random item at a rank |" in written
    assert MADE["write"](written) == written


def test_the_list_has_each_page_once_and_there_are_no_others():
    pages = {MADE["page_of"](name).name for name in AGENTS}
    assert {path.name for path in (DOCS / "agents").iterdir()} == {*pages, "README.md"}
    text = (DOCS / "agents" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[[^\]]*\]\(([\w.-]+)\) \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(pages)
