"""The Plackett-Luce model of slates: at each rank an item is chosen in proportion to exp(score) among those left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.sim.slate import check_items
from slategym.utils.arrays import check_array

Numbers = NDArray[np.float32]
Items = NDArray[np.int64]


def log_propensity(score: Numbers, slate: Items, *, check: bool = True) -> Numbers:
    """(n, k) float32, the log-probability of each choice of a slate given the choices above it.

    It is the item's score minus the log-sum-exp of the scores of the items that were left.

    Args:
        score: (n, m) float32.
        slate: (n, k) int64, different items in each row.
        check: False where both have been checked.

    Raises:
        ValueError: the shapes do not fit together, or a number is not an item.
    """
    from slategym.agents.policy_gradient.kernel import log_propensities  # compiled, so not on import

    slate = _checked(score, slate) if check else slate
    out = np.empty(slate.shape, np.float32)
    log_propensities(np.ascontiguousarray(score), np.ascontiguousarray(slate), out)
    return out


def gradient(
    score: Numbers,
    slate: Items,
    advantage: Numbers,
    entropy: float,
    *,
    propensity: Numbers | None = None,
    largest_ratio: float = 1.0,
    check: bool = True,
) -> Numbers:
    """(n, m) float32, the gradient of REINFORCE's loss with respect to the scores, in one pass.

    The loss is the mean over shoppers of - sum_r advantage[r] * log_propensity[r] + entropy * sum_j p_j log p_j, where p is the
    probability of the first choice. With the propensities of when the choices were made, each advantage counts by the ratio of
    the probability now to that, cut off at the largest ratio.

    Args:
        score: (n, m) float32.
        slate: (n, k) int64, different items in each row.
        advantage: (n, k) float32, of each choice.
        entropy: weight of the entropy of the first choice.
        propensity: (n, k) float32, of each choice when it was made; NaN where it is not known, and the ratio 1.
        largest_ratio: where the ratio is cut off.
        check: False where the others have been checked.

    Raises:
        ValueError: the shapes do not fit together, or a number is not an item.
    """
    from slategym.agents.policy_gradient.kernel import gradients  # compiled, so not on import

    if check:
        slate = _checked(score, slate)
        check_array(advantage, slate.shape, "advantage", "f", "numbers")
        if propensity is not None:
            check_array(propensity, slate.shape, "propensity", "f", "numbers")
    out = np.empty_like(score)
    before = np.full(slate.shape, np.nan, np.float32) if propensity is None else propensity
    score, slate, advantage, before = map(np.ascontiguousarray, (score, slate, advantage, before))
    gradients(score, slate, advantage, before, float(largest_ratio), float(entropy), out)
    return out


def _checked(score: Numbers, slate: Items) -> Items:
    """The slates (n, k), whose items all have scores (n, m); the kernels do not check again."""
    check_array(score, (len(score), score.shape[-1]), "score", "f", "numbers")
    return check_items(slate, score.shape[1], "slate", (len(score), None))
