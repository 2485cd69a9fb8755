"""Columns of numbers on one scale, and numbers that are kept in float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LARGEST = float(np.finfo(np.float32).max)


def centre_and_spread(values: ArrayLike) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of each column of values (n, ...), in float64.

    Of a column whose values are all equal they are that value and 0, exactly, whatever its size and however many they are. Of any
    other column the deviation is above 0.
    """
    columns = np.asarray(values, np.float64)
    low, high = columns.min(axis=0), columns.max(axis=0)
    # Powers of two change no digit, and keep squares of very large and very small numbers within float64.
    exponent = np.frexp(np.maximum(np.abs(low), np.abs(high)))[1]
    scaled = np.ldexp(columns, -exponent)
    centre, spread = np.ldexp(scaled.mean(axis=0), exponent), np.ldexp(scaled.std(axis=0), exponent)
    equal = low == high  # sums of equal numbers round, so their deviation may be a little above 0
    return np.where(equal, low, centre), np.where(equal, 0.0, spread)


def standardised(values: ArrayLike) -> Floats:
    """Columns (n, ...) with mean 0 and standard deviation 1, in float64; a column of equal values is exactly 0."""
    return standardised_as(values, values)


def standardised_as(values: ArrayLike, reference: ArrayLike) -> Floats:
    """Columns (n, ...) on the scale that `standardised` gives those of a reference (r, ...), in float64."""
    centre, spread = centre_and_spread(reference)
    return np.asarray((np.asarray(values, np.float64) - centre) / np.where(spread > 0, spread, 1.0))


def as_float32(name: str, values: Any, *, above_zero: bool = False) -> NDArray[np.float32]:
    """A fresh float32 array of finite numbers, checked as they are kept: what float64 holds may be too large for it.

    Args:
        name: of the array, for the message.
        values: numbers of any shape.
        above_zero: whether each must be above 0, also in float32, in which very small numbers are 0.

    Raises:
        ValueError: a number is not finite, or not above 0; the message has its row, its column, its value and the range.
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
    """What float32 holds, in words."""
    if above_zero:
        return f"a number above 0 in float32, from {float(np.finfo(np.float32).smallest_subnormal):.2g} to {LARGEST:.3g}"
    return f"a finite number in float32, from {-LARGEST:.3g} to {LARGEST:.3g}"
