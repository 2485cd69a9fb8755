"""The policies to evaluate: agents that learn the first part of a log, and trained ones that do not learn further."""

from __future__ import annotations

import re
from pathlib import Path

from slategym.agents.base import Agent
from slategym.agents.registry import file_of


def is_fixed(text: str) -> bool:
    """Whether a policy does not learn, because it was trained and saved before.

    Args:
        text: the policy's name.
    """
    return file_of(text) is not None


def file_name(text: str) -> str:
    """The name of the file in which a trained policy is saved, such as `lin-ts_alpha=0.2.agent`.

    Args:
        text: the policy's name.
    """
    return re.sub(r"[^\w.=+-]+", "_", text).strip("_") + ".agent"


def keep(agent: Agent, text: str, folder: Path) -> Path:
    """Save a trained policy.

    Args:
        agent: the policy.
        text: the policy's name.
        folder: the folder of the file.

    Returns:
        The file.
    """
    path = folder / file_name(text)
    agent.save(path)
    return path
