"""A network that predicts the gains of each item from the observation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from slategym.bench.rollouts import Gains, Policy, item_gains, sample_visited
from slategym.sim.world import World
from slategym.utils.short_repr import Brief
from slategym.utils.standardize import centre_and_spread

if TYPE_CHECKING:
    import torch

Observation = NDArray[np.float32]
EPOCHS = 10
BATCH = 256
STEPS = 120  # the least number of optimiser steps
RATE = 4e-3
HELD_OUT = 10  # one in this many shoppers is held out to check whether the fit is useful
FLOOR = 1e-7  # the least mean rate, because the logit of 0 is infinite


class Stopped(Exception):
    """The fit was stopped."""


@dataclass(frozen=True, repr=False)
class Sample(Brief):
    """Observations and gains of N shoppers.

    Attributes:
        observation: (N, o).
        gains: (2, N, m), see `item_gains`.
    """

    observation: Observation
    gains: Gains

    def __len__(self) -> int:
        return len(self.observation)

    def then(self, *others: Sample) -> Sample:
        """This sample followed by others."""
        samples = (self, *others)
        return Sample(
            np.concatenate([part.observation for part in samples]), np.concatenate([part.gains for part in samples], axis=1)
        )


def sample(world: World, policy: Policy, seed: int, count: int) -> Sample:
    """Sample `count` shoppers under a policy (see `sample_visited`)."""
    batches = [(world.observe(shoppers), item_gains(world, shoppers)) for shoppers in sample_visited(world, policy, seed, count)]
    return Sample(
        np.concatenate([observation for observation, _ in batches]), np.concatenate([gains for _, gains in batches], axis=1)
    )


class ContextModel:
    """A model of E[gains | observation] for every item.

    It has one network per objective, with two hidden layers and a residual connection around the second. The weights of the last
    layer are a free embedding of every item, and its biases start at the items' mean rates. The networks are fitted to the exact
    probabilities with cross-entropy, whose minimum is the conditional mean. If a network is no better on held-out shoppers than
    the mean rates, the mean rates are used.

    Args:
        training: the sample, in any order.
        seed: the seed of the initial weights and of the order of learning; the same seed gives the same fit.
        width: the width of the hidden layers.
        stop: called before each epoch; if it returns True, the fit is stopped.

    Attributes:
        useful: for each objective, whether the fit is better than the mean rates.

    Raises:
        Stopped: `stop` returned True.
    """

    def __init__(self, training: Sample, seed: int, width: int, stop: Callable[[], bool] | None = None) -> None:
        import torch

        random = torch.Generator().manual_seed(seed % 2**63)
        gains = torch.from_numpy(training.gains)
        self._mean, spread = centre_and_spread(training.observation)
        self._scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
        # An attraction that is a relative weight instead of a probability may be above 1.
        self._unit = [max(1.0, float(each.max())) for each in gains]
        order = torch.randperm(len(training), generator=random)
        held, kept = order[::HELD_OUT], order[torch.arange(len(order)) % HELD_OUT != 0]
        inputs = self._inputs(training.observation)
        self._towers: list[list[NDArray[np.float32]]] = []
        self.useful: list[bool] = []
        for objective in range(len(gains)):
            targets = gains[objective] / self._unit[objective]
            tower = _tower(inputs.shape[1], width, targets[kept].mean(dim=0), random)
            before = _loss(tower, inputs[held], targets[held]).item()
            _fit(tower, inputs, targets, kept, random, stop or (lambda: False))
            self.useful.append(_loss(tower, inputs[held], targets[held]).item() < before)
            if not self.useful[-1]:
                tower = _tower(inputs.shape[1], width, targets.mean(dim=0), random)
            self._towers.append([part.detach().numpy() for part in tower])

    def gains(self, observation: Observation) -> Gains:
        """(2, n, m) the expected gains for observations (n, o)."""
        import torch

        with torch.no_grad():
            inputs = self._inputs(observation)
            towers = [[torch.from_numpy(part) for part in tower] for tower in self._towers]
            found = [torch.sigmoid(_logits(tower, inputs)) * unit for tower, unit in zip(towers, self._unit, strict=True)]
        return np.stack([each.numpy() for each in found])

    def _inputs(self, observation: Observation) -> torch.Tensor:
        import torch

        return torch.from_numpy(((observation - self._mean) * self._scale).astype(np.float32))


def _tower(inputs: int, width: int, rates: torch.Tensor, random: torch.Generator) -> list[torch.Tensor]:
    """The initial weights of a network, which predicts the mean rates (m,)."""
    import torch

    first = torch.randn(width, inputs, generator=random) / max(inputs, 1) ** 0.5
    second = torch.randn(width, width, generator=random) / width**0.5
    items = torch.zeros(len(rates), width)
    return [first, torch.zeros(width), second, torch.zeros(width), items, torch.logit(rates.clamp(FLOOR, 1 - FLOOR))]


def _logits(tower: list[torch.Tensor], inputs: torch.Tensor) -> torch.Tensor:
    """(n, m) the logits for inputs (n, o)."""
    from torch.nn.functional import linear, silu

    first, first_bias, second, second_bias, items, items_bias = tower
    hidden = silu(linear(inputs, first, first_bias))  # (n, width)
    hidden = hidden + silu(linear(hidden, second, second_bias))
    return linear(hidden, items, items_bias)


def _loss(tower: list[torch.Tensor], inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    from torch.nn.functional import binary_cross_entropy_with_logits

    return binary_cross_entropy_with_logits(_logits(tower, inputs), targets)


def _fit(
    tower: list[torch.Tensor],
    inputs: torch.Tensor,
    targets: torch.Tensor,
    rows: torch.Tensor,
    random: torch.Generator,
    stop: Callable[[], bool],
) -> None:
    """Fit a network in place to the given rows.

    Raises:
        Stopped: `stop` returned True.
    """
    import torch

    for part in tower:
        part.requires_grad_()
    optimiser = torch.optim.AdamW(tower, lr=RATE, weight_decay=1e-4)
    batches = -(-len(rows) // BATCH)
    epochs = max(EPOCHS, -(-STEPS // batches))
    steps = epochs * batches
    unit = targets[rows].mean().clamp(min=FLOOR)  # so that rare conversions are learned as fast as clicks
    step = 0
    for _ in range(epochs):
        if stop():
            raise Stopped
        for batch in rows[torch.randperm(len(rows), generator=random)].split(BATCH):
            # Warm up over the first tenth, then decay along a cosine.
            done = step / steps
            optimiser.param_groups[0]["lr"] = RATE * min((step + 1) / (0.1 * steps), 0.5 + 0.5 * math.cos(math.pi * done))
            optimiser.zero_grad()
            (_loss(tower, inputs[batch], targets[batch]) / unit).backward()
            optimiser.step()
            step += 1
