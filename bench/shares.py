"""Shares of a best value, where they mean something."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

LEAST = 0.05  # of what is gained and what is paid: a best value below that is about nothing


def scale(objectives: ArrayLike, weights: ArrayLike) -> float:
    """What objectives (M,) move by the weights (M,): gains and costs, both counted as gains."""
    return float(np.abs(np.asarray(weights, np.float64)) @ np.abs(np.asarray(objectives, np.float64)))


def meaningful(best: ArrayLike, weights: ArrayLike) -> bool:
    """Whether a share of the best value, that of objectives (M,) by the weights (M,), means something.

    It does not where the best is a loss or nothing, or where gains and costs nearly cancel out: then a share grows with what is
    lost. Who falls how far short of the best, the regret, can always be said.
    """
    value = float(np.asarray(weights, np.float64) @ np.asarray(best, np.float64))
    return value > LEAST * scale(best, weights)


def share(value: float, best: ArrayLike, weights: ArrayLike) -> float:
    """A value as a share of that of the best objectives (M,) by the weights (M,); NaN where it means nothing."""
    if not meaningful(best, weights):
        return math.nan
    return value / float(np.asarray(weights, np.float64) @ np.asarray(best, np.float64))
