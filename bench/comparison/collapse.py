"""Runs in which an agent collapses: it ends far below what it had reached, or far below its other seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from slategym.bench.comparison.metrics import curves
from slategym.bench.execution.trace import Trace
from slategym.bench.statistics import meaningful

SHARE = 0.7  # of what it had reached, below which a run has collapsed
ERRORS = 6.0  # standard errors that the fall must exceed, so that noise is none
WINDOW = 10  # parts of a curve, about an eighth of the run


def has_collapsed(trace: Trace, weights: ArrayLike) -> bool:
    """Whether a run ends below 70 % of the best that it had, by more than noise.

    Args:
        trace: the run, of a fixed sum.
        weights: (M,).
    """
    value = curves(trace, np.asarray(weights, np.float64).tolist(), objectives=_names(trace))["value"]
    if len(value) < 3 * WINDOW:
        return False
    means = np.convolve(value, np.full(WINDOW, 1 / WINDOW), "valid")
    best, last = float(means.max()), float(means[-1])
    noise = float(np.abs(np.diff(value)).mean()) / np.sqrt(WINDOW)  # of a mean, from one part to the next
    return best > 0 and last < SHARE * best and best - last > ERRORS * noise


def collapsed_seeds(traces: Mapping[int, Trace], weights: ArrayLike) -> list[int]:
    """The seeds in which an agent collapses, or earns less than 70 % of the median of its seeds.

    There are none where gains and costs nearly cancel out, as a share of the value then means nothing (`statistics.meaningful`).

    Args:
        traces: by seed.
        weights: (M,), of the fixed sum.
    """
    mix = np.asarray(weights, np.float64)
    earned = np.mean([np.average(trace.objectives, axis=0, weights=trace.slates) for trace in traces.values()], axis=0)
    if not meaningful(earned, mix):
        return []
    values = {seed: float(np.average(trace.objectives, axis=0, weights=trace.slates) @ mix) for seed, trace in traces.items()}
    median = float(np.median(list(values.values())))
    low = {seed for seed, value in values.items() if 0 <= value < SHARE * median}
    return [seed for seed, trace in traces.items() if seed in low or has_collapsed(trace, mix)]


def _names(trace: Trace) -> dict[str, str]:
    names = [f"objective {number}" for number in range(trace.objectives.shape[1])]
    return dict(zip(names, names, strict=True))
