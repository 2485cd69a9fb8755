"""Shifts and scales the context, so that sums of squares in float32 keep their precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.normalizer import RunningNormalizer

FAR = 4.0  # largest distance of a framed column's mean from 0, in standard deviations
OFF = 16.0  # largest factor between a framed column's standard deviation and 1
LARGEST = 1e4  # largest absolute value of framed contexts


class ContextFrame:
    """Shifts and scales the columns of a context, so that each has a mean near 0 and a standard deviation near 1.

    A column whose values have all been equal so far is exactly 0. The frame (shift and scale) changes only if a column's mean or
    standard deviation is too far off, since all sums of framed contexts must then be mapped to the new frame.

    Args:
        columns: c, the number of columns.
    """

    def __init__(self, columns: int) -> None:
        self.seen = RunningNormalizer(columns)
        self.shift = np.zeros(columns)
        self.scale = np.ones(columns)

    def __call__(self, context: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, c) float32, the framed contexts (n, c), clipped to [-`LARGEST`, `LARGEST`]."""
        framed = (context - self.shift) * self.scale
        return np.clip(framed, -LARGEST, LARGEST, out=framed).astype(np.float32)

    def follow(self, context: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """Update the moments with contexts (n, c), before these are added to sums, and change the frame if necessary.

        Returns:
            (1 + c, 1 + c) float64, the map of [1, framed context] from the old frame to the new one; None if the frame has not
            changed, or was set for the first time.
        """
        new, seen = self.seen.count == 0, self.seen
        seen.update(context)
        varies = seen.low < seen.high
        spread = np.sqrt(seen.variance, out=np.ones_like(self.scale), where=varies)
        far = np.abs(seen.mean - self.shift) > FAR * spread
        off = np.abs(np.log2(spread * self.scale)) > np.log2(OFF)
        moved = new | (varies & (far | off))
        if not moved.any():
            return None
        centre = np.where(varies, seen.mean, seen.low)
        shift = np.where(moved, centre, self.shift)
        scale = np.where(moved, np.exp2(-np.round(np.log2(spread))), self.scale)  # powers of two change no digit
        carry = np.eye(len(shift) + 1)
        carry[1:, 1:] = np.diag(scale / self.scale)
        carry[1:, 0] = (self.shift - shift) * scale
        self.shift, self.scale = shift, scale
        return None if new else carry
