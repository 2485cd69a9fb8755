"""Means over shoppers with their intervals, as the audit writes them down."""

from __future__ import annotations

from math import isfinite, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

Figure = dict[str, float | None]
LEVEL = 0.95


def figure(values: ArrayLike, per: ArrayLike | None = None, level: float = LEVEL) -> Figure:
    """`{"mean", "low", "high"}`: the mean over shoppers, or the ratio of two sums, with a 95 % interval.

    The interval is Student's; that of a ratio goes by its linearisation (Cochran, "Sampling Techniques", 1977, section 6.3),
    which is close from some thirty shoppers on. None where a number does not exist: the mean over nothing, the interval of one.

    Args:
        values: (n,), one a shopper.
        per: (n,) what the values are a share of; the figure is then sum(values) / sum(per).
        level: of the interval. Of several figures from which one is picked it is `together(count)`, so that the interval of
            whichever it is holds with 95 %.
    """
    top = np.asarray(values, np.float64)
    bottom = np.ones_like(top) if per is None else np.asarray(per, np.float64)
    unit = float(bottom.mean()) if len(top) else 0.0
    if unit == 0:
        return {"mean": None, "low": None, "high": None}
    mean = float(top.mean()) / unit
    if not isfinite(mean):
        return {"mean": None, "low": None, "high": None}
    return _about(mean, (top - mean * bottom) / abs(unit), level)


def difference(values: ArrayLike, per: ArrayLike, others: ArrayLike, others_per: ArrayLike) -> Figure:
    """sum(values) / sum(per) less sum(others) / sum(others_per), of the same n shoppers in the same order."""
    parts = [tuple(np.asarray(each, np.float64) for each in pair) for pair in ((values, per), (others, others_per))]
    if any(bottom.sum() == 0 for _, bottom in parts):
        return {"mean": None, "low": None, "high": None}
    ratios = [float(top.sum() / bottom.sum()) for top, bottom in parts]
    pulls = [(top - ratio * bottom) / bottom.mean() for ratio, (top, bottom) in zip(ratios, parts, strict=True)]
    return _about(ratios[0] - ratios[1], pulls[0] - pulls[1], LEVEL)


def together(count: int) -> float:
    """The level of each of `count` intervals that hold all at once with 95 % (Bonferroni), whatever they have in common."""
    return 1 - (1 - LEVEL) / count


def of(found: Figure, unit: float | None) -> Figure:
    """A figure in a unit, such as what it is a share of; without numbers where there is no unit."""
    if not unit:
        return {"mean": None, "low": None, "high": None}
    return {part: None if value is None else value / unit for part, value in found.items()}


def _about(mean: float, pulls: NDArray[np.float64], level: float) -> Figure:
    """The mean, and its interval by how much each shopper (n,) pulls at it."""
    count = len(pulls)
    if count < 2:
        return {"mean": mean, "low": None, "high": None}
    half = float(stdtrit(count - 1, (1 + level) / 2)) * float(pulls.std(ddof=1)) / sqrt(count)
    return {"mean": mean, "low": mean - half, "high": mean + half}
