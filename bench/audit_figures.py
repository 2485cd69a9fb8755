"""Means over shoppers with their intervals, as the audit writes them down."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

Figure = dict[str, float | None]
LEVEL = 0.95


def figure(values: ArrayLike, per: ArrayLike | None = None) -> Figure:
    """`{"mean", "low", "high"}`: the mean over shoppers, or the ratio of two sums, with a 95 % interval.

    The interval is Student's; that of a ratio goes by its linearisation (Cochran, "Sampling Techniques", 1977, section 6.3),
    which is close from some thirty shoppers on. None where a number does not exist: the mean over nothing, the interval of one.

    Args:
        values: (n,), one a shopper.
        per: (n,) what the values are a share of; the figure is then sum(values) / sum(per).
    """
    top = np.asarray(values, np.float64)
    bottom = np.ones_like(top) if per is None else np.asarray(per, np.float64)
    count, unit = len(top), float(bottom.mean()) if len(top) else 0.0
    if unit == 0:
        return {"mean": None, "low": None, "high": None}
    mean = float(top.mean()) / unit
    if count < 2 or not isfinite(mean):
        return {"mean": mean if isfinite(mean) else None, "low": None, "high": None}
    half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * float((top - mean * bottom).std(ddof=1)) / sqrt(count) / abs(unit)
    return {"mean": mean, "low": mean - half, "high": mean + half}
