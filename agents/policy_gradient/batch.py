"""A batch of slates to train on: the policy gradient, with truncated or clipped importance ratios."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slategym.agents.policy_gradient.plackett_luce import LEAST, PlackettLuce


class Batch:
    """n slates with the network's present scores.

    Args:
        score: (n, m) the network's scores, with gradients, or (n, C) for candidates.
        slate: (n, k) int64.
        propensity: (n, k) float32, the probability of each choice when it was made.
        model: the model of the slates that were allowed.
        largest_ratio: limit of the ratio of a choice's present probability to its propensity.
    """

    def __init__(
        self,
        score: Tensor,
        slate: NDArray[np.int64],
        propensity: NDArray[np.float32],
        model: PlackettLuce,
        largest_ratio: float,
    ) -> None:
        self.score, self.slate, self.propensity, self.model = score, slate, propensity, model
        self.largest_ratio = largest_ratio
        self.values: NDArray[np.float32] = score.detach().numpy()

    def gradient(self, gain: NDArray[np.float32], entropy: float = 0.0) -> Tensor:
        """(n, m) float32, the gradient of the loss with respect to the scores.

        Args:
            gain: (n, k) float32, the advantage of each choice.
            entropy: weight of the entropy of the first choice.
        """
        return torch.from_numpy(self.model.gradient(self.values, self.slate, gain, entropy, self.propensity, self.largest_ratio))

    def by_parameters(self, gain: NDArray[np.float32], parameters: Sequence[Tensor]) -> NDArray[np.float64]:
        """(p,) the gradient of the loss with respect to some parameters, concatenated.

        Args:
            gain: (n, k) float32, the advantage of each choice.
            parameters: parameters of the network.
        """
        parts = torch.autograd.grad(self.score, list(parameters), self.gradient(gain), retain_graph=True)
        return np.asarray(torch.cat([part.ravel() for part in parts]).double().numpy())

    def within_clip(self, gain: NDArray[np.float32], before: NDArray[np.float64], clip_range: float) -> NDArray[np.float32]:
        """(n, k) the advantages, set to 0 for choices whose clipped PPO objective has no gradient.

        min(r A, clip(r, 1 - e, 1 + e) A) is flat where r > 1 + e and A > 0, and where r < 1 - e and A < 0 (Schulman, Wolski,
        Dhariwal, Radford, Klimov, "Proximal policy optimization algorithms", 2017, equation 7). Here r is the ratio to the policy
        before the passes over the batch; the ratio to the policy that showed the slates is a separate factor (Hilton, Cobbe,
        Schulman, "Batch size-invariance for policy optimization", NeurIPS 2022), so that delayed conversions are not clipped.

        Args:
            gain: (n, k) float32, the advantage of each choice.
            before: (n, k), the probability of each choice before the passes.
            clip_range: e.
        """
        ratio = np.exp(self.model.log_propensity(self.values, self.slate)) / np.maximum(before, LEAST)
        return np.where(np.where(gain > 0, ratio > 1 + clip_range, ratio < 1 - clip_range), np.float32(0), gain)
