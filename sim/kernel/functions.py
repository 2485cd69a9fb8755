"""Functions of one number in plain arithmetic, so that the compiler turns a loop over them into vector instructions."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

_LOG2_E = np.float32(1.4426950408889634)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)  # their sum is the logarithm of 2
_LARGEST = np.float32(87)
_HALF, _ONE = np.float32(0.5), np.float32(1)
_MANTISSA, _BIAS = np.int32(23), np.int32(127)
# The polynomial of the Cephes library's expf (Moshier, 1984-2000) for exp(x) - 1 - x, over x**2.
_E0, _E1, _E2 = np.float32(1.9875691500e-4), np.float32(1.3981999507e-3), np.float32(8.3334519073e-3)
_E3, _E4, _E5 = np.float32(4.1665795894e-2), np.float32(1.6666665459e-1), np.float32(5.0000001201e-1)


@nb.njit(cache=True, error_model="numpy", fastmath={"contract"})
def exponential(x: Any) -> Any:
    """exp(x) in float32 for x in [-87, 87], to two units in the last place; other x are limited to this range."""
    x = min(max(x, -_LARGEST), _LARGEST)
    twos = np.floor(x * _LOG2_E + _HALF)
    x = x - twos * _LN2_HIGH - twos * _LN2_LOW
    y = ((((_E0 * x + _E1) * x + _E2) * x + _E3) * x + _E4) * x + _E5
    power = np.int32((np.int32(twos) + _BIAS) << _MANTISSA).view(np.float32)
    return (y * x * x + x + _ONE) * power


@nb.njit(cache=True, error_model="numpy", fastmath={"contract"})
def logistic(x: Any) -> Any:
    """1 / (1 + exp(-x)) in float32, to two units in the last place."""
    x = min(max(-x, -_LARGEST), _LARGEST)
    twos = np.floor(x * _LOG2_E + _HALF)
    x = x - twos * _LN2_HIGH - twos * _LN2_LOW
    y = ((((_E0 * x + _E1) * x + _E2) * x + _E3) * x + _E4) * x + _E5
    power = np.int32((np.int32(twos) + _BIAS) << _MANTISSA).view(np.float32)
    return _ONE / (_ONE + (y * x * x + x + _ONE) * power)


# The quantile of the standard normal is PPND7 (Wichura, Applied Statistics 37, 1988, algorithm AS 241): relative error 1e-7.


@nb.njit(cache=True, error_model="numpy")
def normal_middle(p: Any) -> Any:
    """The quantile of p, for p within 0.425 of 0.5."""
    q = p - 0.5
    r = 0.180625 - q * q
    above = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
    return q * above / (((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0)


@nb.njit(cache=True, error_model="numpy")
def normal_tail(p: Any) -> Any:
    """The quantile of other p between 0 and 1; slower, as it takes a logarithm and a root."""
    r = np.sqrt(-np.log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        size = ((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777
        size /= (0.12021132975 * r + 0.73700164250) * r + 1.0
    else:
        r -= 5.0
        size = ((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150
        size /= (0.012258202635 * r + 0.24197894225) * r + 1.0
    return -size if p < 0.5 else size
