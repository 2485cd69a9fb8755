"""Slates of the highest scores, compiled: the costly part of the scores is computed only where it can matter."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

CERTAIN = np.float32(6.0)  # deviations: a normal number is beyond them with probability 2e-9
LANES = 32  # items whose rest is computed side by side
GROUPS = 8  # of items, for each rank: the more, the closer is the bar to the k-th highest bound
_LOWEST = np.float32(-np.inf)


@nb.njit(cache=True, nogil=True)
def _bar(low: Any, count: int, top: Any, ranked: Any) -> Any:
    """At most the k-th highest of the first `count` lower bounds: the k-th highest of the highest in each of some groups."""
    groups, k = min(count, len(top)), len(ranked)
    for group in range(groups):
        top[group] = low[group]
    for start in range(groups, count, groups):
        for group in range(min(groups, count - start)):
            value = low[start + group]
            top[group] = value if value > top[group] else top[group]
    ranked[:] = _LOWEST
    for group in range(groups):
        _insert(top[group], group, ranked, ranked, k)
    return ranked[k - 1]


@nb.njit(cache=True, nogil=True, inline="always")
def _insert(value: Any, column: Any, ranked: Any, columns: Any, k: int) -> None:
    """Insert a value among the k highest so far, behind those equal to it; `columns` may be `ranked` where none are wanted."""
    if value > ranked[k - 1]:
        place = k - 1
        while place > 0 and value > ranked[place - 1]:
            ranked[place] = ranked[place - 1]
            columns[place] = columns[place - 1]
            place -= 1
        columns[place] = column
        ranked[place] = value


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _bounds(score: Any, own: Any, pressure: Any, kind: Any, last: Any, items: Any, column: int, scale: Any, low: Any) -> None:
    """Complete the scores (m,) but for their rests, and write what they are at least into `low`."""
    _, centre, intercept, spread, rest = items
    if column > 0:
        for item in range(len(score)):
            score[item] += intercept[item] + scale * spread[item] * own[item] + pressure[kind[item]] - last * centre[item, column]
            low[item] = score[item] - CERTAIN * scale * rest[item]
    else:
        for item in range(len(score)):
            score[item] += intercept[item] + scale * spread[item] * own[item]
            low[item] = score[item] - CERTAIN * scale * rest[item]


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _rests(drawn: Any, a: int, b: int, features: Any, centres: Any, product: Any, out: Any) -> None:
    """Write the rests of `LANES` items, their features (b, LANES) and centres (a, LANES) given, into out (LANES,)."""
    for lane in range(LANES):
        out[lane] = 0
    for left in range(1, a):
        for lane in range(LANES):
            product[lane] = 0
        for right in range(b):
            factor = drawn[left * b + right]
            line = features[right]
            for lane in range(LANES):
                product[lane] += factor * line[lane]
        line = centres[left]
        for lane in range(LANES):
            out[lane] += line[lane] * product[lane]


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def best_of_all(
    scores: Any, own: Any, drawn: Any, pressure: Any, kind: Any, last: Any, items: Any, shape: Any, scale: Any, slates: Any
) -> None:
    """Write the slates (n, k) of `HybridModel.drawn_slates` among all items.

    Args:
        scores: (n, m) the scores but for intercepts, own numbers, pressure and rests; changed.
        own: (n, m) normals.
        drawn: (n, p) the drawn coefficients, times the scale.
        pressure: (n, g) what the pressure of each kind adds.
        kind: (m,) of each item.
        last: (n,) the drawn coefficient of the pressure.
        items: features (m, b), centres (m, a + u), intercepts, spreads and rests' deviations (m,).
        shape: a, b and u.
        scale: factor of own numbers and rests.
        slates: (n, k) int64, written.
    """
    (a, b, pressed), k, m = shape, slates.shape[1], scores.shape[1]
    features, centre, _, _, rest = items
    low, top, ranked = np.empty(m, np.float32), np.empty(GROUPS * k, np.float32), np.empty(k, np.float32)
    left = np.empty(m, np.int64)
    of_features, of_centres = np.zeros((b, LANES), np.float32), np.zeros((a, LANES), np.float32)
    product, rests = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for row in range(scores.shape[0]):
        score = scores[row]
        _bounds(score, own[row], pressure[row], kind, last[row], items, a if pressed else 0, scale, low)
        bar, count = _bar(low, m, top, ranked), 0
        for item in range(m):
            left[count] = item
            count += 2 * score[item] - low[item] >= bar  # the upper bound is as far above as the lower one is below
        ranked[:] = _LOWEST
        for start in range(0, count, LANES):
            width = min(LANES, count - start)
            for lane in range(width):
                item = left[start + lane]
                for column in range(b):
                    of_features[column, lane] = features[item, column]
                for column in range(1, a):
                    of_centres[column, lane] = centre[item, column]
            _rests(drawn[row], a, b, of_features, of_centres, product, rests)
            for lane in range(width):
                item = left[start + lane]
                _insert(score[item] - rests[lane], item, ranked, slates[row], k)


@nb.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def _cheap(line: Any, query: Any, drawn: Any, b: int) -> Any:
    """The features that an item's line begins with, times the query and times the draw for the column of ones."""
    first, second = np.float32(0), np.float32(0)
    for column in range(b):
        first += line[column] * query[column]
        second += line[column] * drawn[column]
    return first, second


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def best_of_candidates(
    query: Any,
    drawn: Any,
    pressed: Any,
    pressures: Any,
    candidates: Any,
    own: Any,
    table: Any,
    weights: Any,
    shape: Any,
    scale: Any,
    slates: Any,
) -> None:
    """Write the slates (n, k) of `HybridModel.drawn_slates`, positions among the candidates.

    Args:
        query: (n, b) the factors of an item's features.
        drawn: (n, p) the drawn coefficients, times the scale.
        pressed: (n,) the factor of the pressure.
        pressures: (n, C) of the candidates.
        candidates: (n, C) items.
        own: (n, C) normals.
        table: (m, ...) for each item its features (b), spread, deviation of the rest, intercepts (M), and centre (a + u).
        weights: (M,) of the intercepts.
        shape: a, b and u.
        scale: factor of own numbers and rests.
        slates: (n, k) int64, written.
    """
    (a, b, with_pressure), k, count = shape, slates.shape[1], candidates.shape[1]
    after = b + 2 + len(weights)
    low, high, top = np.empty(count, np.float32), np.empty(count, np.float32), np.empty(GROUPS * k, np.float32)
    ranked, left = np.empty(k, np.float32), np.empty(count, np.int64)
    of_features, of_centres = np.zeros((b, LANES), np.float32), np.zeros((a, LANES), np.float32)
    product, rests = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    score = np.empty(count, np.float32)
    for row in range(candidates.shape[0]):
        for place in range(count):
            line = table[candidates[row, place]]
            first, second = _cheap(line, query[row], drawn[row], b)
            value = first - line[after] * second + scale * line[b] * own[row, place]
            for objective in range(len(weights)):
                value += weights[objective] * line[b + 2 + objective]
            if with_pressure:
                value += pressed[row] * pressures[row, place] - drawn[row, a * b] * line[after + a]
            reach = CERTAIN * scale * line[b + 1]
            score[place], low[place], high[place] = value, value - reach, value + reach
        bar, some = _bar(low, count, top, ranked), 0
        for place in range(count):
            left[some] = place
            some += high[place] >= bar
        ranked[:] = _LOWEST
        for start in range(0, some, LANES):
            width = min(LANES, some - start)
            for lane in range(width):
                line = table[candidates[row, left[start + lane]]]
                for column in range(b):
                    of_features[column, lane] = line[column]
                for column in range(1, a):
                    of_centres[column, lane] = line[after + column]
            _rests(drawn[row], a, b, of_features, of_centres, product, rests)
            for lane in range(width):
                place = left[start + lane]
                _insert(score[place] - rests[lane], place, ranked, slates[row], k)
