"""UPGrad and the dual projection: gradients projected onto the directions that harm no objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.policy_gradient.directions.quadratic import products_of, shares_of, vectors_of, without_conflict
from slategym.agents.scalarizers.base import Weights


def upgrad_weights(gram: ArrayLike, weights: ArrayLike) -> Weights:
    """(M,) coefficients a >= 0 of the gradients: the weighted mean of the gradients, each projected to avoid conflicts.

    Each gradient is projected onto the dual cone of all gradients, that is, the directions d with <d, g_i> >= 0 for every
    objective. The mean of the projections lies in that cone, and improves every objective in proportion to its gradient's length
    (Quinton, Rey, "Jacobian descent for multi-objective optimization", 2024, section 3).

    Args:
        gram: (M, M) the inner products G G' of the gradients.
        weights: (M,) of the gradients, not negative; only their ratios matter.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers, or the weights do not match it.
    """
    products = products_of(gram)
    share = shares_of(weights, len(products))
    vectors = vectors_of(products)
    projected = np.array([each + without_conflict(vectors, each) for each in np.eye(len(share))])
    return np.asarray(share @ projected)


def dual_projection_weights(gram: ArrayLike, weights: ArrayLike) -> Weights:
    """(M,) coefficients a >= 0 of the gradients: their weighted mean, projected onto the dual cone of all gradients.

    (Lopez-Paz, Ranzato, "Gradient episodic memory for continual learning", NeurIPS 2017, equation 11.)

    Args:
        gram: (M, M) the inner products G G' of the gradients.
        weights: (M,) of the gradients, not negative; only their ratios matter.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers, or the weights do not match it.
    """
    products = products_of(gram)
    share = shares_of(weights, len(products))
    return np.asarray(share + without_conflict(vectors_of(products), share))
