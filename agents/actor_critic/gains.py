"""Factors of the policy gradient of each choice: the truncated ratio, the top-K correction and PPO's clipping."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]
LEAST = -80.0  # smallest log-propensity; its exponential is above the smallest float32


def ratios(now: Numbers, before: Numbers, largest: float) -> NDArray[np.float64]:
    """(n, k) the ratio of each choice's current probability to its earlier one, at most `largest`; 1 if unknown.

    Truncated importance sampling (Ionides, JCGS 2008).

    Args:
        now: (n, k) log-probability of each choice by the current policy.
        before: (n, k) log-probability when the choice was made; NaN if unknown.
        largest: upper bound of the ratio, above 0.
    """
    difference = np.asarray(now, np.float64) - np.maximum(before, LEAST)
    return np.where(np.isnan(difference), 1.0, np.exp(np.minimum(difference, np.log(largest))))


def top_k_correction(now: Numbers, size: int) -> NDArray[np.float64]:
    """(n, k) the factor K (1 - p)^(K - 1) of a choice with probability p in a slate of K items.

    The probability that an item is among K independent draws is 1 - (1 - p)^K, and the factor is its derivative by p: an item
    that is nearly always shown needs no higher probability, and a rare item counts K times (Chen et al., "Top-K off-policy
    correction for a REINFORCE recommender system", WSDM 2019, equation 10).

    Args:
        now: (n, k) log-probability of each choice.
        size: K, the number of items in a slate.
    """
    others = -np.expm1(np.minimum(np.asarray(now, np.float64), 0.0))
    return np.asarray(size * others ** (size - 1))


def clipped(now: Numbers, begun: Numbers, made: Numbers, advantage: Numbers, clip: float, largest: float) -> NDArray[np.float64]:
    """(n, k) the derivative of PPO's objective by the log-probabilities (Schulman et al., 2017, equation 7).

    The clipped ratio is relative to the policy at the start of the passes over a batch. Each advantage is also multiplied by the
    ratio of that policy's probability to the probability when the choice was made (Hilton, Cobbe, Schulman, "Batch
    size-invariance for policy optimization", 2022), so that the agent can learn from delayed outcomes and from logs. The factor
    is 0 where the ratio is beyond the clipping range in the direction of the advantage.

    Args:
        now: (n, k) log-probability of each choice by the current policy.
        begun: (n, k) log-probability by the policy at the start of the passes.
        made: (n, k) log-probability when the choice was made; NaN if unknown.
        advantage: (n, k) advantage of each choice.
        clip: largest deviation of the clipped ratio from 1.
        largest: upper bound of both ratios.
    """
    ratio = ratios(now, begun, max(largest, 1 + clip))
    within = np.where(advantage > 0, ratio < 1 + clip, ratio > 1 - clip)
    return np.asarray(ratios(begun, made, largest) * ratio * advantage * within)
