"""The rate at which conversions arrive."""

from __future__ import annotations

from torch import Tensor, nn

from slategym.agents.predictors.networks.inputs import GROUPS, Inputs, Sizes
from slategym.agents.predictors.networks.layers import Encoder, Parts

WIDTH = 8  # length of embeddings
SLOWEST = 5.0  # largest absolute value of a log-rate


class DelayRate(nn.Module):
    """A log-linear model of the rate at which conversions arrive.

    Args:
        sizes: sizes of the inputs.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.encoder = Encoder(sizes, WIDTH, GROUPS)
        self.linear = Parts(self.encoder.columns, 1)

    def forward(self, inputs: Inputs) -> Tensor:
        """(n, c) the logarithm of the rate, per step."""
        found: Tensor = self.linear(*self.encoder(inputs))[..., 0]
        return found.clamp(-SLOWEST, SLOWEST)
