"""Runs in which an agent collapses: it ends far below the value that it had reached, or far below its other seeds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from slategym.bench.comparison.metrics import curves
from slategym.bench.execution.trace import Trace
from slategym.bench.statistics import meaningful

SHARE = 0.7  # a run has collapsed if it ends below this share of the value that it had reached
ERRORS = 6.0  # and if the fall exceeds this number of standard errors, so that noise does not count
WINDOW = 10  # parts of a curve, about an eighth of the run


def has_collapsed(trace: Trace, weights: ArrayLike) -> bool:
    """Whether a run ends below 70 % of its best value, by more than noise.

    Args:
        trace: the run, with a fixed sum.
        weights: (M,), the weights of the objectives.
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

    The list is empty if gains and costs nearly cancel out, because shares of the value are then not `statistics.meaningful`.

    Args:
        traces: the runs by seed.
        weights: (M,), the weights of the fixed sum.
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
