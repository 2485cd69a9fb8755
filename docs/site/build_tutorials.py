"""Makes the notebooks of the tutorials: `python docs/site/build_tutorials.py [--text] [NAME ...]`; needs the extra `tutorials`.

The script docs/tutorials/NAME.py is the source that people edit, in jupytext's percent format. It is run in an empty folder, and
NAME.ipynb is written beside it with all that it printed and drew. With --text nothing is run: where the code has not changed,
its output stays, and only the text around it is written anew.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from site_notebooks import as_notebook, clean, read_script, with_outputs

TUTORIALS = Path(__file__).parents[1] / "tutorials"
LONGEST = 3600  # seconds of a cell
# The same on every machine: one thread in the numerical libraries, 80 columns, and no colours.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "COLUMNS": "80",
    "TTY_COMPATIBLE": "0",
}


def execute(script):
    """Run a tutorial in an empty folder, with the commands of this Python.

    Args:
        script: the path of its script.

    Returns:
        The content of its notebook, and the seconds of processor time.
    """
    from resource import RUSAGE_CHILDREN, getrusage  # not on Windows

    import nbformat
    from nbclient import NotebookClient

    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    notebook = nbformat.reads(json.dumps(as_notebook(read_script(script.read_text(encoding="utf-8")))), as_version=4)
    before = getrusage(RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=LONGEST, kernel_name="python3", resources={"metadata": {"path": folder}})
        client.execute(env=os.environ | ENVIRONMENT | {"PATH": path})
    after = getrusage(RUSAGE_CHILDREN)
    return clean(notebook), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write(script, text_only=False):
    """Write the notebook of a tutorial beside it.

    Args:
        script: the path of its script.
        text_only: keep the outputs that the notebook has, and run nothing.

    Raises:
        ValueError: `text_only`, and the code has changed.
    """
    path, seconds = script.with_suffix(".ipynb"), 0.0
    if text_only:
        cells = read_script(script.read_text(encoding="utf-8"))
        notebook = with_outputs(cells, json.loads(path.read_text(encoding="utf-8")))
    else:
        notebook, seconds = execute(script)
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path.name}: {seconds:.0f} s of processor time, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    names = [each for each in sys.argv[1:] if each != "--text"] or sorted(path.stem for path in TUTORIALS.glob("*.py"))
    for name in names:
        write(TUTORIALS / f"{name}.py", text_only="--text" in sys.argv)
