"""Compiled upper confidence bounds by the Kullback-Leibler divergence, and compiled draws from Beta distributions."""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any

import numba as nb
import numpy as np

STEPS = 50  # largest number of steps of Newton's method, which takes four or five
NEAR = 1e-12


@nb.njit(cache=True, nogil=True, error_model="numpy")
def kl_upper(rate: Any, width: Any, out: Any) -> None:
    """Write the largest q with kl(rate, q) <= width, for Bernoulli variables, into out (c,).

    kl(p, q) is convex in q, so Newton's method descends to the root from any point above it. It starts at the smaller of
    Pinsker's bound p + sqrt(width / 2) and 1 - exp(-(width + h(p)) / (1 - p)), where h is the entropy.

    Args:
        rate: (c,) float64 from 0 to 1.
        width: (c,) float64, 0 or larger.
        out: (c,) float64.
    """
    for arm in range(len(rate)):
        p, d = rate[arm], width[arm]
        if p >= 1 or d <= 0:
            out[arm] = p
            continue
        entropy = -(1 - p) * log(1 - p) - (p * log(p) if p > 0 else 0.0)
        q = min(p + sqrt(d / 2), 1 - exp(-(d + entropy) / (1 - p)))
        q = min(q, 1 - 1e-16)
        for _ in range(STEPS):
            excess = (p * log(p / q) if p > 0 else 0.0) + (1 - p) * log((1 - p) / (1 - q)) - d
            slope = (q - p) / (q * (1 - q))
            if excess <= NEAR or slope <= 0:
                break
            q -= excess / slope
        out[arm] = max(q, p)


@nb.njit(cache=True, inline="always")
def _uniform(state: Any) -> Any:
    """A float64 in (0, 1) from a counter (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014)."""
    z = state
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(12)) + 0.5) * 2.0**-52


@nb.njit(cache=True, inline="always")
def _gamma(shape: Any, normal: Any, state: Any) -> Any:
    """A Gamma variate, and the counter's next state (Marsaglia, Tsang, ACM TOMS 2000); the first normal variate is given."""
    step = np.uint64(0x9E3779B97F4A7C15)
    boost = 1.0
    if shape < 1:
        state += step
        boost = _uniform(state) ** (1 / shape)
        shape += 1.0
    d = shape - 1.0 / 3.0
    c = 1.0 / sqrt(9.0 * d)
    x = np.float64(normal)
    while True:
        v = 1.0 + c * x
        if v > 0:
            v = v * v * v
            state += step
            u = _uniform(state)
            square = x * x
            if u < 1.0 - 0.0331 * square * square or log(u) < 0.5 * square + d * (1.0 - v + log(v)):
                return d * v * boost, state
        state += step
        radius = sqrt(-2.0 * log(_uniform(state)))
        state += step
        x = radius * np.cos(2.0 * np.pi * _uniform(state))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def fill_betas(key: Any, successes: Any, failures: Any, normals: Any, out: Any) -> None:
    """Write Beta variates into out (n, c) float32.

    Args:
        key: uint64.
        successes: (n, c) float64, or (1, c) for all rows; above 0.
        failures: as `successes`.
        normals: (2, n, c) float32, standard normal.
        out: (n, c) float32.
    """
    rows, columns = out.shape
    for row in range(rows):
        of = row if len(successes) > 1 else 0
        for column in range(columns):
            state = key + np.uint64(row * columns + column) * np.uint64(0xD1342543DE82EF95)
            hit, state = _gamma(successes[of, column], normals[0, row, column], state)
            miss, state = _gamma(failures[of, column], normals[1, row, column], state)
            total = hit + miss
            # Both may underflow to 0 if both parameters are tiny: the result is then 0 or 1.
            out[row, column] = hit / total if total > 0 else np.float64(successes[of, column] > failures[of, column])
