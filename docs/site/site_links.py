"""What the pages of docs/ need to become pages of the site."""

import re

ROOT_FILE = re.compile(r"\]\((?:\.\./)+(README|ARCHITECTURE|CONTRIBUTING|CHANGELOG)\.md(?:#[\w-]*)?\)")
LIST_OF_PAGES = re.compile(r"\]\((?:\.\./)*README\.md\)")
NOTEBOOK = re.compile(r"\]\(([\w./-]+)\.ipynb\)")
EXAMPLES = re.compile(r"\[([^\]]*)\]\(((?:\.\./)*examples/)\)")
AGENTS = "\n\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"


def as_page(name, text):
    """The text of a page whose links stay inside the site.

    Args:
        name: of the page, without its ending, relative to docs/.
        text: of its file.
    """
    up = "../" * name.count("/")
    text = ROOT_FILE.sub(
        lambda found: f"]({up}index.md)" if found[1] == "README" else f"]({up}project/{found[1].lower()}.md)", text
    )
    text = NOTEBOOK.sub(r"](\1.md)", text)
    text = EXAMPLES.sub(r"`docs/\2`", text)  # a folder is no page
    text = text.replace("```csv\n", "```text\n")
    return text + AGENTS if name == "agents/README" else LIST_OF_PAGES.sub(f"]({up}index.md)", text) if not up else text
