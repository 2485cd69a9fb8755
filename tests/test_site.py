"""The site of the documentation: every page has a place in it, and it builds without a warning."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.extras import LIGHT

import slategym

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def test_every_page_has_a_place():
    listed = set(re.findall(r"^([\w/-]+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    pages = {path.stem for path in DOCS.glob("*.md")} - {"index", "README"}
    assert pages - listed == set()
    assert {name for name in listed if "/" not in name} - pages == set()


def test_the_citation_names_this_version():
    for path in (ROOT / "CITATION.cff", DOCS / "citing.md"):
        assert slategym.__version__ in path.read_text(), path


def test_the_page_of_installing_names_every_extra_and_what_make_installs():
    page = (DOCS / "install.md").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(extras)
    assert f'--editable ".[{",".join(LIGHT)}]"' in page
    assert f"EXTRAS := {','.join(LIGHT)}\n" in (ROOT / "Makefile").read_text()
    assert f"slategym-{slategym.__version__}-py3-none-any.whl" in page


def test_docstrings_become_restructured_text():
    sys.path.insert(0, str(DOCS / "site"))
    try:
        from site_docstrings import as_restructured_text
    finally:
        sys.path.pop(0)
    lines = ["## Rewards", "a *b and `c*` |d", "```python", "x = 2**3", "```", "| a | b |", "|---|---|", "| `c` | d |"]
    assert [line for line in as_restructured_text(lines) if line] == [
        ".. rubric:: Rewards",
        r"a \*b and `c*` \|d",
        ".. code-block:: python",
        "   x = 2**3",
        ".. list-table::",
        "   :header-rows: 1",
        "   * - a",
        "     - b",
        "   * - `c`",
        "     - d",
    ]


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="sphinx is not installed")
    command = [sys.executable, str(DOCS / "site/build.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    assert done.returncode == 0, done.stderr
    for page in (
        "index",
        "getting-started",
        "agents/lin-ts",
        "reference/worlds/Shop-v0",
        "reference/commands/slategym-benchmark",
    ):
        assert "<h1>" in (tmp_path / f"{page}.html").read_text(), page
    assert "slategym.Agent" in (tmp_path / "reference/api/slategym.html").read_text()
