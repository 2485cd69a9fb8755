"""What the directions share: gradients by their inner products, the shortest mixture, and the projection on the dual cone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from slategym.agents.scalarizers.base import Weights, numbers


def products_of(gram: ArrayLike) -> Weights:
    """(M, M) float64, the inner products of M gradients, checked.

    Args:
        gram: (M, M) G G', of gradients G (M, p).

    Raises:
        ValueError: it is not a square of finite numbers.
    """
    products = np.array(gram, np.float64)
    if products.ndim != 2 or products.shape[0] != products.shape[1] or not np.isfinite(products).all():
        raise ValueError(f"gram has shape {products.shape}: expected a square of finite numbers, the gradients' inner products")
    return products


def shares_of(weights: ArrayLike, count: int) -> Weights:
    """(M,) weights that sum to one.

    Args:
        weights: (M,) of the gradients, none below 0.
        count: M.

    Raises:
        ValueError: they are not M finite numbers, one is below 0, or all are 0.
    """
    given = numbers("weights", weights, count)
    if (given < 0).any() or not given.any():
        raise ValueError(f"weights is {given.tolist()}: expected numbers from 0, not all zero")
    return np.asarray(given / given.sum())


def vectors_of(products: Weights) -> Weights:
    """(M, M) vectors as columns that have the given inner products (M, M): the gradients, in as many dimensions as they need."""
    values, axes = np.linalg.eigh(products)
    return np.asarray(np.sqrt(np.maximum(values, 0))[:, None] * axes.T)


def shortest(vectors: Weights) -> Weights:
    """(M,) shares u >= 0 that sum to one, with the shortest mixture V u of the columns of V (p, M).

    For two columns in closed form, for more by non-negative least squares, |V x|^2 + s^2 (1' x - 1)^2: for x = t u the best t
    leaves an increasing function of |V u| (Lawson, Hanson, "Solving Least Squares Problems", 1974, chapter 23).
    """
    if vectors.shape[1] == 2:
        apart = vectors[:, 1] - vectors[:, 0]
        second = float(np.clip(-(apart @ vectors[:, 0]) / max(float(apart @ apart), 1e-300), 0, 1))
        return np.array([1 - second, second])
    lengths = np.linalg.norm(vectors, axis=0)
    scale = lengths.min()
    if scale <= 1e-12 * max(lengths.max(), 1e-300):
        return np.asarray(np.eye(len(lengths))[int(lengths.argmin())])
    found, _ = nnls(np.vstack([vectors / scale, np.ones(len(lengths))]), np.append(np.zeros(len(vectors)), 1.0))
    return np.asarray(found / found.sum())


def without_conflict(vectors: Weights, target: Weights) -> Weights:
    """(M,) coefficients c >= 0 with V (target + c) the nearest to V target that has no negative product with a column of V.

    It is the projection on the dual cone of the columns; by Moreau's theorem what is added is the projection of -V target on the
    cone itself, which is non-negative least squares.

    Args:
        vectors: V (p, M), the gradients as columns.
        target: (M,) coefficients.
    """
    scale = float(np.abs(vectors).max()) or 1.0
    found, _ = nnls(vectors / scale, -(vectors / scale) @ target)
    return np.asarray(found)
