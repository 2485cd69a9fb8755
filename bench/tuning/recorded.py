"""Searches that are kept in the repository: what was found, and the command that finds it again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from slategym.bench.tuning.space import with_options
from slategym.utils.specification import split_options

FOLDER = "searches"


@dataclass(frozen=True)
class RecordedSearch:
    """A search that is kept.

    Attributes:
        agent: the agent's name.
        settings: the best ones, by option.
        command: that made it.
        content: all of it, as `tuning.json` has it.
    """

    agent: str
    settings: Mapping[str, Any]
    command: str
    content: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The agent's text with the best settings."""
        return with_options(self.agent, self.settings)


def recorded(agent: str) -> RecordedSearch | None:
    """The recorded search of an agent; None if there is none.

    Args:
        agent: its name, "lin-ts" or "mabwiser:LinUCB".
    """
    return _read(split_options(agent)[0])


def with_settings(agent: str) -> str:
    """The text of an agent with the best settings of its recorded search; one with options, or without a search, as it is.

    Args:
        agent: its text.
    """
    name, options = split_options(agent)
    found = None if options else recorded(name)
    return agent if found is None else found.text


def file_of(agent: str) -> str:
    """The name of the file of a search.

    Args:
        agent: its name.
    """
    return f"{agent.replace(':', '-')}.json"


@cache
def _read(agent: str) -> RecordedSearch | None:
    path = files("slategym.bench.tuning").joinpath(FOLDER, file_of(agent))
    if "/" in agent or "\\" in agent or not path.is_file():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    name, options = split_options(content["config"]["agent"])
    if name != agent or options:
        return None
    return RecordedSearch(name, content["best"]["settings"], content["command"], content)
