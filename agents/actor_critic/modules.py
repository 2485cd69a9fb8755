"""The networks of an actor-critic: the actor scores items, and the critics predict rewards and returns."""

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
    """The two towers of the policy gradient; with a memory, the shopper's tower also gets the vector of previous clicks.

    An event of the memory consists of the item tower's vector of the clicked item and the columns of `told_of`.

    Args:
        features: (m, d) float32, item features.
        inputs: number of input columns of a shopper.
        hidden: units of the hidden layer.
        width: length of the vectors.
        memory: one of `MEMORIES`, or "none".
    """

    def __init__(self, features: NDArray[np.float32], inputs: int, hidden: int, width: int, memory: str) -> None:
        super().__init__()
        self.memory = MEMORIES[memory](width + TOLD, inputs, width) if memory in MEMORIES else None
        self.towers = TwoTowers(features, inputs + (0 if self.memory is None else width), hidden, width)

    def known(self, x: Tensor, past: Past | None, *, sparse: bool = False) -> Tensor:
        """(n, inputs) the inputs of shoppers, or (n, inputs + width) with the vector of previous clicks.

        Args:
            x: (n, inputs).
            past: the previous clicks, for an actor with a memory.
            sparse: whether gradients of items' own vectors are sparse.
        """
        if self.memory is None or past is None:
            return x
        items, told = past
        vectors = self.towers.item(self.towers.features[items]) + functional.embedding(items, self.towers.own, sparse=sparse)
        there = told[..., 0]
        return torch.cat([x, self.memory(torch.cat([vectors * there[..., None], told], dim=-1), there, x)], dim=-1)

    def forward(self, known: Tensor, candidates: Tensor | None = None) -> Tensor:
        """(n, m) scores for the result of `known`, or (n, C) for candidates (n, C)."""
        scores: Tensor = self.towers(known, candidates)
        return scores


class Critics(nn.Module):
    """A network with one hidden layer per objective, which predicts the reward at each rank and the return of later visits.

    Args:
        inputs: number of input columns.
        hidden: units of each hidden layer.
        objectives: M.
        outputs: k + 1 outputs per objective: one per rank, and one for later visits. Initially all outputs are 0.
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
