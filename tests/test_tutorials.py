"""The tutorials: scripts and notebooks agree, notebooks were run without an error, and running them again prints the same."""

import ast
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "site"))
try:
    import build_tutorials
    import site_notebooks as notebooks
finally:
    sys.path.pop(0)

SCRIPTS = sorted((DOCS / "tutorials").glob("*.py"))
LARGEST = 400_000  # bytes of a notebook
LONGEST = 300  # seconds of processor time
tutorials = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def notebook_of(script):
    return json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))


def code_of(script):
    """The cells of Python."""
    cells = notebooks.read_script(script.read_text(encoding="utf-8"))
    return [cell.source for cell in cells if cell.kind == "code" and not cell.source.startswith(notebooks.BASH)]


def test_each_script_has_a_notebook_and_a_place():
    names = [script.stem for script in SCRIPTS]
    assert len(names) >= 5
    assert sorted(path.stem for path in (DOCS / "tutorials").glob("*.ipynb")) == names
    index, listed = (DOCS / "index.md").read_text(encoding="utf-8"), (DOCS / "README.md").read_text(encoding="utf-8")
    for name in names:
        assert f"\ntutorials/{name}\n" in index
        assert f"(tutorials/{name}.ipynb)" in listed


@tutorials
def test_script_and_notebook_agree_cell_by_cell(script):
    """`python docs/site/build_tutorials.py NAME` makes the notebook anew."""
    assert notebooks.read_notebook(notebook_of(script)) == notebooks.read_script(script.read_text(encoding="utf-8"))


@tutorials
def test_notebook_was_run_without_an_error(script):
    notebook = notebook_of(script)
    assert notebooks.clean(notebook) == notebook  # no error, no times, every cell of code counted in its order
    drawn = [
        cell
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        if output["output_type"] == "display_data" and "image/png" in output["data"]
    ]
    assert drawn
    assert all(len(cell["metadata"]["alt"]) > 20 for cell in drawn), "a picture needs alt= in the head of its cell"
    assert len(drawn) == len(re.findall(r"plt\.show\(\)", script.read_text(encoding="utf-8")))
    assert script.with_suffix(".ipynb").stat().st_size <= LARGEST


@tutorials
def test_links_lead_somewhere(script):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", script.read_text(encoding="utf-8")):
        if not target.startswith("https://"):
            assert (script.parent / target).exists(), target


@tutorials
def test_it_begins_with_a_question_and_ends_with_the_answer(script):
    cells = notebooks.read_notebook(notebook_of(script))
    assert re.match(r"# .+\n\n\*\*Question:\*\*", cells[0].source)
    assert "## The answer" in cells[-1].source
    assert "## Where to go next" in cells[-1].source


@tutorials
def test_cells_of_python_parse(script):
    for source in code_of(script):
        ast.parse(source)


def test_a_script_is_read_as_jupytext_reads_it():
    text = (
        '# ---\n# x: 1\n# ---\n\n# %% [markdown]\n# # A\n#\n# b\n\n# %% alt="a line"\nx = 1\n\n\n# %% language="bash"\n# ls -l\n'
    )
    assert notebooks.read_script(text) == [
        notebooks.Cell("markdown", "# A\n\nb", {}),
        notebooks.Cell("code", "x = 1", {"alt": "a line"}),
        notebooks.Cell("code", "%%bash\nls -l", {}),
    ]
    with pytest.raises(ValueError, match="no head of a cell"):
        notebooks.read_script("# %% raw")


def test_what_differs_from_run_to_run_is_left_out():
    ran = notebooks.as_notebook([notebooks.Cell("code", "f()", {})])
    ran["cells"][0]["metadata"]["execution"] = {"iopub.execute_input": "12:00"}
    ran["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "a\n"},
        {"output_type": "stream", "name": "stderr", "text": "3 s\n"},
        {"output_type": "stream", "name": "stdout", "text": "b\n"},
    ]
    (cell,) = notebooks.clean(ran)["cells"]
    assert cell["metadata"] == {}
    assert cell["outputs"] == [{"output_type": "stream", "name": "stdout", "text": ["a\n", "b\n"]}]
    ran["cells"][0]["outputs"].append({"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []})
    with pytest.raises(ValueError, match="ValueError: no"):
        notebooks.clean(ran)


def test_text_changes_without_running_the_code():
    ran = notebooks.as_notebook([notebooks.Cell("code", "print( 1 )", {}), notebooks.Cell("code", "%%bash\nls \\\n  -l", {})])
    ran["cells"][0] |= {"execution_count": 1, "outputs": [notebooks._printed("1\n")]}
    cells = [
        notebooks.Cell("markdown", "New.", {}),
        notebooks.Cell("code", "print(1)", {}),
        notebooks.Cell("code", "%%bash\nls -l", {}),
    ]
    assert notebooks.printed(notebooks.with_outputs(cells, ran)) == ["1\n", ""]
    with pytest.raises(ValueError, match="the code has changed"):
        notebooks.with_outputs([notebooks.Cell("code", "print(2)", {}), cells[2]], ran)


def test_a_notebook_becomes_a_page(tmp_path):
    (tmp_path / "tutorials").mkdir()
    cells = [notebooks.Cell("markdown", "# A", {}), notebooks.Cell("code", "%%bash\nls", {"alt": "a line"})]
    ran = notebooks.as_notebook(cells)
    ran["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["a\n"]},
        {"output_type": "display_data", "data": {"image/png": "aGk="}, "metadata": {}},
    ]
    (tmp_path / "tutorials" / "mine.ipynb").write_text(json.dumps(ran))
    notebooks.write_tutorials(tmp_path)
    page = (tmp_path / "tutorials" / "mine.md").read_text()
    assert "```bash\nls\n```" in page
    assert ":class: output\n\na\n```" in page
    assert "![a line](mine-1.png)" in page
    assert (tmp_path / "tutorials" / "mine-1.png").read_bytes() == b"hi"


@pytest.mark.tutorials
@tutorials
def test_jupytext_reads_the_same_cells(script):
    import jupytext

    read = jupytext.read(script).cells
    for cell in read:
        cell.metadata.pop("lines_to_next_cell", None)  # empty lines between cells, which a notebook has not
    cells = [notebooks.Cell(cell.cell_type, cell.source, dict(cell.metadata)) for cell in read]
    assert cells == notebooks.read_script(script.read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.tutorials
@tutorials
def test_it_prints_the_same_again(script, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    notebook, seconds = build_tutorials.execute(script)
    assert notebooks.printed(notebook) == notebooks.printed(notebook_of(script))
    assert seconds < LONGEST
