"""Slates of the highest scores, compiled: the costly part of the scores is computed only where it can matter."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

CERTAIN = np.float32(6.0)  # deviations: a normal number is beyond them with probability 2e-9
LANES = 16  # items whose rest is computed side by side
GROUPS = 8  # of items, for each rank: the more, the closer is the bar to the k-th highest bound
STRETCH = 32  # bounds that are compared with the bar side by side
_LOWEST, _NOWHERE = np.float32(-np.inf), np.int64(2**62)


@nb.njit(cache=True, nogil=True)
def _bar(low: Any, count: int, top: Any, ranked: Any, columns: Any) -> Any:
    """At most the k-th highest of the first `count` lower bounds: the k-th highest of the highest in each of some groups."""
    groups = min(count, len(top))
    for group in range(groups):
        top[group] = low[group]
    for start in range(groups, count, groups):
        for group in range(min(groups, count - start)):
            value = low[start + group]
            top[group] = value if value > top[group] else top[group]
    ranked[:], columns[:] = _LOWEST, _NOWHERE
    for group in range(groups):
        _insert(top[group], group, ranked, columns)
    return ranked[len(ranked) - 1]


@nb.njit(cache=True, nogil=True)
def _insert(value: Any, column: Any, ranked: Any, columns: Any) -> None:
    """Insert a value with its column among the highest so far; of equals the lowest column comes first."""
    last = len(ranked) - 1
    if value < ranked[last] or (value == ranked[last] and column > columns[last]):
        return
    place = last
    while place > 0 and (value > ranked[place - 1] or (value == ranked[place - 1] and column < columns[place - 1])):
        ranked[place], columns[place] = ranked[place - 1], columns[place - 1]
        place -= 1
    ranked[place], columns[place] = value, column


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _bounds(
    score: Any, own: Any, pressure: Any, kind: Any, last: Any, items: Any, column: int, scale: Any, low: Any, high: Any
) -> None:
    """Complete the scores (m,) but for their rests, and write what they are at least and at most."""
    _, centre, intercept, spread, rest = items
    if column > 0:
        for item in range(len(score)):
            score[item] += pressure[kind[item]] - last * centre[item, column]
    for item in range(len(score)):
        value = score[item] + intercept[item] + scale * spread[item] * own[item]
        reach = CERTAIN * scale * rest[item]
        score[item], low[item], high[item] = value, value - reach, value + reach


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _rests(drawn: Any, features: Any, centres: Any, product: Any, out: Any) -> None:
    """Write the rests of `LANES` items into out (LANES,).

    Args:
        drawn: (a - 1, b) the draw without the column of ones.
        features: (b, LANES) of the items.
        centres: (a - 1, LANES) of the items.
        product: (a - 1, LANES), overwritten.
        out: (LANES,), written.
    """
    np.dot(drawn, features, product)
    out[:] = 0
    for column in range(product.shape[0]):
        for lane in range(LANES):
            out[lane] += centres[column, lane] * product[column, lane]


@nb.njit(cache=True, nogil=True)
def _reaching(high: Any, count: int, bar: Any, left: Any) -> int:
    """Write the columns whose upper bounds reach the bar into `left`, and return how many there are."""
    some = 0
    for start in range(0, count, STRETCH):
        end = min(start + STRETCH, count)
        found = 0
        for column in range(start, end):
            found |= high[column] >= bar
        if found:
            for column in range(start, end):
                if high[column] >= bar:
                    left[some] = column
                    some += 1
    return some


@nb.njit(cache=True, nogil=True)
def _likely_first(low: Any, left: Any, count: int, ranked: Any, columns: Any) -> int:
    """Put those of the columns `left` first that have the highest lower bounds, as many as `ranked`; return how many."""
    first = min(count, len(ranked))
    ranked[:], columns[:] = _LOWEST, _NOWHERE
    for place in range(count):
        _insert(low[left[place]], left[place], ranked, columns)
    bar, tie, behind = ranked[first - 1], columns[first - 1], 0
    for place in range(count):
        column = left[place]
        if low[column] < bar or (low[column] == bar and column > tie):
            left[behind] = column
            behind += 1
    for place in range(behind):  # moved to the end, from the last one
        left[count - 1 - place] = left[behind - 1 - place]
    for end in range(first):
        left[end] = columns[end]
    return first


@nb.njit(cache=True, nogil=True)
def _still_reaching(high: Any, left: Any, start: int, count: int, bar: Any) -> int:
    """Keep those of the columns `left` from `start` on whose upper bounds reach the bar; return where they end."""
    end = start
    for place in range(start, count):
        left[end] = left[place]
        end += high[left[place]] >= bar
    return end


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
    features, centre = items[:2]
    low, high, top = np.empty(m, np.float32), np.empty(m, np.float32), np.empty(GROUPS * k, np.float32)
    ranked, left = np.empty(k, np.float32), np.empty(m, np.int64)
    of_features, of_centres = np.zeros((b, LANES), np.float32), np.zeros((a - 1, LANES), np.float32)
    product, rests = np.empty((a - 1, LANES), np.float32), np.empty(LANES, np.float32)
    likely, columns = np.empty(max(k, LANES), np.float32), np.empty(max(k, LANES), np.int64)
    for row in range(scores.shape[0]):
        score = scores[row]
        _bounds(score, own[row], pressure[row], kind, last[row], items, a if pressed else 0, scale, low, high)
        count = _reaching(high, m, _bar(low, m, top, ranked, slates[row]), left)
        first = _likely_first(low, left, count, likely, columns)
        ranked[:], slates[row, :] = _LOWEST, _NOWHERE
        start = 0
        while start < count:
            width = min(LANES, (first if start < first else count) - start)
            for lane in range(width):
                item = left[start + lane]
                for column in range(b):
                    of_features[column, lane] = features[item, column]
                for column in range(1, a):
                    of_centres[column - 1, lane] = centre[item, column]
            _rests(drawn[row, b : a * b].reshape(a - 1, b), of_features, of_centres, product, rests)
            for lane in range(width):
                item = left[start + lane]
                _insert(score[item] - rests[lane], item, ranked, slates[row])
            start += width
            if start == first:
                count = _still_reaching(high, left, start, count, ranked[k - 1])


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
    of_features, of_centres = np.zeros((b, LANES), np.float32), np.zeros((a - 1, LANES), np.float32)
    product, rests = np.empty((a - 1, LANES), np.float32), np.empty(LANES, np.float32)
    score = np.empty(count, np.float32)
    likely, columns = np.empty(max(k, LANES), np.float32), np.empty(max(k, LANES), np.int64)
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
        some = _reaching(high, count, _bar(low, count, top, ranked, slates[row]), left)
        first = _likely_first(low, left, some, likely, columns)
        ranked[:], slates[row, :] = _LOWEST, _NOWHERE
        start = 0
        while start < some:
            width = min(LANES, (first if start < first else some) - start)
            for lane in range(width):
                line = table[candidates[row, left[start + lane]]]
                for column in range(b):
                    of_features[column, lane] = line[column]
                for column in range(1, a):
                    of_centres[column - 1, lane] = line[after + column]
            _rests(drawn[row, b : a * b].reshape(a - 1, b), of_features, of_centres, product, rests)
            for lane in range(width):
                place = left[start + lane]
                _insert(score[place] - rests[lane], place, ranked, slates[row])
            start += width
            if start == first:
                some = _still_reaching(high, left, start, some, ranked[k - 1])
