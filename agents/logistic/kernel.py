"""Compiled loops of the logistic model over impressions and items."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from slategym.sim.kernel.functions import logistic

LEAST = 1e-6  # smallest distance of a probability from 0 and 1


@nb.njit(cache=True, nogil=True, error_model="numpy")
def answer_sums(
    context: Any,
    clock: Any,
    exposure: Any,
    row: Any,
    place: Any,
    category: Any,
    answers: Any,
    examined: Any,
    coefficients: Any,
    of_clock: Any,
    of_exposure: Any,
    slopes: Any,
    squares: Any,
    clock_slopes: Any,
    fisher: Any,
) -> Any:
    """Add up, over impressions, the gradient of the log-likelihood and the Fisher information of the logits.

    An answer is positive with probability examined x p, where only p depends on the logit.

    Args:
        context: (n, a) float32, of the shoppers.
        clock: (n, 2) float32, sine and cosine of the clock.
        exposure: (n, g) float32, or (n, 0).
        row: (i,) the shopper of each impression.
        place: (i,) the item of each impression, as a row of `coefficients`.
        category: (u,) the category of each item.
        answers: (i,) bool.
        examined: (i,) the probability that the item was examined.
        coefficients: (u, a) float32, the coefficients of the context for each item.
        of_clock: (2, g) float32, coefficients of the clock for each category.
        of_exposure: coefficient of the exposure.
        slopes: (u, a) float64; the gradient of each item's coefficients is added to it.
        squares: (u, a) float64; the information of each item's coefficients is added to it. (0, 0): not computed.
        clock_slopes: (2, g) float64; the gradient of the clock's coefficients is added to it.
        fisher: (i,) float32; receives the information of each impression.

    Returns:
        The gradient of the exposure's coefficient, the expected number of positive answers, and its variance.
    """
    pressed = expected = variance = 0.0
    exposed = exposure.shape[1] > 0
    # Unsigned indices avoid the check for negative indices; indexing the arrays directly creates no view of a row.
    columns, squared = np.uint64(context.shape[1]), len(squares) > 0
    for i in range(len(row)):
        who, item = np.uint64(row[i]), np.uint64(place[i])
        kind = np.uint64(category[item])
        logit = clock[who, 0] * of_clock[0, kind] + clock[who, 1] * of_clock[1, kind]
        if exposed:
            logit += of_exposure * exposure[who, kind]
        for column in range(columns):
            logit += context[who, column] * coefficients[item, column]
        p = 1 / (1 + np.exp(-np.float64(logit)))
        probability = min(max(examined[i] * p, LEAST), 1 - LEAST)
        residual = (answers[i] - probability) * (1 - p) / (1 - probability)
        information = probability * (1 - p) ** 2 / (1 - probability)
        fisher[i] = information
        expected += probability
        variance += probability * (1 - probability)
        for column in range(columns):
            slopes[item, column] += residual * context[who, column]
        if squared:
            for column in range(columns):
                squares[item, column] += information * context[who, column] * context[who, column]
        clock_slopes[0, kind] += residual * clock[who, 0]
        clock_slopes[1, kind] += residual * clock[who, 1]
        if exposed:
            pressed += residual * exposure[who, kind]
    return pressed, expected, variance


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_by_category(by_category: Any, category: Any, logits: Any) -> None:
    """Add the term of each item's category (m,), from the terms (n, g), to the logits (n, m)."""
    for row in range(logits.shape[0]):
        line, terms = logits[row], by_category[row]
        for item in range(len(line)):
            line[item] += terms[np.uint64(category[item])]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def add_spread(variance: Any, normals: Any, factor: Any, logits: Any) -> None:
    """Add factor x sqrt(variance) x normals, each (n, m), to the logits (n, m)."""
    for row in range(logits.shape[0]):
        line, squared, normal = logits[row], variance[row], normals[row]
        for item in range(len(line)):
            line[item] += factor * np.sqrt(squared[item]) * normal[item]


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def candidate_logits(
    context: Any, query: Any, by_category: Any, items: Any, features: Any, own: Any, category: Any, out: Any
) -> None:
    """Write the logits of the candidates into out (n, c), computed for the candidates alone.

    Args:
        context: (n, a) float32.
        query: (n, b) float32, the coefficients of the features for each shopper.
        by_category: (n, g) float32, a term for each category.
        items: (n, c) int64.
        features: (m, b) float32.
        own: (m, a) float32, the items' own coefficients.
        category: (m,) int64.
        out: (n, c) float32.
    """
    for row in range(items.shape[0]):
        x, asked = context[row], query[row]
        for number in range(items.shape[1]):
            item = items[row, number]
            feature, slopes = features[item], own[item]
            logit = by_category[row, category[item]]
            for column in range(len(feature)):
                logit += feature[column] * asked[column]
            for column in range(len(x)):
                logit += slopes[column] * x[column]
            out[row, number] = logit


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def candidate_variance(squares: Any, items: Any, prior: Any, information: Any, out: Any) -> None:
    """Write the variance of the candidates' own coefficients into out (n, c): squares (n, a) / (prior + information)."""
    for row in range(items.shape[0]):
        for number in range(items.shape[1]):
            known, total = information[items[row, number]], np.float32(0)
            for column in range(squares.shape[1]):
                total += squares[row, column] / np.float32(prior[column] + known[column])
            out[row, number] = total


@nb.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def answer_values(click: Any, conversion: Any, click_value: Any, conversion_value: Any, impression_value: Any) -> None:
    """Turn the logits of clicks (n, m) into the value of showing each item.

    Args:
        click: (n, m) float32, the logits of clicks; overwritten with the values.
        conversion: (n, m) float32, the logits of conversions after clicks.
        click_value: (1, m) or (n, m) float32, the value of a click.
        conversion_value: likewise of a conversion.
        impression_value: likewise of an impression.
    """
    for row in range(click.shape[0]):
        line, second = click[row], conversion[row]
        first = click_value[row if len(click_value) > 1 else 0]
        then = conversion_value[row if len(conversion_value) > 1 else 0]
        shown = impression_value[row if len(impression_value) > 1 else 0]
        for item in range(len(line)):
            line[item] = logistic(line[item]) * (first[item] + logistic(second[item]) * then[item]) + shown[item]
