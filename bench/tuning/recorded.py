"""Searches recorded in the repository: their best settings, and the commands that reproduce them."""

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
    """A recorded search.

    Attributes:
        agent: name of the agent.
        settings: the best settings, by option; empty if they earned no more than the defaults on other seeds.
        command: command that made it.
        content: content of its `tuning.json`.
    """

    agent: str
    settings: Mapping[str, Any]
    command: str
    content: Mapping[str, Any]

    @property
    def text(self) -> str:
        """The agent's name with the best settings as options."""
        return with_options(self.agent, self.settings)


def recorded(agent: str) -> RecordedSearch | None:
    """The recorded search of an agent; None if there is none.

    Args:
        agent: name of the agent, such as "lin-ts" or "mabwiser:LinUCB".
    """
    return _read(split_options(agent)[0])


def with_settings(agent: str) -> str:
    """The name of an agent with the best settings of its recorded search as options.

    Args:
        agent: name of the agent; returned unchanged if it has options already, or if there is no recorded search.
    """
    name, options = split_options(agent)
    found = None if options else recorded(name)
    return agent if found is None else found.text


def file_of(agent: str) -> str:
    """The file name of an agent's recorded search.

    Args:
        agent: name of the agent.
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
    judged = content["judgement"]
    better = judged is not None and judged["all"]["mean"] > 0
    return RecordedSearch(name, content["best"]["settings"] if better else {}, content["command"], content)
