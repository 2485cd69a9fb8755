"""Builds the site of the documentation: `python docs/site/build.py [FOLDER]`, by default into build/docs, without the network."""

import shutil
import sys
import tempfile
from pathlib import Path

from site_notebooks import write_tutorials
from site_reference import write_reference
from sphinx.cmd.build import main

ROOT = Path(__file__).parents[2]


def build(out):
    """Build the site and return the exit status; a warning is an error.

    Args:
        out: the folder of the site.
    """
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "docs"  # a copy, beside which the pages of the reference and of notebooks are written
        shutil.copytree(ROOT / "docs", pages)
        shutil.copy(ROOT / "CITATION.cff", folder)
        write_reference(pages)
        write_tutorials(pages)
        return main(["--builder", "html", "--quiet", "--fail-on-warning", "--keep-going", str(pages), str(out)])


if __name__ == "__main__":
    path = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/docs")
    status = build(path)
    if status == 0:
        print(f"open {path / 'index.html'}")
    sys.exit(status)
