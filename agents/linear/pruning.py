"""Compiled selection of the slates with the highest scores; the costly part of a score is computed only where necessary."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

CERTAIN = np.float32(6.0)  # standard deviations, which a normal number exceeds with probability 2e-9
LANES = 16  # number of items whose rests are computed by one matrix product
GROUPS = 8  # groups of items per rank: with more groups, the bar is closer to the k-th highest lower bound
WIDTH = 32  # numbers per loop iteration with vector instructions
WORD = 8  # one-byte marks that are tested together
_LOWEST, _NOWHERE = np.float32(-np.inf), np.int64(2**62)
_LEAST, _SIGN, _BELOW_SIGN = np.int32(-(2**31)), np.int32(31), np.int32(0x7FFFFFFF)


@nb.njit(cache=True, nogil=True)
def _insert(value: Any, column: Any, ranked: Any, columns: Any) -> None:
    """Insert a value with its column among the highest so far; ties: lowest column first."""
    last = len(ranked) - 1
    if value < ranked[last] or (value == ranked[last] and column > columns[last]):
        return
    place = last
    while place > 0 and (value > ranked[place - 1] or (value == ranked[place - 1] and column < columns[place - 1])):
        ranked[place], columns[place] = ranked[place - 1], columns[place - 1]
        place -= 1
    ranked[place], columns[place] = value, column


@nb.njit(cache=True, nogil=True)
def _bar(score: Any, reach: Any, top: Any, ranked: Any) -> Any:
    """A lower bound of the k-th highest score - reach: the k-th highest of the maxima of groups.

    Float32 numbers are compared as integers of the same order, for which the compiler uses vector instructions.
    """
    top[:], ranked[:] = _LEAST, _LEAST
    for start in range(0, len(score), len(top)):
        value, less = score[start : start + len(top)], reach[start : start + len(top)]
        for group in range(len(value)):
            bits = np.float32(value[group] - less[group]).view(np.int32)
            top[group] = max(top[group], bits ^ ((bits >> _SIGN) & _BELOW_SIGN))
    last = len(ranked) - 1
    for group in range(len(top)):
        bits = top[group]
        if bits > ranked[last]:
            place = last
            while place > 0 and bits > ranked[place - 1]:
                ranked[place] = ranked[place - 1]
                place -= 1
            ranked[place] = bits
    bits = ranked[last]
    return np.int32(bits ^ ((bits >> _SIGN) & _BELOW_SIGN)).view(np.float32)


@nb.njit(cache=True, nogil=True)
def _reaching(score: Any, reach: Any, bar: Any, marks: Any, left: Any) -> Any:
    """Write the columns whose upper bounds reach the bar into `left`, and return their number."""
    for column in range(len(score)):
        marks[column] = score[column] + reach[column] >= bar
    words, some = marks.view(np.uint64), np.int64(0)
    for word in range(len(words)):
        if words[word]:
            for column in range(WORD * word, WORD * word + WORD):
                left[some] = column
                some += np.int64(marks[column])
    return some


@nb.njit(cache=True, nogil=True)
def _likely_first(score: Any, reach: Any, left: Any, count: int, ranked: Any, columns: Any) -> int:
    """Move the columns with the highest lower bounds, as many as `ranked` holds, to the front of `left`; return their number."""
    first = min(count, len(ranked))
    ranked[:], columns[:] = _LOWEST, _NOWHERE
    for place in range(count):
        _insert(score[left[place]] - reach[left[place]], left[place], ranked, columns)
    bar, tie, behind = ranked[first - 1], columns[first - 1], 0
    for place in range(count):
        column = left[place]
        low = score[column] - reach[column]
        if low < bar or (low == bar and column > tie):
            left[behind] = column
            behind += 1
    for place in range(behind):  # move the others to the end, last one first
        left[count - 1 - place] = left[behind - 1 - place]
    for end in range(first):
        left[end] = columns[end]
    return first


@nb.njit(cache=True, nogil=True)
def _still_reaching(score: Any, reach: Any, left: Any, start: int, count: int, bar: Any) -> int:
    """Keep the columns of `left` from `start` on whose upper bounds reach the bar; return their end."""
    end = start
    for place in range(start, count):
        column = left[place]
        left[end] = column
        end += score[column] + reach[column] >= bar
    return end


@nb.njit(cache=True, nogil=True)
def _space(count: int, k: int, a: int, b: int) -> Any:
    """Working arrays of `_best`, for slates of k of `count` items, a columns of context and b features."""
    marks = np.zeros((count + WORD - 1) // WORD * WORD, np.uint8)
    groups = (GROUPS * k + WIDTH - 1) // WIDTH * WIDTH
    bounds = np.empty(groups, np.int32), np.empty(k, np.int32), marks, np.empty(len(marks), np.int64)
    likely = np.empty(max(k, LANES), np.float32), np.empty(max(k, LANES), np.int64)
    return bounds, likely, np.zeros((LANES, b), np.float32), np.empty((a - 1, LANES), np.float32), np.empty(k, np.float32)


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _best(score: Any, reach: Any, items: Any, table: Any, centre: int, drawn: Any, space: Any, slate: Any) -> None:
    """Write the columns with the highest scores minus rests, best first, into a slate (k,).

    Args:
        score: (c,) the score of each column without its rest.
        reach: (c,) float32, upper bound of the absolute value of each rest.
        items: (c,) the item of each column.
        table: (m, ...) for each item its features (b), and from column `centre` on its centre (a).
        centre: first column of the centre.
        drawn: (a - 1, b) the drawn coefficients without the column of ones.
        space: the result of `_space`.
        slate: (k,) int64, written.
    """
    (top, bars, marks, left), (likely, columns), features, product, ranked = space
    count = _reaching(score, reach, _bar(score, reach, top, bars), marks, left)
    first = _likely_first(score, reach, left, count, likely, columns)
    ranked[:], slate[:] = _LOWEST, _NOWHERE
    start = 0
    while start < count:
        width = min(LANES, (first if start < first else count) - start)
        for lane in range(width):
            line, own = table[items[left[start + lane]]], features[lane]
            for column in range(len(own)):
                own[column] = line[column]
        np.dot(drawn, features.T, product)
        for lane in range(width):
            place, rest = left[start + lane], np.float32(0)
            line = table[items[place]]
            for column in range(product.shape[0]):
                rest += line[centre + 1 + column] * product[column, lane]
            _insert(score[place] - rest, place, ranked, slate)
        start += width
        if start == first:
            count = _still_reaching(score, reach, left, start, count, ranked[len(ranked) - 1])


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _press(score: Any, pressure: Any, kind: Any, last: Any, centre: Any) -> None:
    """Add to the scores (m,) the pressure term of each item's kind, minus the drawn coefficient times its centre."""
    for item in range(len(score)):
        score[item] += pressure[np.uint64(kind[item])] - last * centre[item]


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def _add_own(score: Any, intercept: Any, spread: Any, own: Any) -> None:
    """Add to the scores (m,) the intercepts and the items' own numbers times their spread."""
    for item in range(len(score)):
        score[item] = score[item] + intercept[item] + spread[item] * own[item]


@nb.njit(cache=True, nogil=True)
def best_of_all(
    scores: Any, own: Any, drawn: Any, pressure: Any, kind: Any, last: Any, items: Any, table: Any, shape: Any, slates: Any
) -> None:
    """Write the slates (n, k) of `HybridModel.drawn_slates` among all items.

    Args:
        scores: (n, m) the scores without intercepts, own numbers, pressure and rests; changed.
        own: (n, m) normals.
        drawn: (n, p) the drawn coefficients, times the scale.
        pressure: (n, g) the pressure term of each kind.
        kind: (m,) the kind of each item.
        last: (n,) the drawn coefficient of the pressure.
        items: arrays (m,): number, intercept, spread and bound of the rest of each item, and centre of its pressure.
        table: as for `best_of_candidates`.
        shape: a, b, u and the first column of the centres in the table.
        slates: (n, k) int64, written.
    """
    (a, b, pressed, centre), (number, intercept, spread, reach, pressed_centre) = shape, items
    space = _space(scores.shape[1], slates.shape[1], a, b)
    for row in range(scores.shape[0]):
        score = scores[row]
        if pressed:
            _press(score, pressure[row], kind, last[row], pressed_centre)
        _add_own(score, intercept, spread, own[row])
        _best(score, reach, number, table, centre, drawn[row, b : a * b].reshape(a - 1, b), space, slates[row])


@nb.njit(cache=True, nogil=True)
def _gather(table: Any, kind: Any, items: Any, lines: Any, kinds: Any) -> None:
    """Copy the lines and kinds of items; a separate loop, so that many memory accesses are in progress at once."""
    for place in range(len(items)):
        item = np.uint64(items[place])
        kinds[place] = kind[item]
        for column in range(lines.shape[1]):
            lines[place, column] = table[item, np.uint64(column)]


@nb.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def _dots(lines: Any, query: Any, drawn: Any, first: Any, second: Any) -> None:
    """Write the products of each line's features with the query (b,), and with the draw for the column of ones (>= b,)."""
    for place in range(len(lines)):
        one, other = np.float32(0), np.float32(0)
        for column in range(len(query)):
            one += lines[place, np.uint64(column)] * query[np.uint64(column)]
            other += lines[place, np.uint64(column)] * drawn[np.uint64(column)]
        first[place], second[place] = one, other


@nb.njit(cache=True, nogil=True, fastmath={"contract"})
def best_of_candidates(
    query: Any,
    drawn: Any,
    pressed: Any,
    pressure: Any,
    kind: Any,
    candidates: Any,
    own: Any,
    table: Any,
    weights: Any,
    shape: Any,
    scale: Any,
    slates: Any,
) -> None:
    """Write the slates (n, k) of `HybridModel.drawn_slates`, as positions among the candidates.

    Args:
        query: (n, b) the factors of an item's features.
        drawn: (n, p) the drawn coefficients, times the scale.
        pressed: (n,) the factor of the pressure.
        pressure: (n, g) the pressure of each kind of item.
        kind: (m,) the kind of each item.
        candidates: (n, C) items.
        own: (n, C) normals.
        table: (m, ...) for each item its features (b), spread, standard deviation of the rest, intercepts (M) and centre (a + u).
        weights: (M,) weights of the intercepts.
        shape: a, b, u and the first column of the centres in the table.
        scale: factor of own numbers and rests.
        slates: (n, k) int64, written.
    """
    (a, b, with_pressure, after), count = shape, candidates.shape[1]
    lines, kinds, number = np.empty((count, table.shape[1]), np.float32), np.empty(count, np.int64), np.arange(count)
    first, second = np.empty(count, np.float32), np.empty(count, np.float32)
    score, reach, space = np.empty(count, np.float32), np.empty(count, np.float32), _space(count, slates.shape[1], a, b)
    for row in range(candidates.shape[0]):
        _gather(table, kind, candidates[row], lines, kinds)
        _dots(lines, query[row], drawn[row], first, second)
        for place in range(count):
            value = first[place] - lines[place, after] * second[place] + scale * lines[place, b] * own[row, place]
            for objective in range(len(weights)):
                value += weights[objective] * lines[place, b + 2 + objective]
            if with_pressure:
                value += pressed[row] * pressure[row, np.uint64(kinds[place])] - drawn[row, a * b] * lines[place, after + a]
            score[place], reach[place] = value, CERTAIN * scale * lines[place, b + 1]
        _best(score, reach, number, lines, after, drawn[row, b : a * b].reshape(a - 1, b), space, slates[row])
