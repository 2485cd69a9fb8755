"""The settings of the site, which docs/site/build.py builds."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "site"))

from site_docstrings import as_restructured_text
from site_links import as_page

import slategym

project = "slategym"
author = "slategym contributors"
copyright = "slategym contributors, MIT licence"
version = release = slategym.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["README.md", "examples", "site"]  # README.md is the list of pages where there is no site
root_doc = "index"
default_role = "literal"  # docstrings write names between single backticks

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_type_aliases = {
    name: name
    for name in ("Observation", "Slate", "Mask", "Weights", "Chances", "Items", "Floats", "Rows", "Array", "ArrayLike", "Numbers")
}
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_attr_annotations = False
napoleon_use_ivar = True  # attributes are members already
napoleon_custom_sections = [
    ("What it models", "notes_style"),
    ("Faults of the original", "notes_style"),
    *("Action", "Observation", "Reward", "End", "Source", "Version history"),
]

smartquotes = False  # options of commands have two hyphens

html_theme = "furo"
html_title = f"slategym {version}"
html_static_path = ["site/static"]
html_css_files = ["tutorials.css"]
html_show_sphinx = False
html_copy_source = False
copybutton_selector = "div:not(.output) > div.highlight > pre"
copybutton_exclude = ".linenos, .gp"


def setup(app):
    """Make pages of the site of pages and docstrings as they are written."""
    app.connect("source-read", lambda app, name, source: source.__setitem__(0, as_page(name, source[0])))
    app.connect("autodoc-process-docstring", _docstring, priority=400)  # before napoleon
    return {"parallel_read_safe": True}


def _docstring(app, what, name, thing, options, lines):
    lines[:] = as_restructured_text(lines)
