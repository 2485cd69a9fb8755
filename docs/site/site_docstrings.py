"""Docstrings as reStructuredText: they are plain text, with headings, tables and code as in Markdown."""

import re

MARKUP = re.compile(r"(?<![`\\\w])\*(?=\w)|(?<=\w)_(?=[\s),.;:\]]|$)|\|(?=\w)")


def as_restructured_text(lines):
    """The lines of a docstring, cleaned of what reStructuredText would read as markup."""
    written, code = [], None
    for line in lines:
        text = line.strip()
        if text.startswith("```"):
            code = None if code is not None else text.removeprefix("```") or "text"
            written += ["", f".. code-block:: {code}", ""] if code else [""]
        elif code is not None:
            written.append(f"   {line}")
        elif text.startswith("## "):
            written += ["", f".. rubric:: {text.removeprefix('## ')}", ""]
        elif text.startswith("|") and text.endswith("|"):
            row = [cell.strip() for cell in text.strip("|").split("|")]
            written += _row(row, first=not written or not written[-1].startswith("   "))
        else:
            written.append(_escaped(line))
    return written


def _row(cells, first):
    """A row of a table, as one of a `list-table`; a row of dashes is none."""
    if all(set(cell) <= set("-: ") for cell in cells):
        return []
    head = ["", ".. list-table::", "   :header-rows: 1", ""] if first else []
    return [*head, f"   * - {_escaped(cells[0])}", *(f"     - {_escaped(cell)}" for cell in cells[1:])]


def _escaped(line):
    parts = re.split(r"(`+[^`]*`+)", line)
    return "".join(part if part.startswith("`") else MARKUP.sub(r"\\\g<0>", part) for part in parts)
