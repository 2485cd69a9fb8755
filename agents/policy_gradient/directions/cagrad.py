"""CAGrad: the direction near the mean gradient that improves the worst objective most."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from slategym.agents.policy_gradient.directions.quadratic import products_of, shares_of, shortest, vectors_of
from slategym.agents.scalarizers.base import Weights

RADIUS = 0.5  # the value most used in the paper
NOTHING = 1e-9  # lengths below this share of the longest gradient count as zero


def cagrad_weights(gram: ArrayLike, weights: ArrayLike, radius: float = RADIUS) -> Weights:
    """(M,) coefficients a >= 0 of the gradients; d = G' a maximises min_i <g_i, d> subject to |d - g0| <= radius |g0|.

    g0 is the weighted mean of the gradients. By duality d = g0 + radius |g0| g_u / |g_u|, where the shares u, which sum to one,
    minimise <g_u, g0> + radius |g0| |g_u| with g_u = G' u (Liu, Liu, Jin, Stone, Liu, "Conflict-averse gradient descent for
    multi-task learning", NeurIPS 2021, algorithm 1). The solution is exact: for a given length t of g_u the best u is the
    shortest mixture of the vectors g_i + t / (radius |g0|) g0, and t is the length that this u reproduces.

    Args:
        gram: (M, M) the inner products G G' of the gradients.
        weights: (M,) of the gradients, not negative; only their ratios matter.
        radius: c, from 0, which gives the mean, to 1.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers, the weights do not match it, or the radius is out of range.
    """
    products = products_of(gram)
    share = shares_of(weights, len(products))
    if not 0 <= radius <= 1:
        raise ValueError(f"radius is {radius}: expected a number from 0 to 1")
    vectors = vectors_of(products)
    longest = float(np.linalg.norm(vectors, axis=0).max())
    mean = vectors @ share
    reach = radius * float(np.linalg.norm(mean))
    if reach <= NOTHING * longest:
        return share

    def at(length: float) -> Weights:
        return shortest(vectors + length / reach * mean[:, None])

    def too_long(length: float) -> float:
        return length - float(np.linalg.norm(vectors @ at(length)))

    least = NOTHING * longest
    if too_long(least) >= 0:  # no direction improves all objectives
        return share
    length = float(brentq(too_long, least, 1.001 * longest, xtol=1e-12 * longest, rtol=1e-10))
    return np.asarray(share + reach / length * at(length))
