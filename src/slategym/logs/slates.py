"""Conversion of logs of slates, as slategym writes them, to logs of impressions."""

from __future__ import annotations

import numpy as np

from slategym.logs.impressions import ImpressionLog
from slategym.logs.log import Log
from slategym.logs.schema import behaviour_column

BEHAVIOUR = behaviour_column("")


def impressions_of(log: Log, source: str = "the log") -> ImpressionLog:
    """Convert a log of slates to a log of impressions: delayed conversions move to their impressions, and steps are the time.

    Each column of the observation becomes a column of the context, such as "context_0" or "clock". Items keep their numbers.

    Args:
        log: a log with all columns.
        source: origin of the log, for messages.

    Raises:
        ValueError: a required column was not read.
    """
    joined = log.join_delayed()
    rows, ranks = joined["slate"].shape
    slate = np.repeat(np.arange(rows), ranks)

    def spread(name: str) -> np.ndarray:
        return np.repeat(joined[name], ranks)

    shopper_ids, shopper = np.unique(joined["shopper"], return_inverse=True)
    context = {}
    candidates = None
    item = joined["slate"].astype(np.int64).ravel()
    count = int(item.max(initial=-1)) + 1
    for name, (start, stop) in (joined.about.get("layout", {}) if "observation" in joined.columns else {}).items():
        if name == "candidates":
            offered = joined[name]
            candidates = (np.arange(rows + 1) * offered.shape[1], offered.ravel())
            count = max(count, int(offered.max(initial=-1)) + 1)
            continue
        for place in range(start, stop):
            column = name if stop == start + 1 else f"{name}_{place - start}"
            context[column] = np.repeat(joined["observation"][:, place].astype(np.float64), ranks)
    propensity = joined["propensity"].astype(np.float64).ravel()
    delay = joined["delay"].ravel()
    events = {"click": joined["clicks"].ravel(), "conversion": joined["conversions"].ravel()}
    for name in joined.columns:
        if name.startswith(BEHAVIOUR) and np.isin(joined[name], (0, 1)).all():
            events[name.removeprefix(BEHAVIOUR)] = joined[name].ravel() > 0
    return ImpressionLog(
        slate=slate,
        rank=np.tile(np.arange(ranks), rows),
        item=item,
        ids={"item": np.arange(count), "shopper": shopper_ids},
        events=events,
        propensity=None if np.isnan(propensity).any() else propensity,
        time=spread("step").astype(np.float64),
        shopper=shopper[slate],
        revenue=joined["revenue"].astype(np.float64).ravel(),
        delay=np.where(delay < 0, np.nan, delay),
        context=context,
        candidates=candidates,
        time_unit="steps",
        source=source,
    )
