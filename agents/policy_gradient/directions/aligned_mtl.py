"""Aligned-MTL: gradients made orthogonal and equally long."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.policy_gradient.directions.quadratic import products_of, shares_of
from slategym.agents.scalarizers.base import Weights


def aligned_weights(gram: ArrayLike, weights: ArrayLike) -> Weights:
    """(M,) coefficients a of the gradients: the weighted mean of the nearest orthogonal vectors of equal length.

    a = s B w, where B = V diag(l)^-1/2 V' with the eigenvectors V and eigenvalues l of G G', and s is the square root of the
    smallest eigenvalue (Senushkin, Patakin, Kuznetsov, Konushin, "Independent component alignment for multi-task learning", CVPR
    2023, algorithm 1). Eigenvalues that are zero up to rounding are ignored.

    Args:
        gram: (M, M) the inner products G G' of the gradients.
        weights: (M,) of the gradients, not negative; only their ratios matter.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers, or the weights do not match it.
    """
    products = products_of(gram)
    share = shares_of(weights, len(products))
    values, axes = np.linalg.eigh(products)
    kept = values > 1e-12 * max(float(values.max()), 1e-300)
    if not kept.any():
        return share
    aligned = np.sqrt(values[kept].min()) * (axes[:, kept] / np.sqrt(values[kept])) @ axes[:, kept].T
    return np.asarray(aligned @ share)
