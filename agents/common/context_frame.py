"""Context on a scale on which sums of squares in float32 keep their digits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slategym.agents.common.normalizer import RunningNormalizer

FAR = 4.0  # standard deviations: how far from 0 a framed column's mean may move
OFF = 16.0  # times: how far from 1 its deviation may be
LARGEST = 1e4  # what a context unlike any before is taken for, in either direction


class ContextFrame:
    """Moves and scales the columns of a context, so that each lies near 0 and about as far from it as 1.

    A column whose values have all been equal so far is exactly 0. The frame stays as it is for as long as it fits, since
    sums of framed contexts must be carried over into a new one.

    Args:
        columns: c.
    """

    def __init__(self, columns: int) -> None:
        self.seen = RunningNormalizer(columns)
        self.shift = np.zeros(columns)
        self.scale = np.ones(columns)

    def __call__(self, context: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, c) framed contexts, no number of them larger than `LARGEST`."""
        framed = (context - self.shift) * self.scale
        return np.clip(framed, -LARGEST, LARGEST, out=framed).astype(np.float32)

    def follow(self, context: NDArray[np.float32]) -> NDArray[np.float64] | None:
        """See contexts (n, c) that are about to be added to the sums, and change the frame where it does not fit any more.

        Returns:
            None if all stays as it is; otherwise (1 + c, 1 + c) the map of [1, framed context] from the frame before to this one.
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
