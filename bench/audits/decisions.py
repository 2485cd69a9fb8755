"""Decisions by intervals: True, False, or None if the interval allows both answers."""

from __future__ import annotations

from collections.abc import Iterable

from slategym.bench.statistics import Estimate

Decision = bool | None


def below(estimate: Estimate, limit: float) -> Decision:
    """Whether an estimate lies below a limit; without an interval, the mean decides."""
    low, high = _ends(estimate)
    return True if high < limit else False if low >= limit else None


def at_most(estimate: Estimate, limit: float) -> Decision:
    """Whether an estimate is at most a limit; without an interval, the mean decides."""
    low, high = _ends(estimate)
    return True if high <= limit else False if low > limit else None


def negated(holds: Decision) -> Decision:
    """The opposite decision; None stays None."""
    return None if holds is None else not holds


def all_of(every: Iterable[Decision]) -> Decision:
    """Whether all decisions are True: False if one is False, else None if one is undecided."""
    found = list(every)
    return False if False in found else None if None in found else True


def _ends(estimate: Estimate) -> tuple[float, float]:
    if estimate.mean is None:
        raise ValueError("there is no mean: expected an estimate with a mean")
    return estimate.interval or (estimate.mean, estimate.mean)
