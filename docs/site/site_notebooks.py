"""Notebooks: the cells of a script in jupytext's percent format, the notebook of them, and its page of the site."""

import ast
import base64
import json
import re
from pathlib import Path
from typing import NamedTuple

BASH = "%%bash\n"
HEAD = re.compile(r'^# %%(?: \[(markdown)\])?((?: \w+="[^"]*")*)$')
OPTION = re.compile(r'(\w+)="([^"]*)"')
METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class Cell(NamedTuple):
    """A cell.

    Attributes:
        kind: "markdown" or "code".
        source: its text.
        metadata: `alt` describes the picture that a cell of code draws.
    """

    kind: str
    source: str
    metadata: dict[str, str]


def read_script(text):
    """The cells of a script.

    Args:
        text: of the script, in the percent format; what stands before the first cell is left out.
    """
    found = []
    for line in text.splitlines():
        if head := HEAD.match(line):
            found.append((head[1] or "code", dict(OPTION.findall(head[2])), []))
        elif line.startswith("# %%"):
            raise ValueError(f'{line!r} is no head of a cell: expected # %%, # %% [markdown] or # %% name="text"')
        elif found:
            found[-1][2].append(line)
    return [_cell(*each) for each in found]


def _cell(kind, metadata, lines):
    bash = metadata.pop("language", "") == "bash"
    if kind == "markdown" or bash:
        lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
    source = "\n".join(lines).strip("\n")
    return Cell(kind, BASH + source if bash else source, metadata)


def read_notebook(notebook):
    """The cells of a notebook.

    Args:
        notebook: the content of its file.
    """
    return [Cell(cell["cell_type"], "".join(cell["source"]), cell["metadata"]) for cell in notebook["cells"]]


def as_notebook(cells):
    """The notebook of cells that were not run.

    Args:
        cells: as `read_script` gives them.
    """
    written = []
    for number, cell in enumerate(cells, 1):
        own = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
        lines = cell.source.splitlines(keepends=True)
        written.append({"cell_type": cell.kind, "id": f"cell-{number}", "metadata": cell.metadata, **own, "source": lines})
    return {"cells": written, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}


def clean(notebook):
    """A notebook that was run, without what differs from run to run: times, counts, and what was written to stderr.

    Args:
        notebook: the content of its file.
    """
    cleaned = as_notebook(read_notebook(notebook))
    code = [cell for cell in cleaned["cells"] if cell["cell_type"] == "code"]
    ran = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for count, (cell, before) in enumerate(zip(code, ran, strict=True), 1):
        alt = cell["metadata"].get("alt")
        cell["metadata"] = {"alt": alt} if alt else {}
        cell["execution_count"] = count
        cell["outputs"] = list(_outputs(before["outputs"]))
    return cleaned


def _outputs(outputs):
    """What was printed, in one piece between pictures, and the pictures."""
    text = ""
    for output in outputs:
        if output["output_type"] == "stream":
            text += "".join(output["text"]) if output["name"] == "stdout" else ""
            continue
        if output["output_type"] == "error":
            raise ValueError(f"a cell failed: {output['ename']}: {output['evalue']}")
        if text:
            yield _printed(text)
            text = ""
        kind = "image/png" if "image/png" in output["data"] else "text/plain"
        data = "".join(output["data"][kind])
        yield {"data": {kind: data.strip()}, "metadata": {}, "output_type": "display_data"}
    if text:
        yield _printed(text)


def _printed(text):
    return {"name": "stdout", "output_type": "stream", "text": text.splitlines(keepends=True)}


def with_outputs(cells, notebook):
    """The notebook of cells, with the outputs of a notebook that has the same code, however it is spread over lines.

    Args:
        cells: as `read_script` gives them.
        notebook: as `clean` gives it.

    Raises:
        ValueError: the code differs.
    """
    made = as_notebook(cells)
    code, ran = ([cell for cell in each["cells"] if cell["cell_type"] == "code"] for each in (made, notebook))
    if [_meaning("".join(cell["source"])) for cell in code] != [_meaning("".join(cell["source"])) for cell in ran]:
        raise ValueError("the code has changed since the notebook was run: run it again, without --text")
    for cell, before in zip(code, ran, strict=True):
        cell |= {"execution_count": before["execution_count"], "outputs": before["outputs"]}
    return made


def _meaning(source):
    """What is the same for the same code: the syntax tree of Python, commands with their lines joined."""
    return re.sub(r"\\\n *", "", source) if source.startswith(BASH) else ast.dump(ast.parse(source))


def printed(notebook):
    """The text that each cell of code printed.

    Args:
        notebook: as `clean` gives it.
    """
    return [
        "".join("".join(output["text"]) for output in cell["outputs"] if output["output_type"] == "stream")
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def write_tutorials(docs):
    """Write a page beside each notebook of a folder of pages, with its pictures as files.

    Args:
        docs: the folder, which holds tutorials/.
    """
    for path in sorted((docs / "tutorials").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        path.with_suffix(".md").write_text("\n\n".join(_page(notebook, path)) + "\n", encoding="utf-8")


def _page(notebook, path: Path):
    """The parts of the page of a notebook, whose pictures are written."""
    pictures = 0
    for number, cell in enumerate(notebook["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            yield source
            if number == 0:
                yield f"This page is a Jupyter notebook: {{download}}`download it <{path.name}>` to run and change it."
            continue
        language, code = ("bash", source.removeprefix(BASH)) if source.startswith(BASH) else ("python", source)
        yield f"```{language}\n{code}\n```"
        for output in cell["outputs"]:
            if output["output_type"] == "stream" or "text/plain" in output["data"]:
                text = output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]
                yield f"```{{code-block}} text\n:class: output\n\n{''.join(text).rstrip()}\n```"
            else:
                pictures += 1
                picture = path.with_name(f"{path.stem}-{pictures}.png")
                picture.write_bytes(base64.b64decode(output["data"]["image/png"]))
                yield f"![{cell['metadata']['alt']}]({picture.name})"
