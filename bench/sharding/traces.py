"""The record of a run in shards, put together from those of the shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from slategym.bench.execution.episodes import WholeEpisodes
from slategym.bench.execution.trace import Trace

Floats = NDArray[np.float64]


def joined_traces(traces: Sequence[Trace]) -> Trace:
    """The trace of all shoppers.

    Means are weighted by slates; a step takes as long as its slowest shard.

    Args:
        traces: of the shards, in their order, of as many steps each.
    """
    first = traces[0]
    evaluated = np.stack([trace.sample for trace in traces])
    return replace(
        first,
        slates=np.sum([trace.slates for trace in traces], axis=0),
        objectives=_means([trace.objectives for trace in traces], np.stack([trace.slates for trace in traces])),
        expected=_means([trace.expected for trace in traces], evaluated),
        best=_means([trace.best for trace in traces], evaluated),
        evaluated=evaluated.sum(axis=0),
        seconds=np.max([trace.seconds for trace in traces], axis=0),
        latency=np.max([trace.latency for trace in traces if trace.latency is not None], axis=0),
        episodes=_episodes([trace.episodes for trace in traces if trace.episodes is not None]),
        impressions=np.sum([trace.impressions for trace in traces if trace.impressions is not None], axis=0),
        segments=_segments([trace.segments for trace in traces if trace.segments is not None]),
    )


def _means(values: Sequence[Floats], counts: NDArray[np.int64]) -> Floats:
    """(t, M) the means of the shards' means (t, M), by how many slates (S, t) they are of; NaN where they are of none."""
    weight = counts[:, :, None]
    sums = (np.where(weight > 0, np.stack(values), 0.0) * weight).sum(axis=0)
    count = weight.sum(axis=0)
    return np.asarray(np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0))


def _episodes(parts: Sequence[WholeEpisodes]) -> WholeEpisodes | None:
    """All episodes by their ends, and those that end together by rows, as one process records them."""
    if not parts:
        return None
    names = ("start", "shopper", "length", "objectives", "left")
    start, shopper, length, objectives, left = (np.concatenate([getattr(part, name) for part in parts]) for name in names)
    order = np.lexsort((shopper % 2**32, start + length))
    return WholeEpisodes(start[order], shopper[order], length[order], objectives[order], left[order])


def _segments(parts: Sequence[Floats]) -> Floats | None:
    if not parts:
        return None
    made = np.zeros((max(map(len, parts)), parts[0].shape[1]))
    for part in parts:
        made[: len(part)] += part
    return made
