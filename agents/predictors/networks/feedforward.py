"""Networks that predict clicks and conversions of clicks with shared hidden layers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from slategym.agents.predictors.networks.inputs import Inputs, Sizes
from slategym.agents.predictors.networks.layers import Encoder, Parts, Tower, dot

OF_ITEMS = ("encoder.item.weight", "own.0.weight", "own.1.weight")  # names of tables with a row per item
OUTPUTS = 2  # the logits of a click and of a conversion of a click


class Network(nn.Module, ABC):
    """Base class of the networks.

    Args:
        sizes: sizes of the inputs.
        width: length of embeddings and of vectors in inner products.
        hidden: number of units of a hidden layer.
        selected: groups of inputs to use.

    Attributes:
        sequential: whether the network uses the sequence of past clicks.
    """

    sequential = False

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__()
        self.encoder = Encoder(sizes, width, selected)

    @abstractmethod
    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c, 2) logits: of a click at the best rank, and of a conversion of a click."""


class LogisticRegression(Network):
    """A linear map of shopper, item and all products of their columns; without products all shoppers would get the same order."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, 1, hidden, selected)
        shopper, item, _ = columns = self.encoder.columns
        self.linear = Parts(columns, OUTPUTS)
        products = [nn.Linear(shopper, item, bias=False) for _ in range(OUTPUTS)]
        for each in products:
            nn.init.zeros_(each.weight)
        self.products = nn.ModuleList(products)

    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c, 2) logits."""
        shopper, item, _ = parts = self.encoder(inputs)
        products = torch.stack([dot(each(shopper), item) for each in self.products], dim=-1)
        linear: Tensor = self.linear(*parts)
        return products + linear


class FactorisationMachine(Network):
    """A linear map, plus all products of two columns, whose coefficients are inner products of vectors (Rendle, ICDM 2010).

    The sum over pairs is half of (sum of v x)^2 - sum of (v x)^2 (equation 3 of the paper); it is split into the terms of the
    shopper, of the item and of both.
    """

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.linear = Parts(self.encoder.columns, OUTPUTS)
        self.vectors = nn.ModuleList(
            nn.ModuleList(nn.Linear(each, width, bias=False) for each in self.encoder.columns) for _ in range(OUTPUTS)
        )

    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c, 2) logits."""
        parts = self.encoder(inputs)
        products = torch.stack([self._products(each, parts) for each in self.vectors], dim=-1)
        linear: Tensor = self.linear(*parts)
        return products + linear

    def _products(self, vectors: Any, parts: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        shopper, item, pair = (each(part) for each, part in zip(vectors, parts, strict=True))
        own = [
            0.5 * (total.square() - part.square() @ each.weight.T.square()).sum(dim=-1)
            for each, part, total in zip(vectors, parts, (shopper, item, pair), strict=True)
        ]
        with_pair = (pair * (shopper + item)).sum(dim=-1)
        total: Tensor = dot(shopper, item) + own[0] + own[1] + own[2] + with_pair
        return total


class EmbeddingDot(Network):
    """The inner product of a linear map of the shopper and the item's own vector, which does not depend on its features."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.shopper = nn.Linear(self.encoder.columns[0], OUTPUTS * (width + 1))
        self.bias = nn.Parameter(torch.zeros(OUTPUTS))
        own = [nn.Embedding(sizes.items, width + 1) for _ in range(OUTPUTS)]
        for each in own:
            nn.init.normal_(each.weight, std=0.1)
        self.own = nn.ModuleList(own)

    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c, 2) logits."""
        vectors = self.shopper(self.encoder(inputs)[0]).chunk(OUTPUTS, dim=-1)
        return torch.stack([dot(each, own(inputs.item)) for each, own in zip(vectors, self.own, strict=True)], dim=-1) + self.bias


class TwoTower(Network):
    """The inner product of two vectors, computed by networks from the shopper and the item (Covington et al., RecSys 2016)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        shopper, item, pair = self.encoder.columns
        self.towers = nn.ModuleList([Tower([shopper], hidden), Tower([item], hidden)])
        self.vectors = nn.ModuleList(nn.Linear(hidden, OUTPUTS * width) for _ in self.towers)
        self.linear = Parts([shopper, item, pair], OUTPUTS)

    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c, 2) logits."""
        shopper, item, _ = parts = self.encoder(inputs)
        ours, theirs = (
            vector(tower(part)).chunk(OUTPUTS, dim=-1)
            for tower, vector, part in zip(self.towers, self.vectors, (shopper, item), strict=True)
        )
        products = torch.stack([dot(one, other) for one, other in zip(ours, theirs, strict=True)], dim=-1)
        linear: Tensor = self.linear(*parts)
        return products + linear


class Deep(Network):
    """Base class of networks that end with a linear map of a hidden layer, for clicks and for conversions."""

    heads: nn.ModuleList

    @abstractmethod
    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer for clicks, and the one for conversions."""

    def beside(self, inputs: Inputs) -> Tensor | float:
        """(n, c, 2) a term that is added to the logits."""
        return 0.0

    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c, 2) logits."""
        return self.logits(inputs, self.bodies(inputs))

    def logits(self, inputs: Inputs, bodies: tuple[Tensor, Tensor]) -> Tensor:
        """(n, c, 2) logits.

        Args:
            inputs: inputs of the network.
            bodies: the last hidden layers for these inputs.
        """
        found = [head(body) for head, body in zip(self.heads, bodies, strict=True)]
        return torch.cat(found, dim=-1) + self.beside(inputs)


def heads(hidden: int) -> nn.ModuleList:
    """Linear maps from a hidden layer to a logit, one for clicks and one for conversions."""
    return nn.ModuleList(nn.Linear(hidden, 1) for _ in range(OUTPUTS))


class MLP(Deep):
    """Two hidden layers over shopper, item and pair."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.tower, self.heads = Tower(self.encoder.columns, hidden, hidden), heads(hidden)

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer, the same for both."""
        body = self.tower(*self.encoder(inputs))
        return body, body


class WideAndDeep(MLP):
    """The sum of `LogisticRegression` and `MLP` (Cheng et al., "Wide & deep learning for recommender systems", DLRS 2016)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.wide = LogisticRegression(sizes, width, hidden, selected)

    def beside(self, inputs: Inputs) -> Tensor | float:
        """(n, c, 2) the logits of the wide part."""
        logits: Tensor = self.wide(inputs)
        return logits


class AttributeConvolution(Deep):
    """`MLP` with an additional item input: the largest outputs of filters over three neighbouring attributes.

    Each feature becomes an attribute, its value times a vector; the embeddings of category and number are two more. After Liu et
    al., "A convolutional click prediction model" (CIKM 2015), with one layer of filters.
    """

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.attributes = nn.Parameter(torch.randn(sizes.features, width) / width**0.5)
        self.filters = nn.Conv1d(width, width, kernel_size=3, padding=1)
        self.tower, self.heads = Tower((*self.encoder.columns, width), hidden, hidden), heads(hidden)

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer, the same for both."""
        shopper, item, pair = self.encoder(inputs)
        body = self.tower(shopper, item, pair, self._answers(item))
        return body, body

    def _answers(self, item: Tensor) -> Tensor:
        """(..., w) the largest output of each filter for items (..., b + 2 w)."""
        features, width = self.attributes.shape
        values, embedded = item[..., :features], item[..., features:].unflatten(-1, (-1, width))
        fields = torch.cat([values[..., None] * self.attributes, embedded], dim=-2)
        answers = torch.relu(self.filters(fields.flatten(0, -3).transpose(1, 2))).amax(dim=-1)
        return answers.reshape(*item.shape[:-1], -1)
