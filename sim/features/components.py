"""Fewer dimensions: the principal components of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.checked import checked
from slategym.utils.ranges import Dimensions

NEGLIGIBLE = 1e-9  # share of the largest variance, below which a component is rounding


@checked
def principal_components(vectors: ArrayLike, size: Dimensions) -> NDArray[np.float32]:
    """The components of vectors along the directions of largest variance, those of the first with a standard deviation of one.

    The sign is such that the largest entry of each direction is above 0. In one thread, so that the numbers depend on nothing
    else (Jolliffe, "Principal component analysis", 2002).

    Args:
        vectors: (m, d).
        size: components at most; there are fewer where the vectors span fewer dimensions.

    Returns:
        (m, s) float32 with s at most `size`.

    Raises:
        ValueError: all vectors are equal.
    """
    from threadpoolctl import threadpool_limits

    given = np.asarray(vectors, np.float64)
    centred = given - given.mean(axis=0)
    with threadpool_limits(1):
        variances, directions = np.linalg.eigh(centred.T @ centred / max(len(given), 1))
        variances, directions = variances[::-1][:size], directions[:, ::-1][:, :size]
        largest = float(variances[0])
        if largest <= NEGLIGIBLE * float((given**2).mean() + np.finfo(np.float64).tiny):
            raise ValueError(f"the {len(given)} vectors are all equal: expected some that differ")
        directions = directions[:, variances > NEGLIGIBLE * largest]
        top = directions[np.argmax(np.abs(directions), axis=0), np.arange(directions.shape[1])]
        return np.asarray(centred @ (directions * np.sign(top)) / np.sqrt(largest), np.float32)
