"""Reduction of dimensions: the principal components of vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.checked import checked
from slategym.utils.ranges import Dimensions

NEGLIGIBLE = 1e-9  # components with a smaller share of the largest variance are rounding errors


@checked
def principal_components(vectors: ArrayLike, size: Dimensions) -> NDArray[np.float32]:
    """Compute the components of vectors along the directions of largest variance, scaled so that the first has deviation 1.

    The sign is such that the largest entry of each direction is positive. It runs in one thread, so that the numbers do not
    depend on the number of threads (Jolliffe, "Principal component analysis", 2002).

    Args:
        vectors: (m, d).
        size: the largest number of components; there are fewer if the vectors span fewer dimensions.

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
