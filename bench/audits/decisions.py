"""What an interval decides: yes, no, or, where it holds both answers, None."""

from __future__ import annotations

from collections.abc import Iterable

from slategym.bench.statistics import Estimate

Decision = bool | None


def below(estimate: Estimate, limit: float) -> Decision:
    """Whether what was measured lies below a limit; by the mean alone where there is no interval."""
    low, high = _ends(estimate)
    return True if high < limit else False if low >= limit else None


def at_most(estimate: Estimate, limit: float) -> Decision:
    """Whether what was measured is no more than a limit."""
    low, high = _ends(estimate)
    return True if high <= limit else False if low > limit else None


def negated(holds: Decision) -> Decision:
    """No for yes, and undecided for undecided."""
    return None if holds is None else not holds


def all_of(every: Iterable[Decision]) -> Decision:
    """Whether all hold: no if one does not, and undecided if the others leave one open."""
    found = list(every)
    return False if False in found else None if None in found else True


def _ends(estimate: Estimate) -> tuple[float, float]:
    if estimate.mean is None:
        raise ValueError("there is no mean: expected an estimate of something")
    return estimate.interval or (estimate.mean, estimate.mean)
