"""SciPy functions that import SciPy when they are first called; its import takes half the time of `import slategym`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def expit(x: Floats) -> NDArray[Any]:
    """The logistic function, 1 / (1 + exp(-x))."""
    from scipy.special import expit as of_scipy

    found: NDArray[Any] = of_scipy(x)
    return found


def ndtri(p: NDArray[np.float64], out: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The quantile function of the standard normal distribution; written to `out` if given."""
    from scipy.special import ndtri as of_scipy

    found: NDArray[np.float64] = of_scipy(p, out=out)
    return found


def softmax(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares in proportion to exp(x), which add up to one."""
    from scipy.special import softmax as of_scipy

    found: NDArray[np.float64] = of_scipy(x)
    return found


def logsumexp(x: NDArray[np.float64]) -> float:
    """The logarithm of the sum of exp(x)."""
    from scipy.special import logsumexp as of_scipy

    return float(of_scipy(x))


def decreasing_fit(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The non-increasing sequence that is nearest to y by squares (isotonic regression)."""
    from scipy.optimize import isotonic_regression

    found: NDArray[np.float64] = isotonic_regression(y, increasing=False).x
    return found
