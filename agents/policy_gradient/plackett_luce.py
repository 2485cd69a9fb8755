"""The Plackett-Luce model of slates: at each rank an item is chosen in proportion to exp(score) among those left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import check_items
from slategym.utils.arrays import check_array

Numbers = NDArray[np.float32]
Items = NDArray[np.int64]


def log_propensity(score: Numbers, slate: Items) -> Numbers:
    """(n, k) the log-probability of each choice given those above it, for scores (n, m) and slates (n, k) of different items.

    It is the item's score minus the log-sum-exp of the scores of what is left.

    Raises:
        ValueError: arrays that do not belong together, or what is not an item.
    """
    from slategym.agents.policy_gradient.kernel import log_propensities  # compiled, so not on import

    slate = _checked(score, slate)
    out = np.empty(slate.shape, np.float32)
    log_propensities(np.ascontiguousarray(score), np.ascontiguousarray(slate), out)
    return out


def gradient(score: Numbers, slate: Items, advantage: Numbers, entropy: float) -> Numbers:
    """(n, m) the gradient in the scores of the loss that REINFORCE takes its steps by, in one pass.

    The loss is the mean over shoppers of - sum_r advantage[r] * log_propensity[r] + entropy * sum_j p_j log p_j, where p is the
    probability of the first choice.

    Args:
        score: (n, m).
        slate: (n, k) different items.
        advantage: (n, k).
        entropy: its weight.

    Raises:
        ValueError: arrays that do not belong together, or what is not an item.
    """
    from slategym.agents.policy_gradient.kernel import gradients  # compiled, so not on import

    slate = _checked(score, slate)
    check_array(advantage, slate.shape, "advantage", "f", "numbers")
    out = np.empty_like(score)
    gradients(np.ascontiguousarray(score), np.ascontiguousarray(slate), np.ascontiguousarray(advantage), float(entropy), out)
    return out


def _checked(score: Numbers, slate: Items) -> Items:
    """The slates (n, k), all of whose items have scores (n, m); nothing behind this looks again."""
    check_array(score, (len(score), score.shape[-1]), "score", "f", "numbers")
    return check_items(slate, score.shape[1], "slate", (len(score), None))
