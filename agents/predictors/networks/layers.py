"""The layers of predictors."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from slategym.agents.predictors.networks.inputs import Inputs, Past, Sizes

SMALL = 0.01  # standard deviation of initial embeddings; small, so that predictions start from the features


def dot(shopper: Tensor, item: Tensor) -> Tensor:
    """(n, c) inner products of shopper vectors (n, 1, w) and item vectors, (1, c, w) for all shoppers or (n, c, w) for each."""
    return shopper[:, 0] @ item[0].T if len(item) == 1 else (item @ shopper.transpose(1, 2))[:, :, 0]


class Parts(nn.Module):
    """A linear map of several concatenated parts, computed as a sum of maps.

    The parts of shoppers and of items are mapped before they are combined, so that n shoppers with m items cost n + m maps
    instead of n m.

    Args:
        columns: number of columns of each part.
        outputs: number of output columns.
    """

    def __init__(self, columns: Sequence[int], outputs: int) -> None:
        super().__init__()
        whole = nn.Linear(sum(columns), outputs)  # initial weights as of one map of all columns
        maps = [nn.Linear(each, outputs, bias=place == 0) for place, each in enumerate(columns)]
        with torch.no_grad():
            for each, weight in zip(maps, whole.weight.split(list(columns), dim=1), strict=True):
                each.weight.copy_(weight)
            maps[0].bias.copy_(whole.bias)
        self.maps = nn.ModuleList(maps)

    def forward(self, *parts: Tensor) -> Tensor:
        """The sum of the mapped parts, whose leading shapes broadcast."""
        total: Tensor = self.maps[0](parts[0])
        for each, part in zip(self.maps[1:], parts[1:], strict=True):
            total = total + each(part)
        return total


class Encoder(nn.Module):
    """The parts of an input: shoppers; items with embeddings of category and number; pairs of a shopper and an item.

    Args:
        sizes: sizes of the inputs.
        width: length of an embedding.
        selected: groups of inputs to use (`GROUPS`); the other groups are set to 0.
    """

    def __init__(self, sizes: Sizes, width: int, selected: Sequence[str]) -> None:
        super().__init__()
        self.selected = frozenset(selected)
        self.category, self.item = nn.Embedding(sizes.categories, width), nn.Embedding(sizes.items, width)
        for each in (self.category, self.item):
            nn.init.normal_(each.weight, std=SMALL)
        self.columns = (sizes.context + 2, sizes.features + 2 * width, 1)

    def forward(self, inputs: Inputs) -> tuple[Tensor, Tensor, Tensor]:
        """Shoppers (n, 1, a + 2), items (1, m, b + 2 w) or (n, c, b + 2 w), and pairs (n, c, 1)."""
        shopper = torch.cat([self._kept("context", inputs.context), self._kept("clock", inputs.clock)], dim=-1)
        return shopper, self.items(inputs), self._kept("exposure", inputs.exposure)

    def items(self, source: Inputs | Past) -> Tensor:
        """(..., b + 2 w) the features of items, and the embeddings of their categories and numbers."""
        category, item = self.category(source.category), self.item(source.item)
        parts = (self._kept("features", source.features), self._kept("category", category), self._kept("item", item))
        return torch.cat(parts, dim=-1)

    def past(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, L, b + 2 w + 3) the clicked items with the information about each click, and (n, L) 1 where there is a click."""
        past = inputs.past
        if past is None:
            raise ValueError("there is no history: expected inputs with past clicks, which this network needs")
        told = self._kept("history", past.told)
        there = told[..., 0]
        return torch.cat([self.items(past) * there[..., None], told], dim=-1), there

    def _kept(self, group: str, values: Tensor) -> Tensor:
        return values if group in self.selected else torch.zeros_like(values)


class Tower(nn.Module):
    """A hidden layer of rectified linear units over parts, and more hidden layers on top.

    Args:
        columns: number of columns of each part.
        hidden: number of units of each layer.
    """

    def __init__(self, columns: Sequence[int], *hidden: int) -> None:
        super().__init__()
        self.first = Parts(columns, hidden[0])
        self.rest = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(hidden))

    def forward(self, *parts: Tensor) -> Tensor:
        """(..., hidden) the last layer."""
        values = torch.relu(self.first(*parts))
        for layer in self.rest:
            values = torch.relu(layer(values))
        return values
