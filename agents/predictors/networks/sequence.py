"""Networks that use the sequence of a shopper's past clicks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from slategym.agents.predictors.networks.feedforward import Deep, heads
from slategym.agents.predictors.networks.inputs import TOLD, Inputs, Sizes
from slategym.agents.predictors.networks.layers import Tower


class Sequential(Deep):
    """`MLP` with an additional input: a vector computed from the past clicks."""

    sequential = True

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.tower, self.heads = Tower((*self.encoder.columns, width), hidden, hidden), heads(hidden)
        self.event = self.encoder.columns[1] + TOLD

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer, the same for both."""
        parts, (events, there) = self.encoder(inputs), self.encoder.past(inputs)
        body = self.tower(*parts, self.made_of(events, there, parts[1]))
        return body, body

    @abstractmethod
    def made_of(self, events: Tensor, there: Tensor, item: Tensor) -> Tensor:
        """(n, 1, w) a vector of the past clicks, or (n, c, w) one for each item.

        Args:
            events: (n, L, e), 0 where there is no click.
            there: (n, L) 1 where there is a click, otherwise 0.
            item: (1, m, i) or (n, c, i) the items to predict for.
        """


class GRU(Sequential):
    """The last state of a gated recurrent unit over the clicks (Cho et al., EMNLP 2014; Hidasi et al., ICLR 2016)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.reader = nn.GRU(self.event, width, batch_first=True)

    def made_of(self, events: Tensor, there: Tensor, item: Tensor) -> Tensor:
        """(n, 1, w) the last state."""
        last: Tensor = self.reader(events)[1][0]
        return last[:, None]


class Convolution(Sequential):
    """The largest output of filters over three successive clicks (Tang, Wang, "Caser", WSDM 2018; no vertical filters)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.filters = nn.Conv1d(self.event, width, kernel_size=3, padding=1)

    def made_of(self, events: Tensor, there: Tensor, item: Tensor) -> Tensor:
        """(n, 1, w) the largest output of each filter."""
        answers = torch.relu(self.filters(events.transpose(1, 2)))
        return answers.amax(dim=-1)[:, None]


class Attention(Sequential):
    """A mean of the clicks, weighted for each item by their relevance to it.

    The weights are those of scaled dot-product attention (Vaswani et al., "Attention is all you need", 2017), with the item as
    the query (Zhou et al., "Deep interest network", KDD 2018). One more place with logit and value 0 takes the weight if no
    click is relevant.
    """

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.query = nn.Linear(self.encoder.columns[1], width)
        self.key, self.value = nn.Linear(self.event, width), nn.Linear(self.event, width)

    def made_of(self, events: Tensor, there: Tensor, item: Tensor) -> Tensor:
        """(n, c, w) the mean for each item."""
        logits = self.query(item) @ self.key(events).transpose(1, 2) / self.key.out_features**0.5
        logits = torch.where(there[:, None] > 0, logits, -torch.inf)
        nothing = torch.zeros_like(logits[..., :1])
        weights = torch.softmax(torch.cat([logits, nothing], dim=-1), dim=-1)[..., :-1]
        mean: Tensor = weights @ self.value(events)
        return mean
