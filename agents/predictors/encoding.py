"""Turns observations and histories into inputs of networks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from slategym.agents.base import Observation, Problem
from slategym.agents.common.click_history import ITEM, NONE, told_of
from slategym.agents.predictors.networks.inputs import Inputs, Past, Sizes
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import standardised, standardised_as

PAIRS = 4096  # pairs of a shopper and an item per block; their hidden layers fit the processor's cache


@dataclass(frozen=True, repr=False)
class Known(Brief):
    """What is known of n shoppers before a slate is chosen.

    Attributes:
        seen: (n, o) float32, the observation without candidates.
        items: (n, c) int64, the items to predict for; None for every item.
        history: (n, L, 3) int32, in the format of `ClickHistory`; None if none is kept.
    """

    seen: Observation
    items: NDArray[np.int64] | None
    history: NDArray[np.int32] | None

    def __len__(self) -> int:
        return len(self.seen)

    def of(self, rows: NDArray[np.int64]) -> Known:
        """The same for some of the shoppers.

        Args:
            rows: (r,) the rows of these shoppers.
        """
        items = None if self.items is None else self.items[rows]
        return Known(self.seen[rows], items, None if self.history is None else self.history[rows])

    def blocks(self, choices: int, rows: NDArray[np.int64] | None = None) -> Iterator[NDArray[np.int64]]:
        """The rows, in blocks of about `PAIRS` pairs.

        Args:
            choices: number of items per shopper.
            rows: (r,) the rows of some shoppers; None for all.
        """
        rows, size = np.arange(len(self)) if rows is None else rows, max(PAIRS // choices, 1)
        return (rows[start : start + size] for start in range(0, len(rows), size))


class Encoding:
    """The items of a problem as tensors; turns observations into inputs.

    Args:
        problem: items, observation layout, objectives and slate size.
        device: device of the tensors.

    Attributes:
        sizes: sizes of the inputs.
    """

    def __init__(self, problem: Problem, device: torch.device) -> None:
        self.problem, self.device = problem, device
        self.features = torch.from_numpy(standardised(problem.features).astype(np.float32)).to(device)
        self.category = torch.tensor(problem.category, device=device)
        self.items = torch.arange(problem.items, device=device)
        self.sizes = Sizes(len(problem.context()), problem.features.shape[1], int(problem.category.max()) + 1, problem.items)

    def grow(self, before: Encoding) -> None:
        """Keep the features of the earlier items, and standardise those of the new items in the same way.

        Args:
            before: the encoding of the earlier items.
        """
        count, features = before.problem.items, self.problem.features
        further = standardised_as(features[count:], before.problem.features).astype(np.float32)
        self.features = torch.cat([before.features, torch.from_numpy(further).to(self.device)])

    def __call__(self, known: Known, context: NDArray[np.float32]) -> Inputs:
        """The inputs of the networks.

        Args:
            known: what is known of n shoppers.
            context: (n, a), standardised.
        """
        fields, device, seen = self.problem.fields, self.device, known.seen
        angle = 2 * np.pi * seen[:, fields["clock"]] if "clock" in fields else np.zeros((len(seen), 1), np.float32)
        clock = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
        item = self.items[None] if known.items is None else torch.from_numpy(known.items).to(device)
        category = self.category[item]
        if "exposure" in fields:
            exposure = torch.from_numpy(np.ascontiguousarray(seen[:, fields["exposure"]])).to(device)
            pressed = torch.take_along_dim(exposure, category.expand(len(seen), -1), dim=1)
        else:
            pressed = torch.zeros((len(seen), item.shape[1]), device=device)
        columns, angles = (torch.from_numpy(each).to(device)[:, None] for each in (context, clock))
        return Inputs(columns, angles, self.features[item], category, item, pressed[..., None], self._past(known.history))

    def _past(self, history: NDArray[np.int32] | None) -> Past | None:
        if history is None:
            return None
        there = history[..., ITEM] != NONE
        item = torch.from_numpy(np.where(there, history[..., ITEM], 0).astype(np.int64)).to(self.device)
        told = torch.from_numpy(told_of(history)).to(self.device)
        return Past(self.features[item], self.category[item], item, told)
