"""Encoders of a shopper's previous clicks: a vector from the events of `ClickHistory`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Memory(nn.Module, ABC):
    """The base class of the encoders.

    Args:
        event: number of columns of an event.
        inputs: number of columns of the shopper's current inputs.
        width: length of the vector.
    """

    @abstractmethod
    def __init__(self, event: int, inputs: int, width: int) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, events: Tensor, there: Tensor, x: Tensor) -> Tensor:
        """(n, width) the vector of the previous clicks.

        Args:
            events: (n, L, event), latest click last; 0 where there are fewer clicks.
            there: (n, L) 1 for a click, 0 where there are fewer clicks.
            x: (n, inputs) the shopper's current inputs.
        """


class GRU(Memory):
    """The last state of a gated recurrent unit (Cho et al., EMNLP 2014; for recommendation Hidasi et al., ICLR 2016)."""

    def __init__(self, event: int, inputs: int, width: int) -> None:
        super().__init__(event, inputs, width)
        self.unit = nn.GRU(event, width, batch_first=True)

    def forward(self, events: Tensor, there: Tensor, x: Tensor) -> Tensor:
        """(n, width) the last state."""
        last: Tensor = self.unit(events)[1][0]
        return last


class Attention(Memory):
    """Attention over the clicks, with a query from the shopper's current inputs (Vaswani et al., NIPS 2017).

    One more entry with logit and value 0 is added, so that few clicks have less influence than many.
    """

    def __init__(self, event: int, inputs: int, width: int) -> None:
        super().__init__(event, inputs, width)
        self.query = nn.Linear(inputs, width)
        self.key, self.value = nn.Linear(event, width), nn.Linear(event, width)

    def forward(self, events: Tensor, there: Tensor, x: Tensor) -> Tensor:
        """(n, width) the weighted mean."""
        logits = (self.key(events) @ self.query(x)[:, :, None])[..., 0] / self.query.out_features**0.5
        logits = torch.where(there > 0, logits, -torch.inf)
        weights = torch.softmax(torch.cat([logits, torch.zeros_like(logits[:, :1])], dim=1), dim=1)[:, :-1]
        mean: Tensor = (weights[:, None] @ self.value(events))[:, 0]
        return mean


MEMORIES: dict[str, type[Memory]] = {"gru": GRU, "attention": Attention}
