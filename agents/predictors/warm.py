"""A start from what a predictor learned elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from slategym.agents.predictors.networks.feedforward import OF_ITEMS
from slategym.agents.saving import read_agent
from slategym.utils.plugins import find_file


def start_from(agent: Any, path: Path) -> None:
    """Give a `Predictor` the weights of a saved one, but for those of items' numbers, and its scale of contexts.

    Both networks must be of one kind and size, for as many columns of context, features and categories.

    Args:
        agent: that has learned nothing yet.
        path: of a file that `Agent.save` wrote.

    Raises:
        ValueError: there is no such file, it holds no predictor, or one of another shape.
    """
    saved = read_agent(find_file("saved predictor", path))
    if not isinstance(saved, type(agent)):
        raise ValueError(f"{path} holds a {type(saved).__name__}: expected a saved predictor")
    if (saved.network_name, saved.members) != (agent.network_name, agent.members):
        raise ValueError(
            f"{path} holds {saved.members} of {saved.network_name}: expected {agent.members} of {agent.network_name}"
        )
    theirs, ours = saved.networks.state_dict(), agent.networks.state_dict()
    shared = [name for name in ours if not name.endswith(OF_ITEMS)]
    for name in shared:
        here, there = tuple(ours[name].shape), tuple(theirs[name].shape) if name in theirs else None
        if here != there:
            raise ValueError(
                f"{path} has {there} weights {name}: expected {here}, from as many columns of context, features and categories, "
                "and the same hidden and width"
            )
    with torch.no_grad():
        for name in shared:
            ours[name].copy_(theirs[name])
    agent.normalizer = saved.normalizer
