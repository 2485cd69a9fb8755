"""Standardised columns of numbers, and numbers stored in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LARGEST = float(np.finfo(np.float32).max)


def centre_and_spread(values: ArrayLike) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of each column of values (n, ...), in float64.

    For a column of equal values, these are exactly that value and 0, for any size and number of values. For any other column the
    standard deviation is above 0.
    """
    columns = np.asarray(values, np.float64)
    low, high = columns.min(axis=0), columns.max(axis=0)
    # Powers of two change no digits, and keep the squares of very large and very small numbers within float64.
    exponent = np.frexp(np.maximum(np.abs(low), np.abs(high)))[1]
    scaled = np.ldexp(columns, -exponent)
    centre, spread = np.ldexp(scaled.mean(axis=0), exponent), np.ldexp(scaled.std(axis=0), exponent)
    equal = low == high  # by rounding, their deviation may be slightly above 0
    return np.where(equal, low, centre), np.where(equal, 0.0, spread)


def standardised(values: ArrayLike) -> Floats:
    """Columns (n, ...) with mean 0 and standard deviation 1, in float64; a column of equal values is exactly 0."""
    return standardised_as(values, values)


def standardised_as(values: ArrayLike, reference: ArrayLike) -> Floats:
    """Scale columns (n, ...) as `standardised` scales those of a reference (r, ...), in float64."""
    centre, spread = centre_and_spread(reference)
    return np.asarray((np.asarray(values, np.float64) - centre) / np.where(spread > 0, spread, 1.0))


def as_float32(name: str, values: Any, *, above_zero: bool = False) -> NDArray[np.float32]:
    """A new float32 array of finite numbers; numbers of float64 that are too large for float32 are refused.

    Args:
        name: name of the array, for the message.
        values: numbers of any shape.
        above_zero: whether each number must be above 0, also in float32, where very small numbers become 0.

    Raises:
        ValueError: a number is not finite, or not above 0; the message contains its place, its value and the range.
    """
    given = np.asarray(values)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        kept = np.array(given, np.float32)
    wrong = ~np.isfinite(kept)
    if above_zero:
        wrong |= ~(kept > 0)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(f"{name}{list(at) if at else ''} is {given[at]}: expected {within(above_zero)}")
    return kept


def within(above_zero: bool = False) -> str:
    """The range of float32, in words."""
    if above_zero:
        return f"a number above 0 in float32, from {float(np.finfo(np.float32).smallest_subnormal):.2g} to {LARGEST:.3g}"
    return f"a finite number in float32, from {-LARGEST:.3g} to {LARGEST:.3g}"
