"""PCGrad: removes from each gradient its conflicts with the others, one after another."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.policy_gradient.directions.quadratic import products_of
from slategym.agents.scalarizers.base import Weights, numbers


def pcgrad_weights(gram: ArrayLike, weights: ArrayLike, random: np.random.Generator) -> Weights:
    """(M,) coefficients a of the gradients; G' a is the weighted sum of the gradients after their projections.

    Each gradient is compared with the others in random order. If its inner product with another one is negative, it is projected
    onto the plane normal to that one: g <- g - (g . g_j) / |g_j|^2 g_j (Yu, Kumar, Gupta, Levine, Hausman, Finn, "Gradient
    surgery for multi-task learning", NeurIPS 2020, algorithm 1, where all weights are 1). With two gradients there is only one
    order.

    Args:
        gram: (M, M) the inner products G G' of the gradients.
        weights: (M,) of the gradients.
        random: draws the random orders.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers, or the weights do not match it.
    """
    products = products_of(gram)
    count = len(products)
    given = numbers("weights", weights, count)
    surgery = np.eye(count)  # each row holds the coefficients of a projected gradient
    for row, coefficients in enumerate(surgery):
        for other in random.permutation(count):
            conflict = coefficients @ products[:, other]
            if other != row and conflict < 0 < products[other, other]:
                coefficients[other] -= conflict / products[other, other]
    return np.asarray(given @ surgery)
