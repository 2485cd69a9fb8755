"""Starts a predictor from the weights of a saved one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from slategym.agents.predictors.networks.feedforward import OF_ITEMS
from slategym.agents.saving import read_agent
from slategym.utils.plugins import find_file


def start_from(agent: Any, path: Path) -> None:
    """Give a `Predictor` the weights of a saved one, except those of item numbers, and its normalisation of contexts.

    Both networks must have the same kind and size, and the same number of context columns, features and categories.

    Args:
        agent: a predictor that has learned nothing yet.
        path: a file written by `Agent.save`.

    Raises:
        ValueError: there is no such file, it contains no predictor, or the predictor has another shape.
    """
    saved = read_agent(find_file("saved predictor", path))
    if not isinstance(saved, type(agent)):
        raise ValueError(f"{path} holds a {type(saved).__name__}: expected a saved predictor")
    if (saved.network_name, saved.members) != (agent.network_name, agent.members):
        raise ValueError(
            f"{path} has network={saved.network_name}, members={saved.members}: expected network={agent.network_name}, "
            f"members={agent.members}"
        )
    theirs, ours = saved.networks.state_dict(), agent.networks.state_dict()
    shared = [name for name in ours if not name.endswith(OF_ITEMS)]
    for name in shared:
        here, there = tuple(ours[name].shape), tuple(theirs[name].shape) if name in theirs else None
        if here != there:
            raise ValueError(
                f"{path} has weights {name} of shape {there}: expected {here}; the numbers of context columns, features and "
                "categories, and the options hidden and width, must be the same"
            )
    with torch.no_grad():
        for name in shared:
            ours[name].copy_(theirs[name])
    agent.normalizer = saved.normalizer
