"""The network of SlateQ: for each shopper and item the logit of a click, and the click's present and later value."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

OF_ITEMS = ("own", "bias")  # parameters with a row per item
TINY = 1e-10


def squares_of(name: str) -> str:
    """The name of the buffer with the sums of a parameter's squared gradients."""
    return f"{name}_squares"


class Tower(nn.Module):
    """A hidden layer in parallel with a linear map.

    Args:
        inputs: number of input columns.
        hidden: number of units of the hidden layer.
        outputs: number of output columns.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.direct = nn.Linear(inputs, outputs)
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, outputs) for inputs (n, inputs)."""
        outputs: Tensor = self.direct(x) + self.hidden(x)
        return outputs


class ValueNetwork(nn.Module):
    """Two towers with several outputs for each pair of shopper and item, and a value of the shopper alone.

    Each output is the inner product of a shopper vector and an item vector. The item vectors are computed from the item's
    features. Those for the click and for its present rewards also have a free part and a free bias. The effect of a click on
    later visits is small compared with its noise, so that it is predicted from the features alone.

    Args:
        features: (m, d) float32, of the items.
        inputs: number of input columns.
        objectives: M, the number of objectives.
        hidden: number of units of the hidden layers.
        width: length of the vectors.
        sparse: whether the free parts get sparse gradients when only some items are computed.
    """

    features: Tensor

    def __init__(
        self, features: NDArray[np.float32], inputs: int, objectives: int, hidden: int, width: int, *, sparse: bool = False
    ) -> None:
        super().__init__()
        self.register_buffer("features", torch.from_numpy(features))  # (m, d)
        self.heads, self.free, self.width, self.sparse = 1 + 2 * objectives, 1 + objectives, width, sparse
        self.shopper = Tower(inputs, hidden, self.heads * width)
        self.item = Tower(features.shape[1], hidden, self.heads * width)
        self.base = Tower(inputs, hidden, objectives)
        self.own = nn.Parameter(torch.zeros(len(features), self.free * width))
        self.bias = nn.Parameter(torch.zeros(len(features), self.free))
        for name in OF_ITEMS:  # state of AdaGrad
            self.register_buffer(squares_of(name), torch.zeros_like(self.get_parameter(name)))
        with torch.no_grad():  # start near 0 for every pair
            for tower in (self.shopper, self.base):
                for weight in (*tower.direct.parameters(), *tower.hidden[2].parameters()):
                    weight.mul_(0.1)

    def forward(self, x: Tensor, items: Tensor | None = None) -> Tensor:
        """(1 + 2 M, n, c) the click logits, and a click's present rewards and later value for each objective.

        Args:
            x: (n, inputs).
            items: (n, c); None for every item.
        """
        shopper = self.shopper(x).view(len(x), self.heads, self.width)
        later = self.heads - self.free
        if items is None:
            vectors = self.item(self.features) + functional.pad(self.own, (0, later * self.width))
            bias = functional.pad(self.bias, (0, later)).T[:, None]
            return torch.einsum("nhw,mhw->hnm", shopper, vectors.view(-1, self.heads, self.width)) + bias
        own, bias = (functional.embedding(items, table, sparse=self.sparse) for table in (self.own, self.bias))
        vectors = self.item(self.features[items]) + functional.pad(own, (0, later * self.width))
        answers = torch.einsum("nhw,nchw->hnc", shopper, vectors.view(*items.shape, self.heads, self.width))
        return answers + functional.pad(bias, (0, later)).permute(2, 0, 1)

    @torch.no_grad()
    def adagrad(self, rate: float) -> None:
        """Make a step of AdaGrad on the free parts of items; numbers that have moved more get smaller steps.

        (Duchi, Hazan, Singer, "Adaptive subgradient methods", JMLR 12, 2011.)

        Args:
            rate: the learning rate, which is the length of the first step.
        """
        for name in OF_ITEMS:
            parameter, squares = self.get_parameter(name), self.get_buffer(squares_of(name))
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.is_sparse:
                gradient = gradient.coalesce()
                rows, values = gradient.indices()[0], gradient.values()
                squares.index_add_(0, rows, values**2)
                parameter.index_add_(0, rows, values / (squares[rows].sqrt() + TINY), alpha=-rate)
            else:
                squares.add_(gradient**2)
                parameter.sub_(rate * gradient / (squares.sqrt() + TINY))
