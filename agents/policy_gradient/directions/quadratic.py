"""Shared parts of the directions: inner products of gradients, the shortest mixture, and the projection onto the dual cone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import nnls

from slategym.agents.scalarizers.base import Weights, numbers


def products_of(gram: ArrayLike) -> Weights:
    """(M, M) float64, the checked inner products of M gradients.

    Args:
        gram: (M, M) G G', of gradients G (M, p).

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers.
    """
    products = np.array(gram, np.float64)
    if products.ndim != 2 or products.shape[0] != products.shape[1] or not np.isfinite(products).all():
        raise ValueError(f"gram has shape {products.shape}: expected a square of finite numbers, the gradients' inner products")
    return products


def shares_of(weights: ArrayLike, count: int) -> Weights:
    """(M,) the weights, scaled to sum to one.

    Args:
        weights: (M,) of the gradients, not negative.
        count: M.

    Raises:
        ValueError: they are not M finite numbers, one is below 0, or all are 0.
    """
    given = numbers("weights", weights, count)
    if (given < 0).any() or not given.any():
        raise ValueError(f"weights is {given.tolist()}: expected non-negative numbers, not all zero")
    return np.asarray(given / given.sum())


def vectors_of(products: Weights) -> Weights:
    """(M, M) vectors as columns with the given inner products (M, M); they stand for the gradients, in M dimensions."""
    values, axes = np.linalg.eigh(products)
    return np.asarray(np.sqrt(np.maximum(values, 0))[:, None] * axes.T)


def shortest(vectors: Weights) -> Weights:
    """(M,) shares u >= 0 that sum to one and minimise the length of the mixture V u of the columns of V (p, M).

    Two columns have a closed form. More are solved by non-negative least squares, |V x|^2 + s^2 (1' x - 1)^2: with x = t u and
    the best t, this is an increasing function of |V u| (Lawson, Hanson, "Solving Least Squares Problems", 1974, chapter 23).
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
    """(M,) coefficients c >= 0; V (target + c) is the vector nearest to V target with no negative product with a column of V.

    It is the projection onto the dual cone of the columns. By Moreau's theorem, the added part V c is the projection of -V target
    onto the cone itself, which is a non-negative least-squares problem.

    Args:
        vectors: V (p, M), the gradients as columns.
        target: (M,) coefficients.
    """
    scale = float(np.abs(vectors).max()) or 1.0
    found, _ = nnls(vectors / scale, -(vectors / scale) @ target)
    return np.asarray(found)
