"""Networks with separate parts for clicks and conversions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from slategym.agents.predictors.networks.feedforward import OUTPUTS, Deep, heads
from slategym.agents.predictors.networks.inputs import Inputs, Sizes
from slategym.agents.predictors.networks.layers import Parts, Tower

EXPERTS = 4  # number of experts of MMoE
SHARED, OWN = 2, 2  # number of experts per level of PLE: shared ones, and own ones of each answer


class SharedBottom(Deep):
    """One shared hidden layer, and one more for each answer (Caruana, "Multitask learning", Machine Learning 1997)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.bottom = Tower(self.encoder.columns, hidden)
        self.towers, self.heads = nn.ModuleList(Tower([hidden], hidden // 2) for _ in range(OUTPUTS)), heads(hidden // 2)

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer of each answer."""
        bottom = self.bottom(*self.encoder(inputs))
        click, conversion = (tower(bottom) for tower in self.towers)
        return click, conversion


class ESMM(Deep):
    """One network for each answer, over shared embeddings (Ma et al., "Entire space multi-task model", SIGIR 2018)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        self.towers = nn.ModuleList(Tower(self.encoder.columns, hidden, hidden // 2) for _ in range(OUTPUTS))
        self.heads = heads(hidden // 2)

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer of each answer."""
        parts = self.encoder(inputs)
        click, conversion = (tower(*parts) for tower in self.towers)
        return click, conversion


class MMoE(Deep):
    """Experts that each answer mixes with its own gate (Ma et al., "Multi-gate mixture-of-experts", KDD 2018)."""

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        columns, each = self.encoder.columns, hidden // 2
        self.experts = nn.ModuleList(Tower(columns, each) for _ in range(EXPERTS))
        self.gates = nn.ModuleList(Parts(columns, EXPERTS) for _ in range(OUTPUTS))
        self.towers, self.heads = nn.ModuleList(Tower([each], each) for _ in range(OUTPUTS)), heads(each)

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer of each answer."""
        parts = self.encoder(inputs)
        experts = [expert(*parts) for expert in self.experts]
        click, conversion = (tower(mixed(gate(*parts), experts)) for tower, gate in zip(self.towers, self.gates, strict=True))
        return click, conversion


class PLE(Deep):
    """Shared experts and experts of each answer, mixed by gates on two levels (Tang et al., RecSys 2020).

    On the first level, a shared gate mixes all experts, and a gate of each answer mixes its own experts and the shared ones. The
    second level does the same with the outputs of these gates, but has no shared gate.
    """

    def __init__(self, sizes: Sizes, width: int, hidden: int, selected: Sequence[str]) -> None:
        super().__init__(sizes, width, hidden, selected)
        columns, each = self.encoder.columns, hidden // 2
        self.first, self.second = Level(columns, columns, each, shared_gate=True), Level([each], [each], each, shared_gate=False)
        self.towers, self.heads = nn.ModuleList(Tower([each], each) for _ in range(OUTPUTS)), heads(each)

    def bodies(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """(n, c, h) the last hidden layer of each answer."""
        parts = self.encoder(inputs)
        *own, shared = self.first([parts] * (OUTPUTS + 1))
        own = self.second([(each,) for each in (*own, shared)])
        click, conversion = (tower(each) for tower, each in zip(self.towers, own, strict=True))
        return click, conversion


class Level(nn.Module):
    """A level of `PLE`.

    Args:
        columns: number of columns of each part that the experts see.
        gated: number of columns of each part that the gates see.
        hidden: number of units of an expert.
        shared_gate: whether there is a shared gate.
    """

    def __init__(self, columns: Sequence[int], gated: Sequence[int], hidden: int, *, shared_gate: bool) -> None:
        super().__init__()
        self.own = nn.ModuleList(nn.ModuleList(Tower(columns, hidden) for _ in range(OWN)) for _ in range(OUTPUTS))
        self.shared = nn.ModuleList(Tower(columns, hidden) for _ in range(SHARED))
        self.gates = nn.ModuleList(Parts(gated, OWN + SHARED) for _ in range(OUTPUTS))
        self.shared_gate = Parts(gated, OUTPUTS * OWN + SHARED) if shared_gate else None

    def forward(self, parts: Sequence[tuple[Tensor, ...]]) -> list[Tensor]:
        """The outputs of the gates, one per answer and then the shared one if there is one, from the parts of each."""
        groups: Any = self.own
        own = [[expert(*seen) for expert in experts] for experts, seen in zip(groups, parts, strict=False)]
        shared = [expert(*parts[-1]) for expert in self.shared]
        found = [mixed(gate(*seen), [*experts, *shared]) for gate, experts, seen in zip(self.gates, own, parts, strict=False)]
        if self.shared_gate is not None:
            found.append(mixed(self.shared_gate(*parts[-1]), [*(each for experts in own for each in experts), *shared]))
        return found


def mixed(gate: Tensor, experts: Sequence[Tensor]) -> Tensor:
    """(..., h) the mean of experts (..., h), weighted by the softmax of a gate (..., number of experts)."""
    shares = torch.softmax(gate, dim=-1)
    total = shares[..., :1] * experts[0]
    for place, expert in enumerate(experts[1:], start=1):
        total = total + shares[..., place : place + 1] * expert
    return total
