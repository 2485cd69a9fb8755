"""The networks of an actor-critic: the actor scores items, and the critics expect what slates earn."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from slategym.agents.actor_critic.memory import MEMORIES
from slategym.agents.actor_critic.states import Past
from slategym.agents.policy_gradient.network import TwoTowers
from slategym.agents.predictors.networks.inputs import TOLD


class Actor(nn.Module):
    """The two towers of the policy gradient, of which the shopper's may also see a vector of what was clicked before.

    An event is the vector that the item's tower has for what was clicked, and what is told of it.

    Args:
        features: (m, d) float32, of the items.
        inputs: columns of what is seen of a shopper.
        hidden: units of the hidden layer.
        width: length of the vectors.
        memory: one of `MEMORIES`, or "none".
    """

    def __init__(self, features: NDArray[np.float32], inputs: int, hidden: int, width: int, memory: str) -> None:
        super().__init__()
        self.memory = MEMORIES[memory](width + TOLD, inputs, width) if memory in MEMORIES else None
        self.towers = TwoTowers(features, inputs + (0 if self.memory is None else width), hidden, width)

    def known(self, x: Tensor, past: Past | None, *, sparse: bool = False) -> Tensor:
        """(n, inputs) what is seen of shoppers, or (n, inputs + width) with the vector of what they clicked.

        Args:
            x: (n, inputs).
            past: what was clicked, for an actor with a memory.
            sparse: whether gradients of items' own vectors are sparse.
        """
        if self.memory is None or past is None:
            return x
        items, told = past
        vectors = self.towers.item(self.towers.features[items]) + functional.embedding(items, self.towers.own, sparse=sparse)
        there = told[..., 0]
        return torch.cat([x, self.memory(torch.cat([vectors * there[..., None], told], dim=-1), there, x)], dim=-1)

    def forward(self, known: Tensor, candidates: Tensor | None = None) -> Tensor:
        """(n, m) scores for what is known of shoppers, or (n, C) for candidates (n, C)."""
        scores: Tensor = self.towers(known, candidates)
        return scores


class Critics(nn.Module):
    """A network with a hidden layer for each objective, which expects what each rank and what later visits earn of it.

    Args:
        inputs: columns.
        hidden: units of each.
        objectives: M.
        outputs: k + 1 of each: the ranks, and the later visits. At first 0.
    """

    def __init__(self, inputs: int, hidden: int, objectives: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, objectives * hidden)
        self.last = nn.Parameter(torch.zeros(objectives, hidden, outputs))
        self.bias = nn.Parameter(torch.zeros(objectives, outputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """(n, M, k + 1) for inputs (n, inputs)."""
        layer = torch.relu(self.first(inputs)).unflatten(1, (len(self.last), -1))
        return torch.einsum("nmh,mho->nmo", layer, self.last) + self.bias
