"""Encoders of what a shopper clicked before: a vector from the events of `ClickHistory`."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Memory(nn.Module, ABC):
    """The base of the encoders.

    Args:
        event: columns of an event.
        inputs: columns of what is seen of a shopper now.
        width: of the vector.
    """

    @abstractmethod
    def __init__(self, event: int, inputs: int, width: int) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, events: Tensor, there: Tensor, x: Tensor) -> Tensor:
        """(n, width) a vector of what was clicked.

        Args:
            events: (n, L, event), the latest last, 0 where fewer were clicked.
            there: (n, L) 1, or 0 where fewer were clicked.
            x: (n, inputs) what is seen of the shopper now.
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
    """A mean of the clicks, weighted by how much they matter to the shopper as seen now (Vaswani et al., NIPS 2017).

    With one more place, of logit and value 0, where nothing matters, so that few clicks say less than many.
    """

    def __init__(self, event: int, inputs: int, width: int) -> None:
        super().__init__(event, inputs, width)
        self.query = nn.Linear(inputs, width)
        self.key, self.value = nn.Linear(event, width), nn.Linear(event, width)

    def forward(self, events: Tensor, there: Tensor, x: Tensor) -> Tensor:
        """(n, width) the mean."""
        logits = (self.key(events) @ self.query(x)[:, :, None])[..., 0] / self.query.out_features**0.5
        logits = torch.where(there > 0, logits, -torch.inf)
        weights = torch.softmax(torch.cat([logits, torch.zeros_like(logits[:, :1])], dim=1), dim=1)[:, :-1]
        mean: Tensor = (weights[:, None] @ self.value(events))[:, 0]
        return mean


MEMORIES: dict[str, type[Memory]] = {"gru": GRU, "attention": Attention}
