"""The policy's network, and its state as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional


class TwoTowers(nn.Module):
    """Two-tower network: a score is the inner product of a shopper vector and an item vector, plus a bias per item.

    The shopper tower is a hidden layer in parallel with a linear map; the item tower is a linear map of the item's features
    plus a free vector per item.

    Args:
        features: (m, d) float32, of the items.
        inputs: number of input columns.
        hidden: number of units of the hidden layer.
        width: length of the vectors.
    """

    features: Tensor

    def __init__(self, features: NDArray[np.float32], inputs: int, hidden: int, width: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.from_numpy(features))  # (m, d)
        self.direct = nn.Linear(inputs, width)
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, width))
        self.item = nn.Linear(features.shape[1], width)
        self.own = nn.Parameter(torch.zeros(len(features), width))
        self.bias = nn.Parameter(torch.zeros(len(features), 1))
        with torch.no_grad():  # start near the uniform policy
            self.direct.weight.mul_(0.1)
            for weight in self.hidden[2].parameters():
                weight.mul_(0.1)

    def forward(self, x: Tensor, candidates: Tensor | None = None) -> Tensor:
        """(n, m) scores for inputs (n, inputs), or (n, C) for candidates (n, C), with sparse gradients."""
        shopper = self.direct(x) + self.hidden(x)  # (n, width)
        if candidates is None:
            item = self.item(self.features) + self.own  # (m, width)
            return torch.addmm(self.bias[:, 0], shopper, item.T)
        own, bias = (functional.embedding(candidates, table, sparse=True) for table in (self.own, self.bias))
        item = self.item(self.features[candidates]) + own  # (n, C, width)
        return torch.baddbmm(bias, item, shopper[:, :, None])[:, :, 0]


def arrays(value: Any) -> Any:
    """Copies tensors to arrays, in nested dictionaries."""
    if isinstance(value, dict):
        return {key: arrays(item) for key, item in value.items()}
    return value.detach().numpy().copy() if isinstance(value, Tensor) else value


def tensors(value: Any) -> Any:
    """Copies arrays to tensors, in nested dictionaries."""
    if isinstance(value, dict):
        return {key: tensors(item) for key, item in value.items()}
    return torch.from_numpy(np.array(value)) if isinstance(value, np.ndarray) else value
