"""The contribution of each round of a log to an estimate: the common return value of all estimators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.utils.short_repr import Brief, brief

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Terms(Brief):
    """Terms of n rounds; the estimate is a sum of ratios of sums, sum_g (sum_i top[i, g]) / (sum_i bottom[i, g]).

    A plain mean has one part (g = 1) and a bottom of ones; a self-normalised mean has the importance weights there. Intervals,
    the choice of options and sums over blocks of a log need only these terms.

    Attributes:
        top: (n, g, M) the numerators of each part and objective.
        bottom: (n, g) the denominators of each part; None for ones, which gives a plain mean.
        weight: (n, h) the importance weights as the estimator uses them, for the effective sample size; None if it has none.
    """

    top: Floats
    bottom: Floats | None = None
    weight: Floats | None = None

    def __post_init__(self) -> None:
        for name, array in (("bottom", self.bottom), ("weight", self.weight)):
            if array is not None and len(array) != len(self.top):
                raise ValueError(f"{name} has {len(array)} rounds: expected {len(self.top)}, the number of rounds of top")

    def __len__(self) -> int:
        return len(self.top)

    @property
    def value(self) -> Floats:
        """(M,) the estimate of each objective; NaN if a bottom adds up to 0."""
        if not len(self):
            return np.full(self.top.shape[2], np.nan)
        bottom = np.full(self.top.shape[1], float(len(self))) if self.bottom is None else self.bottom.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((self.top.sum(axis=0) / bottom[:, None]).sum(axis=0))


def numbers(name: str, values: ArrayLike) -> Floats:
    """Convert to an array of float64.

    Args:
        name: the name in error messages.
        values: numbers or bools, of any shape.

    Raises:
        ValueError: the values are something else.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} is {brief(values)}: expected an array of numbers")
    return array.astype(np.float64, copy=False)


def ratio(behaviour: ArrayLike, target: ArrayLike) -> Floats:
    """Importance weights target / behaviour; 0 where the logged propensity is 0 or unknown (NaN), which `Support` counts.

    Args:
        behaviour: probabilities of the logged choices under the logging policy, of any shape.
        target: their probabilities under the policy to evaluate, of the same shape.

    Raises:
        ValueError: the shapes differ.
    """
    below, above = numbers("behaviour", behaviour), numbers("target", target)
    if below.shape != above.shape:
        raise ValueError(f"target has shape {above.shape}: expected {below.shape}, the shape of behaviour")
    return np.divide(above, below, out=np.zeros(below.shape), where=below > 0)


def columns(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Rewards or predictions with a last axis of objectives, which is added if it is missing.

    Args:
        name: their name in error messages.
        values: an array of `shape`, or of `shape` and an axis of M objectives.
        shape: (n,) or (n, k).

    Returns:
        (*shape, M).

    Raises:
        ValueError: the shape is different.
    """
    array = numbers(name, values)
    if array.shape[: len(shape)] != shape or array.ndim > len(shape) + 1:
        raise ValueError(f"{name} has shape {array.shape}: expected {shape}, or {(*shape, 'M')} for M objectives")
    return array if array.ndim == len(shape) + 1 else array[..., None]


def cumulated(each: ArrayLike) -> Floats:
    """(n, k) the product of the weights of all choices down to each rank, or up to each step.

    Args:
        each: (n, k) the weight of each choice.
    """
    return np.cumprod(numbers("ratio", each), axis=1, dtype=np.float64)


def corrected(weight: Floats, reward: Floats, predicted: Floats, expected: Floats) -> Terms:
    """The terms of sum_l w_1:l (r_l - Q_l) + w_1:l-1 E[Q_l], for slates and episodes.

    Args:
        weight: (n, k) cumulative weights.
        reward: (n, k, M) rewards.
        predicted: (n, k, M) Q_l of the logged choice.
        expected: (n, k, M) its mean under the policy to evaluate.
    """
    before = np.concatenate([np.ones((len(weight), 1)), weight[:, :-1]], axis=1)
    values = weight[:, :, None] * (reward - predicted) + before[:, :, None] * expected
    return mean_of(np.asarray(values.sum(axis=1)), weight)


def mean_of(values: Floats, weight: Floats | None = None) -> Terms:
    """The terms of a plain mean.

    Args:
        values: (n, M) the contribution of each round.
        weight: (n,) or (n, h) importance weights.
    """
    return Terms(values[:, None], None, _columns_of(weight))


def normalised(values: Floats, weight: Floats, plain: Floats | None = None) -> Terms:
    """The terms of sum(values) / sum(weight), optionally with a plain mean that is added.

    Args:
        values: (n, M), or (n, g, M) for a sum of several ratios.
        weight: (n,), or (n, g) for several ratios.
        plain: (n, M), the values whose mean is added, or None.
    """
    top = values[:, None] if values.ndim == 2 else values
    bottom = weight[:, None] if weight.ndim == 1 else weight
    used = bottom
    if plain is not None:
        top = np.concatenate([plain[:, None], top], axis=1)
        bottom = np.concatenate([np.ones((len(plain), 1)), bottom], axis=1)
    return Terms(top, bottom, used)


def _columns_of(weight: Floats | None) -> Floats | None:
    return None if weight is None else weight if weight.ndim == 2 else weight[:, None]
