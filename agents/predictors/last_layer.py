"""How uncertain the last weights of a network are, given its last hidden layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.common.roots import inverse_root
from slategym.agents.predictors.networks.feedforward import OUTPUTS, Deep
from slategym.agents.predictors.networks.inputs import Inputs

PRIOR = 1.0  # precision of the last weights before anything was seen
KEPT = 0.995  # of the precision at each step, since the hidden layer changes


class LastLayer:
    """Laplace's approximation of the posterior of the last weights, of clicks and of conversions, about the trained ones.

    After Riquelme, Tucker, Snoek, "Deep Bayesian bandits showdown" (ICLR 2018), section 4, with logistic regressions.

    Args:
        hidden: h, units of the last hidden layer, with 1 for the intercept at its end.

    Attributes:
        precision: (2, h, h) float64.
    """

    def __init__(self, hidden: int) -> None:
        self.precision = np.tile(PRIOR * np.eye(hidden), (OUTPUTS, 1, 1))

    def update(self, layers: tuple[Tensor, Tensor], logits: Tensor, examined: Tensor, clicks: Tensor) -> None:
        """Add the information of some slates.

        Args:
            layers: (n, k, h - 1) the last hidden layers.
            logits: (n, k, 2) for them.
            examined: (k,) the examination of each rank.
            clicks: (n, k) 0 or 1.
        """
        click, conversion = torch.sigmoid(logits.double()).unbind(dim=-1)
        shown = examined.double() * click
        # Fisher information of a click that needs examination, and of a conversion among clicks.
        weights = (shown * (1 - click) ** 2 / (1 - shown).clamp(min=1e-6), clicks * conversion * (1 - conversion))
        self.precision *= KEPT
        for answer, (layer, weight) in enumerate(zip(layers, weights, strict=True)):
            rows = with_intercept(layer).flatten(0, 1).double()
            self.precision[answer] += (rows.T @ (rows * weight.flatten()[:, None])).cpu().numpy()
            self.precision[answer] += (1 - KEPT) * PRIOR * np.eye(len(self.precision[answer]))

    def draw(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        """(2, count, h) float32, deviations from the trained weights, one for each shopper.

        Args:
            random: the generator.
            count: n.
        """
        normal = random.standard_normal((OUTPUTS, count, self.precision.shape[1]))
        roots = [inverse_root(each) for each in self.precision]
        return np.stack([each @ root for each, root in zip(normal, roots, strict=True)]).astype(np.float32)


def with_intercept(layer: Tensor) -> Tensor:
    """A hidden layer (n, c, h - 1) with a column of ones."""
    return torch.cat([layer, torch.ones_like(layer[..., :1])], dim=-1)


def moved(network: Deep, inputs: Inputs, deviations: Tensor) -> Tensor:
    """(n, c, 2) the logits of a network with other last weights for each shopper.

    Args:
        network: with last hidden layers.
        inputs: of n shoppers.
        deviations: (2, n, h) from its last weights.
    """
    layers = network.bodies(inputs)
    further = [(with_intercept(layer) @ each[:, :, None])[..., 0] for layer, each in zip(layers, deviations, strict=True)]
    return network.logits(inputs, layers) + torch.stack(further, dim=-1)
