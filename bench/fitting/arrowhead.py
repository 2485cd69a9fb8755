"""The curvature of a log posterior whose items interact only through common effects, and the sums that it needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slategym.bench.fitting.trials import Floats, Trials
from slategym.utils.short_repr import Brief


@dataclass(frozen=True, repr=False)
class Curvature(Brief):
    """The curvature of the log posterior, whose items interact only through the common effects (an arrowhead matrix).

    Attributes:
        covariance: (c, c) covariance of the common effects and of the places other than the reference.
        inverse: (m, p, p) covariance of an item's own effects given the common effects.
        slope: (m, p, c) how much an item's own effects decrease when the common effects increase.
    """

    covariance: Floats
    inverse: Floats
    slope: Floats


def by_item(trials: Trials, values: Floats) -> Floats:
    """(m, 1 + v) sums of values by item, and by item and level.

    Args:
        trials: g groups.
        values: (g,).
    """
    m, found = trials.items, [np.bincount(trials.item, values, trials.items)[:, None]]
    for size, level in zip(trials.sizes, trials.level.T, strict=True):
        found.append(np.bincount(trials.item * size + level, values, m * size).reshape(m, size))
    return np.concatenate(found, axis=1)


def crossed_with_places(trials: Trials, values: Floats) -> Floats:
    """(1 + v, places) sums of values by place, and by level and place.

    Args:
        trials: g groups.
        values: (g,).
    """
    found = [np.bincount(trials.place, values, trials.places)[None, :]]
    for size, level in zip(trials.sizes, trials.level.T, strict=True):
        found.append(np.bincount(level * trials.places + trials.place, values, size * trials.places).reshape(size, -1))
    return np.concatenate(found, axis=0)


def information(trials: Trials, weight: Floats, crossed: Floats, p: int) -> tuple[Floats, Floats]:
    """The information matrices of the effects of each item, and between these effects and places.

    Args:
        trials: g groups.
        weight: (g,) weights for pairs of effects.
        crossed: (g,) weights for pairs of an effect and a place.
        p: the number of own effects of an item: 1, or 1 + v.

    Returns:
        (m, 1 + v, 1 + v), or (1, 1 + v, 1 + v) summed over the items if p is 1; and (m, p, places).
    """
    m, size = (trials.items, 1 + trials.levels) if p > 1 else (1, 1 + trials.levels)
    item = trials.item if p > 1 else np.zeros(len(trials.item), np.int64)
    data = np.zeros((m, size, size))
    widths = [1, *trials.sizes]
    edges = np.concatenate([[0], np.cumsum(widths)])
    codes = [np.zeros(len(item), np.int64), *trials.level.T]
    for a, (wide, one) in enumerate(zip(widths, codes, strict=True)):
        left = (item * wide + one) if a else item
        for b in range(a, len(widths)):
            if b == a:
                sums = np.bincount(left, weight, m * wide).reshape(m, wide)
                block = np.zeros((m, wide, wide))
                block[:, np.arange(wide), np.arange(wide)] = sums
            else:
                crossing = np.bincount(left * widths[b] + codes[b], weight, m * wide * widths[b])
                block = np.asarray(crossing.reshape(m, wide, widths[b]), np.float64)
            data[:, edges[a] : edges[a + 1], edges[b] : edges[b + 1]] = block
            data[:, edges[b] : edges[b + 1], edges[a] : edges[a + 1]] = np.swapaxes(block, 1, 2)
    places = np.zeros((trials.items, p, trials.places))
    for a in range(len(widths) if p > 1 else 1):
        place = (trials.item * widths[a] + codes[a]) * trials.places + trials.place
        found = np.bincount(place, crossed, trials.items * widths[a] * trials.places)
        places[:, edges[a] : edges[a + 1]] = found.reshape(trials.items, widths[a], trials.places)
    return data, places


def uncertainty(curvature: Curvature, trials: Trials) -> Floats:
    """(g,) posterior standard deviations of the logits, for given common effects.

    Args:
        curvature: the curvature at the mode.
        trials: g groups.
    """
    inverse = curvature.inverse
    variance = inverse[trials.item, 0, 0]
    if inverse.shape[1] > 1:
        columns = 1 + trials.columns.T
        for a, one in enumerate(columns):
            variance = variance + 2 * inverse[trials.item, 0, one] + inverse[trials.item, one, one]
            for other in columns[a + 1 :]:
                variance += 2 * inverse[trials.item, one, other]
    return np.asarray(np.sqrt(np.maximum(variance, 0)))


def variances(curvature: Curvature) -> NDArray[np.float64]:
    """(m, p) the posterior variances of the items' own effects.

    Args:
        curvature: the curvature at the mode.
    """
    slope = curvature.slope
    through = ((slope @ curvature.covariance) * slope).sum(axis=2)
    return np.asarray(np.einsum("ipp->ip", curvature.inverse) + through)
