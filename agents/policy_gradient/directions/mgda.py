"""MGDA: the shortest mixture of the gradients."""

from __future__ import annotations

from numpy.typing import ArrayLike

from slategym.agents.policy_gradient.directions.quadratic import products_of, shortest, vectors_of
from slategym.agents.scalarizers.base import Weights


def mgda_weights(gram: ArrayLike) -> Weights:
    """(M,) shares a >= 0 of the gradients that sum to one and minimise the length of G' a.

    That direction d has <d, g_i> >= |d|^2 for each objective; it is zero if no direction improves all of them (Desideri,
    "Multiple-gradient descent algorithm (MGDA) for multiobjective optimization", Comptes Rendus Mathematique 350, 2012; Sener,
    Koltun, "Multi-task learning as multi-objective optimization", NeurIPS 2018, equation 3). Short gradients get the largest
    shares, so the scale of the objectives matters.

    Args:
        gram: (M, M) the inner products G G' of the gradients.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers.
    """
    return shortest(vectors_of(products_of(gram)))
