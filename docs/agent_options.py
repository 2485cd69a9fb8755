"""Writes the options of each agent into its page of docs/agents, between the markers; run it when options have changed.

`python docs/agent_options.py`
"""

import re
from pathlib import Path
from typing import Any

from slategym.agents.known import AGENTS
from slategym.agents.registry import agent_options

FOLDER = Path(__file__).parent / "agents"
MARKED = re.compile(r"(<!-- options: ([\w:-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page_of(name: str) -> Path:
    """The page of an agent, or of its family."""
    return FOLDER / f"{name.partition(':')[0]}.md"


def table(name: str) -> str:
    """The options of an agent, one a row."""
    options = agent_options(name).values()
    rows = [f"| `{each.name}` | `{as_given(each.default)}` | {in_cell(each.meaning)} |" for each in options]
    return "\n".join(["| option | default | meaning |", "|---|---|---|", *rows]) + "\n" if rows else "It has no options.\n"


def as_given(value: Any) -> str:
    """A value as it is written behind a name: 20000, true, none, hybrid."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def in_cell(text: str) -> str:
    """A text without what would end its cell."""
    return text.replace("|", "\\|").removesuffix(".")


def write(page: str) -> str:
    """Replace the marked part of a page."""
    return MARKED.sub(lambda found: f"{found[1]}\n{table(found[2])}\n{found[3]}", page)


if __name__ == "__main__":
    for path in sorted({page_of(name) for name in AGENTS}):
        path.write_text(write(path.read_text(encoding="utf-8")), encoding="utf-8")
