"""The Nash bargaining solution of multi-task learning: one direction from several gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from slategym.agents.policy_gradient.directions.quadratic import products_of
from slategym.agents.scalarizers.base import Weights

TOLERANCE = 1e-10  # of the residual, with the diagonal scaled to 1
STEPS = 100
LARGEST = 1e6  # largest weight with the diagonal scaled to 1; above it the iteration diverges


def nash_weights(gram: ArrayLike) -> Weights:
    """(M,) weights a > 0 of the gradients with G G' a = 1 / a; G' a maximises the product of the objectives' improvements.

    They minimise the convex function a' G G' a / 2 - sum log a (Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya,
    "Multi-Task Learning as a Bargaining Game", ICML 2022, equation 3). G G' is first scaled to a unit diagonal, so that the norms
    of the gradients may differ by any factor. Two gradients have a closed form, a_i = 1 / (|g_i| sqrt(1 + cos)); more gradients
    are solved by Newton's method with step halving.

    Args:
        gram: (M, M) the inner products G G' of the gradients.

    Raises:
        ValueError: `gram` is not a square matrix of finite numbers, a gradient is zero, or the gradients cancel, so that no
            direction improves all objectives.
    """
    products = products_of(gram)
    norms = np.sqrt(np.diag(products))
    if not (norms > 0).all():
        raise ValueError(f"gradient {int(np.argmin(norms))} is zero: leave it out, since no direction improves it")
    cosines = products / np.outer(norms, norms)
    scaled = _two(cosines[0, 1]) if len(norms) == 2 else _newton(cosines)
    return np.asarray(scaled / norms)


def _two(cosine: float) -> Weights:
    if cosine <= -1 + 1e-12:
        raise ValueError("the gradients cancel: no direction improves both")
    return np.full(2, 1 / np.sqrt(1 + cosine))


def _newton(cosines: Weights) -> Weights:
    def objective(a: Weights) -> float:
        return float(a @ cosines @ a / 2 - np.log(a).sum())

    a = np.ones(len(cosines))
    for _ in range(STEPS):
        gradient = cosines @ a - 1 / a
        if np.abs(gradient * a).max() < TOLERANCE:
            return a
        if a.max() > LARGEST:
            break
        step = np.linalg.solve(cosines + np.diag(a**-2.0), gradient)
        # Keep a positive, where the logarithm is defined, and reduce the objective.
        length = min(1.0, 0.99 / max(float((step / a).max()), 1e-300)) if (step > 0).any() else 1.0
        here, fall = objective(a), float(gradient @ step)
        while length > 1e-12 and objective(a - length * step) > here - 1e-4 * length * fall + 1e-14 * abs(here):
            length /= 2
        a = a - length * step
    raise ValueError("the gradients cancel, or nearly so: no direction improves all objectives")
