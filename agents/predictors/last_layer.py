"""The uncertainty of the weights of a network's last layer, given its last hidden layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.common.roots import inverse_root
from slategym.agents.predictors.networks.feedforward import OUTPUTS, Deep
from slategym.agents.predictors.networks.inputs import Inputs

PRIOR = 1.0  # prior precision of the weights
KEPT = 0.995  # share of the precision kept at each step, because the hidden layer changes


class LastLayer:
    """Laplace's approximation of the posterior of the last layer's weights, for clicks and conversions, around the trained ones.

    After Riquelme, Tucker, Snoek, "Deep Bayesian bandits showdown" (ICLR 2018), section 4, with logistic regressions.

    Args:
        hidden: h, the units of the last hidden layer plus 1 for the intercept, which comes last.

    Attributes:
        precision: (2, h, h) float64.
    """

    def __init__(self, hidden: int) -> None:
        self.precision = np.tile(PRIOR * np.eye(hidden), (OUTPUTS, 1, 1))

    def update(self, layers: tuple[Tensor, Tensor], logits: Tensor, examined: Tensor, clicks: Tensor) -> None:
        """Add the information of some slates.

        Args:
            layers: (n, k, h - 1) the last hidden layers.
            logits: (n, k, 2) the logits for these layers.
            examined: (k,) the examination of each rank.
            clicks: (n, k) 0 or 1.
        """
        click, conversion = torch.sigmoid(logits.double()).unbind(dim=-1)
        shown = examined.double() * click
        # Fisher information of a click, which requires examination, and of a conversion among clicks.
        weights = (shown * (1 - click) ** 2 / (1 - shown).clamp(min=1e-6), clicks * conversion * (1 - conversion))
        self.precision *= KEPT
        for answer, (layer, weight) in enumerate(zip(layers, weights, strict=True)):
            rows = with_intercept(layer).flatten(0, 1).double()
            self.precision[answer] += (rows.T @ (rows * weight.flatten()[:, None])).cpu().numpy()
            self.precision[answer] += (1 - KEPT) * PRIOR * np.eye(len(self.precision[answer]))

    def draw(self, random: np.random.Generator, count: int) -> NDArray[np.float32]:
        """(2, count, h) float32, drawn deviations from the trained weights, one row per shopper.

        Args:
            random: the random generator.
            count: n, the number of shoppers.
        """
        normal = random.standard_normal((OUTPUTS, count, self.precision.shape[1]))
        roots = [inverse_root(each) for each in self.precision]
        return np.stack([each @ root for each, root in zip(normal, roots, strict=True)]).astype(np.float32)


def with_intercept(layer: Tensor) -> Tensor:
    """A hidden layer (n, c, h - 1) with a column of ones."""
    return torch.cat([layer, torch.ones_like(layer[..., :1])], dim=-1)


def moved(network: Deep, inputs: Inputs, deviations: Tensor) -> Tensor:
    """(n, c, 2) the logits of a network with different last-layer weights for each shopper.

    Args:
        network: a network with last hidden layers.
        inputs: inputs of n shoppers.
        deviations: (2, n, h) deviations from its last layer's weights.
    """
    layers = network.bodies(inputs)
    further = [(with_intercept(layer) @ each[:, :, None])[..., 0] for layer, each in zip(layers, deviations, strict=True)]
    return network.logits(inputs, layers) + torch.stack(further, dim=-1)
