"""By what the gradient of each choice's log-probability counts: the truncated ratio, the top-K correction, PPO's clipping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]
LEAST = -80.0  # log-propensity; its exponential is above the smallest float32


def ratios(now: Numbers, before: Numbers, largest: float) -> NDArray[np.float64]:
    """(n, k) how much more probable choices are now than before, cut off at the largest; 1 where that is not known.

    Truncated importance sampling (Ionides, JCGS 2008).

    Args:
        now: (n, k) log-probability of each choice by the policy as it is.
        before: (n, k) log-probability when it was made; NaN where it is not known.
        largest: above 0.
    """
    difference = np.asarray(now, np.float64) - np.maximum(before, LEAST)
    return np.where(np.isnan(difference), 1.0, np.exp(np.minimum(difference, np.log(largest))))


def top_k_correction(now: Numbers, size: int) -> NDArray[np.float64]:
    """(n, k) K (1 - p)^(K - 1), by which a choice of probability p counts where K items are shown.

    The chance that an item is among K independent draws is 1 - (1 - p)^K, and this its derivative by p: an item that is shown
    nearly always needs no more probability, and a rare one counts K times (Chen et al., "Top-K off-policy correction for a
    REINFORCE recommender system", WSDM 2019, equation 10).

    Args:
        now: (n, k) log-probability of each choice.
        size: K.
    """
    others = -np.expm1(np.minimum(np.asarray(now, np.float64), 0.0))
    return np.asarray(size * others ** (size - 1))


def clipped(now: Numbers, begun: Numbers, made: Numbers, advantage: Numbers, clip: float, largest: float) -> NDArray[np.float64]:
    """(n, k) the derivative of PPO's objective by the log-probabilities (Schulman et al., 2017, equation 7).

    The ratio is that to the policy when the passes over a batch began. What a choice earned counts by how much more probable that
    policy made it than the one that chose (Hilton, Cobbe, Schulman, "Batch size-invariance for policy optimization", 2022), so
    that late outcomes and logs are learned too. An advantage is left out where the ratio has moved beyond the clipping in its
    direction.

    Args:
        now: (n, k) log-probability of each choice by the policy as it is.
        begun: (n, k) by the policy when the passes began.
        made: (n, k) when it was made; NaN where it is not known.
        advantage: (n, k) of each choice.
        clip: how far the ratio counts from 1.
        largest: where both ratios are cut off.
    """
    ratio = ratios(now, begun, max(largest, 1 + clip))
    within = np.where(advantage > 0, ratio < 1 + clip, ratio > 1 - clip)
    return np.asarray(ratios(begun, made, largest) * ratio * advantage * within)
