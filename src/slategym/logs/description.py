"""What a log of impressions contains, what it lacks, and what it can be used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slategym.logs.impressions import ImpressionLog

FEW_CLICKS = 100  # with fewer clicks, the rates of items cannot be distinguished
ERRORS, ENOUGH = 5.0, 30  # a mean is reported as wrong beyond this many standard errors, from this many impressions


def describe_log(log: ImpressionLog) -> dict[str, Any]:
    """Describe what a log contains, in JSON values.

    Args:
        log: a log of impressions.

    Returns:
        `impressions`, `slates`, `items`, `slate_size` (least, mean and most), `ranks`; `shoppers`, `sessions` and `time`, None if
        unknown; `events`, each with `count` and `rate`; `revenue` per impression; `propensity` (least, largest, `uniform`, and
        `support`: for each rank the mean of 1 / propensity, which is the number of items that could be chosen); `context` and
        `features`, each with a description of its values; `columns` by meaning; `uses`, each with `use`, `command`, `possible`
        and `why`; `notes`: assumptions, and what looks wrong.
    """
    sizes = np.diff(log.starts)
    clicks = int(log.events["click"].sum()) if "click" in log.events else 0
    return {
        "source": log.source,
        "impressions": len(log),
        "slates": log.slates,
        "items": log.items,
        "slate_size": {"least": int(sizes.min()), "mean": float(sizes.mean()), "most": int(sizes.max())},
        "ranks": log.ranks,
        "shoppers": None if log.shopper is None else len(np.unique(log.shopper)),
        "sessions": None if log.session is None else len(np.unique(log.session)),
        "time": None if log.time is None else {"from": _when(log, log.time.min()), "to": _when(log, log.time.max())},
        "events": {name: {"count": int(event.sum()), "rate": float(event.mean())} for name, event in log.events.items()},
        "revenue": None if log.revenue is None else float(log.revenue.mean()),
        "propensity": _propensity(log),
        "context": {name: _values(log, name, values) for name, values in log.context.items()},
        "features": {name: _values(log, name, values) for name, values in log.features.items()},
        "columns": {role: list(names) for role, names in log.columns.items()},
        "uses": _uses(log, clicks),
        "notes": [*log.notes, *_doubts(log, clicks)],
    }


def _when(log: ImpressionLog, time: float) -> str:
    """A time as text."""
    if log.time_unit == "seconds" and 1e8 < time < 1e11:  # seconds since 1970
        return str(np.datetime64(round(time), "s")).replace("T", " ")
    return f"{time:g} {log.time_unit}"


def _propensity(log: ImpressionLog) -> dict[str, Any] | None:
    known = log.propensity if log.propensity is not None else log.joint_propensity
    if known is None:
        return None
    return {
        "of": "rank" if log.propensity is not None else "slate",
        "least": float(known.min()),
        "largest": float(known.max()),
        "uniform": is_uniform(log),
        "support": [float((1 / known[log.rank == rank]).mean()) for rank in np.unique(log.rank).tolist()],
    }


def is_uniform(log: ImpressionLog) -> bool:
    """Return whether all choices at a rank had the same probability.

    Args:
        log: a log of impressions.
    """
    known = log.propensity if log.propensity is not None else log.joint_propensity
    if known is None or not len(known) or log.candidates is not None:
        return False
    ranks = [known[log.rank == rank] for rank in np.unique(log.rank).tolist()]
    return all(np.ptp(rank) <= 1e-6 * rank.max() for rank in ranks)


def _values(log: ImpressionLog, name: str, values: NDArray[Any]) -> dict[str, Any]:
    """Describe the values of a column: the number of texts, or the range of numbers."""
    if values.dtype.kind == "i":
        return {"values": "texts", "different": len(np.unique(values[values >= 0]))}
    known = values[~np.isnan(values)]
    span = {"least": float(known.min()), "largest": float(known.max())} if len(known) else {}
    return {"values": "numbers", "different": len(np.unique(known)), "missing": int(len(values) - len(known)), **span}


def _uses(log: ImpressionLog, clicks: int) -> list[dict[str, Any]]:
    click, conversion = "click" in log.events, "conversion" in log.events
    chosen = log.propensity is not None or log.joint_propensity is not None
    no_click = "there are no clicks: name their column with --columns click=COLUMN"
    no_chance = "there are no propensities: name their column with --columns propensity=COLUMN, or log them"
    returns = log.shopper is not None and (log.time is not None or log.session is not None)
    several = log.shopper is not None and bool(np.bincount(log.shopper[log.starts[:-1]]).max(initial=0) > 1)
    rows: list[tuple[str, str, bool, str]] = [
        ("train agents on the log", "Agent.learn_log", click, "" if click else no_click),
        ("fit a world to the clicks", "slategym fit", clicks > 0, "" if clicks else no_click),
        (
            "fit conversions",
            "slategym fit",
            click and conversion,
            "" if conversion else "there are no conversions: name their column with --columns conversion=COLUMN",
        ),
        (
            "fit shoppers who leave and return",
            "slategym fit",
            returns and several,
            ""
            if returns and several
            else "no shopper has several slates with times: name the columns with --columns shopper=COLUMN,time=COLUMN",
        ),
        ("evaluate policies offline", "slategym evaluate", click and chosen, "" if chosen else no_chance),
        (
            "replay learning agents",
            "slategym replay",
            click and chosen,
            ("" if is_uniform(log) else "with propensity weights: choices were not equally likely") if chosen else no_chance,
        ),
    ]
    return [{"use": use, "command": command, "possible": possible, "why": why} for use, command, possible, why in rows]


def _doubts(log: ImpressionLog, clicks: int) -> list[str]:
    """What looks wrong, in sentences."""
    found = []
    if "click" in log.events and clicks < FEW_CLICKS:
        found.append(f"There are only {clicks} clicks: these are too few to distinguish the rates of items.")
    if "click" in log.events and "conversion" in log.events:
        unclicked = int((log.conversion & ~log.click).sum())
        if unclicked:
            found.append(f"{unclicked:,} impressions converted without a click, which is impossible in the worlds of slategym.")
    for name, event in log.events.items():
        if len(event) and (event.all() or not event.any()):
            found.append(f"{name} is {'1' if event.all() else '0'} in every row: is it the right column?")
    if log.delay is not None and "conversion" in log.events:
        lost = int((log.conversion & np.isnan(log.delay)).sum())
        if lost:
            found.append(f"{lost:,} conversions have no delay.")
    return found + _doubts_of_propensities(log)


def _doubts_of_propensities(log: ImpressionLog) -> list[str]:
    """At each rank, the mean of 1 / propensity is the number of items that could be chosen, which is at most m."""
    found: list[str] = []
    if log.propensity is None:
        return found
    for rank in np.unique(log.rank).tolist():
        inverse = 1 / log.propensity[log.rank == rank]
        mean, error = float(inverse.mean()), float(inverse.std() / np.sqrt(len(inverse)))
        if len(inverse) >= ENOUGH and mean - ERRORS * error > log.items * (1 + 1e-6):
            found.append(
                f"The propensities at rank {rank} are too small: the mean of 1 / propensity is {mean:,.1f}, expected at most "
                f"{log.items:,}, the number of items. Are they those of whole slates (joint_propensity)?"
            )
    return found


def sentences(described: Mapping[str, Any]) -> list[str]:
    """Describe a log in a few lines of text.

    Args:
        described: the result of `describe_log`.
    """
    size = described["slate_size"]
    sizes = f"{size['least']}" if size["least"] == size["most"] else f"{size['least']} to {size['most']}"
    found = [
        f"{described['impressions']:,} impressions of {described['items']:,} items, "
        f"in {described['slates']:,} slates of {sizes} at {described['ranks']} rank{'s' * (described['ranks'] > 1)}"
    ]
    people = [f"{described[name]:,} {name}" for name in ("shoppers", "sessions") if described[name] is not None]
    if people:
        found.append(" in ".join(people) if len(people) == 1 else f"{people[0]}, {people[1]}")
    if described["time"]:
        found.append(f"from {described['time']['from']} to {described['time']['to']}")
    found += [f"{name}: {event['count']:,} ({100 * event['rate']:.3g} %)" for name, event in described["events"].items()]
    if described["revenue"] is not None:
        found.append(f"revenue of {described['revenue']:.4g} per impression")
    chosen = described["propensity"]
    if chosen:
        same = "the same for every choice" if chosen["uniform"] else f"from {chosen['least']:.3g} to {chosen['largest']:.3g}"
        found.append(f"a propensity for each {chosen['of']}, {same}")
    else:
        found.append("no propensities")
    return found
