"""The policies that are evaluated: agents that learn the first part of a log, and trained ones that are taken as they are."""

from __future__ import annotations

import re
from pathlib import Path

from slategym.agents.base import Agent
from slategym.agents.registry import file_of


def is_fixed(text: str) -> bool:
    """Whether a policy is taken as it is: one that was trained and saved before.

    Args:
        text: its name.
    """
    return file_of(text) is not None


def file_name(text: str) -> str:
    """The name of the file in which a taught policy is kept: `lin-ts_alpha=0.2.agent`.

    Args:
        text: the policy's name.
    """
    return re.sub(r"[^\w.=+-]+", "_", text).strip("_") + ".agent"


def keep(agent: Agent, text: str, folder: Path) -> Path:
    """Save a taught policy.

    Args:
        agent: the policy.
        text: its name.
        folder: where its file goes.

    Returns:
        The file.
    """
    path = folder / file_name(text)
    agent.save(path)
    return path
