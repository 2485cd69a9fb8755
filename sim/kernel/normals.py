"""Float32 draws for agents, compiled to vector instructions: normals by the method of Box and Muller (1958), and Gumbels."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.philox import words

STRETCH = 512  # blocks whose words fit into the fastest cache
_MANTISSA, _BIAS = np.int32(23), np.int32(126)
_FRACTION, _HALF_BITS = np.int32(0x007FFFFF), np.int32(0x3F000000)
_TO_UNIT, _TO_TURN, _TO_OPEN = np.float32(2.0**-24), np.float32(2.0**-32), np.float32(2.0**-23)
_ONE, _HALF, _TWO, _ROOT_HALF = np.float32(1), np.float32(0.5), np.float32(2), np.float32(0.70710678)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_FOUR, _QUARTER, _CIRCLE = np.float32(4), np.float32(0.25), np.float32(2 * np.pi)
# Polynomials of the Cephes library (Moshier, 1984-2000): logf, sinf, cosf.
_L0, _L1, _L2 = np.float32(7.0376836292e-2), np.float32(-1.1514610310e-1), np.float32(1.1676998740e-1)
_L3, _L4, _L5 = np.float32(-1.2420140846e-1), np.float32(1.4249322787e-1), np.float32(-1.6668057665e-1)
_L6, _L7, _L8 = np.float32(2.0000714765e-1), np.float32(-2.4999993993e-1), np.float32(3.3333331174e-1)
_S0, _S1, _S2 = np.float32(-1.9515295891e-4), np.float32(8.3321608736e-3), np.float32(-1.6666654611e-1)
_C0, _C1, _C2 = np.float32(2.443315711809948e-5), np.float32(-1.388731625493765e-3), np.float32(4.166664568298827e-2)


@nb.njit(cache=True, inline="always")
def _logarithm(x: Any) -> Any:
    """The natural logarithm of a float32 above 0."""
    bits = np.float32(x).view(np.int32)
    power = np.float32((bits >> _MANTISSA) - _BIAS)
    m = np.int32((bits & _FRACTION) | _HALF_BITS).view(np.float32)  # in [1/2, 1)
    small = m < _ROOT_HALF
    power = power - _ONE if small else power
    m = m + m - _ONE if small else m - _ONE
    z = m * m
    y = ((((((((_L0 * m + _L1) * m + _L2) * m + _L3) * m + _L4) * m + _L5) * m + _L6) * m + _L7) * m + _L8) * m * z
    return m + (y + power * _LN2_LOW - _HALF * z) + power * _LN2_HIGH


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})
def _pairs(ones: Any, others: Any, first: Any, second: Any) -> None:
    """Write two normals for each pair of 32-bit words."""
    for entry in range(len(ones)):
        # Above 0, with 24 bits, as many as a float32 has.
        unit = np.float32(np.int32(ones[entry] >> np.uint32(8)) + np.int32(1)) * _TO_UNIT
        radius = np.sqrt(-_TWO * _logarithm(unit))
        turn = np.float32(np.int32(others[entry])) * _TO_TURN  # in [-1/2, 1/2]
        quadrant = np.floor(turn * _FOUR + _HALF)
        x = (turn - quadrant * _QUARTER) * _CIRCLE
        z = x * x
        sine = ((_S0 * z + _S1) * z + _S2) * z * x + x
        cosine = ((_C0 * z + _C1) * z + _C2) * z * z - _HALF * z + _ONE
        which = np.int32(quadrant) & np.int32(3)
        swap = (which & np.int32(1)) != np.int32(0)
        one, other = sine if swap else cosine, cosine if swap else sine
        first[entry] = radius * (-one if (which == np.int32(1)) | (which == np.int32(2)) else one)
        second[entry] = radius * (-other if which >= np.int32(2) else other)


@nb.njit(cache=True, nogil=True, error_model="numpy")
def fill_normals(key: Any, out: Any) -> None:
    """Write independent standard normals into out (4, count), a function of the key."""
    count, buffer = out.shape[1], np.empty((4, STRETCH), np.uint32)
    for start in range(0, count, STRETCH):
        width = min(STRETCH, count - start)
        for entry in range(width):
            buffer[0, entry], buffer[1, entry], buffer[2, entry], buffer[3, entry] = words(key, 0, 0, 0, start + entry)
        end = start + width
        _pairs(buffer[0, :width], buffer[1, :width], out[0, start:end], out[1, start:end])
        _pairs(buffer[2, :width], buffer[3, :width], out[2, start:end], out[3, start:end])


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def _gumbels(ones: Any, out: Any) -> None:
    """Write a standard Gumbel for each 32-bit word."""
    for entry in range(len(ones)):
        unit = (np.float32(np.int32(ones[entry] >> np.uint32(9))) + _HALF) * _TO_OPEN  # strictly between 0 and 1
        out[entry] = -_logarithm(-_logarithm(unit))


@nb.njit(cache=True, nogil=True, error_model="numpy")
def fill_gumbels(key: Any, out: Any) -> None:
    """Write independent standard Gumbels into out (4, count), a function of the key."""
    count, buffer = out.shape[1], np.empty((4, STRETCH), np.uint32)
    for start in range(0, count, STRETCH):
        width = min(STRETCH, count - start)
        for entry in range(width):
            buffer[0, entry], buffer[1, entry], buffer[2, entry], buffer[3, entry] = words(key, 0, 0, 0, start + entry)
        for word in range(4):
            _gumbels(buffer[word, :width], out[word, start : start + width])
