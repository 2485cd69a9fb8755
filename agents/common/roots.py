"""Inverse Cholesky factors of precision matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dtrtri

Floats = NDArray[np.floating]
SMALL = 64  # largest number of rows of a triangle that LAPACK inverts directly


def inverse_root(matrix: Floats) -> Floats:
    """The inverse of the lower Cholesky factor of a matrix that is positive definite up to rounding.

    Rounding may make the matrix indefinite, for example if columns are copies of each other and the ridge is small. In this case,
    a small number is added to the diagonal.

    Raises:
        LinAlgError: the matrix is not finite.
    """
    largest = float(np.diag(matrix).max())
    for more in (0.0, *np.logspace(-8, 0, 9)):
        try:
            return _inverse_of_triangle(np.linalg.cholesky(matrix + more * largest * np.eye(len(matrix)) if more else matrix))
        except np.linalg.LinAlgError:
            continue
    raise np.linalg.LinAlgError("the sums of the linear model are not finite")


def _inverse_of_triangle(lower: Floats) -> Floats:
    """The inverse of a lower triangular matrix by recursive halving; its matrix products are twice as fast as LAPACK's dtrtri."""
    if len(lower) <= SMALL:
        return np.asarray(dtrtri(lower, lower=1)[0])
    half = len(lower) // 2
    above, below = (_inverse_of_triangle(lower[part, part]) for part in (slice(half), slice(half, None)))
    inverse = np.zeros_like(lower)
    inverse[:half, :half], inverse[half:, half:] = above, below
    inverse[half:, :half] = -(below @ lower[half:, :half]) @ above
    return inverse
