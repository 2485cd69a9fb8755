"""The problem of a log: what agents may know about its items and shoppers before they start."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from slategym.agents.problem import Problem
from slategym.logs.impressions import ImpressionLog
from slategym.logs.segments import Segments
from slategym.sim.layout import observation_layout
from slategym.sim.objectives.base import CLICK, CONVERSION
from slategym.utils.checked import checked
from slategym.utils.ranges import SlateSize

LEAST_FILLED = 0.95  # smallest share of the log's slates that fill all ranks of the problem
LEAST_SHARE, MOST_LEVELS = 0.05, 20  # smallest share of the items with a level that becomes a feature; largest number of levels
REVENUE = "revenue"


@checked
def problem_of(
    log: ImpressionLog,
    segments: Segments | None = None,
    items: ArrayLike | None = None,
    *,
    slate_size: SlateSize | None = None,
    longest_delay: int = 0,
) -> Problem:
    """The problem of a log, with its items, the segments of its shoppers as context, and its events as objectives.

    Args:
        log: a log of impressions.
        segments: the segments that form the context of an observation; None: there is no context.
        items: (m, d) features of the items; None: those of the log, with standardised numbers, and texts as 0 or 1.
        slate_size: k; None: the length of nearly all slates of the log (`usual_size`).
        longest_delay: the largest delay of a conversion, in steps, in the world that the agent will act in.

    Raises:
        ValueError: the features are not (m, d) finite numbers, or the log has neither clicks nor conversions.
    """
    count = log.items
    features = _features(log) if items is None else np.asarray(items)
    if features.ndim != 2 or len(features) != count or features.dtype.kind not in "fiub" or not np.isfinite(features).all():
        raise ValueError(f"items is {features.dtype} of shape {features.shape}: expected finite features ({count}, d)")
    objectives = [name for name in (CLICK, CONVERSION) if name in log.events]
    if not objectives:
        log.event(CLICK)  # raises the error
    weights, causes = [10.0 if name == CONVERSION else 1.0 for name in objectives], list(objectives)
    if log.revenue is not None:
        objectives, weights, causes = [*objectives, REVENUE], [*weights, 0.0], [*causes, CONVERSION]
    size = usual_size(log) if slate_size is None else slate_size
    if size > count:
        raise ValueError(f"slate_size is {size}: expected at most {count}, the items of {log.source}")
    return Problem(
        features=features.astype(np.float32),
        category=np.zeros(count, np.int64),
        price=_prices(log),
        margin=np.ones(count, np.float32),
        slate_size=size,
        layout=observation_layout(
            context=0 if segments is None else len(segments.names),
            categories=0,
            items=count,
            slate_size=size,
            longest_delay=longest_delay,
            counts_days=False,
            candidates=0,
        ),
        objective_names=tuple(objectives),
        longest_delay=longest_delay,
        bid=np.zeros(count, np.float32),
        weights=tuple(weights),
        causes=tuple(causes),
    )


def usual_size(log: ImpressionLog) -> int:
    """The largest number of first ranks that 95 % of a log's slates fill; 1 if the log has one row per slate.

    Args:
        log: a log of impressions.
    """
    if len(log) == log.slates:
        return 1
    filled = (log.shown.cumprod(axis=1) > 0).mean(axis=0)
    return max(int((filled >= LEAST_FILLED).sum()), 1)


def rows_by_slate(log: ImpressionLog, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of each slate of a log that fills the first k ranks; further ranks are omitted.

    In a log with one row per slate, this row counts as the first rank, whatever its rank in the log.

    Args:
        log: a log of impressions.
        size: k, the number of ranks.

    Returns:
        (n, k) numbers of rows, and (n,) numbers of slates.

    Raises:
        ValueError: no slate fills the first k ranks.
    """
    starts, length = log.starts[:-1], np.diff(log.starts)
    if size == 1 and len(log) == log.slates:
        return starts[:, None], np.arange(log.slates)
    slates = np.flatnonzero(length >= size)
    rows = starts[slates, None] + np.arange(size)
    filled = (log.rank[rows] == np.arange(size)).all(axis=1)
    if not filled.any():
        raise ValueError(f"no slate of {log.source} fills the first {size} ranks: expected slates of the problem's size")
    return rows[filled], slates[filled]


def _prices(log: ImpressionLog) -> NDArray[np.float32]:
    """(m,) the mean price paid for each item; the mean over all items if it was never paid for; 1 if the log has no revenue."""
    if log.revenue is None:
        return np.ones(log.items, np.float32)
    paid = log.revenue > 0
    if not paid.any():
        return np.ones(log.items, np.float32)
    times = np.bincount(log.item[paid], minlength=log.items)
    total = np.bincount(log.item[paid], log.revenue[paid], log.items)
    return np.where(times > 0, total / np.maximum(times, 1), log.revenue[paid].mean()).astype(np.float32)


def _features(log: ImpressionLog) -> NDArray[np.float64]:
    """(m, d) the features of a log's items."""
    columns = []
    for name, values in log.features.items():
        if name in log.ids:
            codes, counts = np.unique(values[values >= 0], return_counts=True)
            frequent = codes[np.argsort(-counts, kind="stable")][:MOST_LEVELS]
            columns += [values == code for code in frequent if (values == code).mean() >= LEAST_SHARE]
        else:
            numbers = np.asarray(values, np.float64)
            known = np.isfinite(numbers)
            spread = numbers[known].std() if known.any() else 0.0
            if spread > 0:
                columns.append(np.where(known, (numbers - numbers[known].mean()) / spread, 0.0))
    return np.stack(columns, axis=1).astype(np.float64) if columns else np.zeros((log.items, 0))
