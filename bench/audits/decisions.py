"""Decisions by intervals: yes, no, or None where the interval contains both answers."""

from __future__ import annotations

from collections.abc import Iterable

from slategym.bench.statistics import Estimate

Decision = bool | None


def below(estimate: Estimate, limit: float) -> Decision:
    """Whether an estimate lies below a limit; by the mean alone where there is no interval."""
    low, high = _ends(estimate)
    return True if high < limit else False if low >= limit else None


def at_most(estimate: Estimate, limit: float) -> Decision:
    """Whether an estimate is at most a limit; by the mean alone where there is no interval."""
    low, high = _ends(estimate)
    return True if high <= limit else False if low > limit else None


def negated(holds: Decision) -> Decision:
    """The opposite decision; None stays None."""
    return None if holds is None else not holds


def all_of(every: Iterable[Decision]) -> Decision:
    """Whether all hold: False if one does not, None if one is undecided."""
    found = list(every)
    return False if False in found else None if None in found else True


def _ends(estimate: Estimate) -> tuple[float, float]:
    if estimate.mean is None:
        raise ValueError("there is no mean: expected an estimate of something")
    return estimate.interval or (estimate.mean, estimate.mean)
